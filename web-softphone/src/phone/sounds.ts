// Sounds that the page makes itself: the ring (a wind bell, two soft notes) and the speaker's test sound. WebAudio, no files.

export interface Sounds {
  /** From a click: browsers let no page sound before one. Resolves soon, whether or not it worked: see `blocked`. */
  unlock(): Promise<void>;
  readonly blocked: boolean;
  ring(): void;
  stopRinging(): void;
  test(): void;
  setSpeaker(speakerId: string | undefined): Promise<void>;
}

const ringEveryMs = 2600;
const resumeWithinMs = 1000;

export function createSounds(): Sounds {
  let context: AudioContext | undefined;
  let ringTimer: ReturnType<typeof setInterval> | undefined;
  let speaker = '';

  function ready(): AudioContext {
    context ??= new AudioContext();
    return context;
  }

  /** A struck bell: a few partials that fade, none of them near the tones of a telephone line. */
  function strike(hz: number, afterSeconds: number, loudness: number): void {
    const audio = ready();
    const at = audio.currentTime + afterSeconds;
    for (const [partial, share] of [
      [1, 1],
      [2.76, 0.35],
      [5.4, 0.12],
    ] as const) {
      const oscillator = audio.createOscillator();
      const gain = audio.createGain();
      oscillator.frequency.value = hz * partial;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(loudness * share, at + 0.008);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 1.4 / partial);
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(at);
      oscillator.stop(at + 1.5);
    }
  }

  function chime(): void {
    strike(880, 0, 0.35);
    strike(1174.7, 0.22, 0.3);
    strike(880, 0.75, 0.25);
    strike(1174.7, 0.97, 0.2);
  }

  return {
    async unlock() {
      // Where the browser wants a click first, this would wait for one for ever.
      await Promise.race([ready().resume(), new Promise((resolve) => setTimeout(resolve, resumeWithinMs))]);
      await applySpeaker(ready(), speaker);
    },
    get blocked() {
      return context?.state === 'suspended';
    },
    ring() {
      if (ringTimer !== undefined) return;
      chime();
      ringTimer = setInterval(chime, ringEveryMs);
    },
    stopRinging() {
      clearInterval(ringTimer);
      ringTimer = undefined;
    },
    test() {
      strike(587.3, 0, 0.4);
      strike(880, 0.3, 0.4);
      strike(1174.7, 0.6, 0.4);
    },
    async setSpeaker(speakerId) {
      speaker = speakerId ?? '';
      if (context) await applySpeaker(context, speaker);
    },
  };
}

/** AudioContext.setSinkId is not in every browser; there the ring comes from the default speaker. */
async function applySpeaker(context: AudioContext, speaker: string): Promise<void> {
  const able = context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
  await able.setSinkId?.(speaker).catch(() => able.setSinkId?.(''));
}
