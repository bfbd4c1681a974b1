// Microphones and speakers: which there are, which are chosen, what went away. Choices last as long as the tab
// (session-flag.ts), because a headset that was right before a reload is right after it.

import { createStore, type Store } from '../state/store.ts';
import type { PhoneDevices } from './phone-engine.ts';

export interface DeviceChoice {
  id: string;
  label: string;
}

export type MicrophoneProblem = 'denied' | 'none' | 'busy' | 'insecure' | 'unknown';

export interface DevicesState {
  microphones: DeviceChoice[];
  speakers: DeviceChoice[];
  chosen: PhoneDevices;
  /** Whether the browser lets a page choose the speaker. */
  speakerChoosable: boolean;
  problem: MicrophoneProblem | undefined;
  /** A chosen device went away; its name. */
  lost: string | undefined;
}

export interface Devices {
  store: Store<DevicesState>;
  /** Asks for the microphone; the caller stops the stream. Undefined: `problem` says why. */
  openMicrophone(): Promise<MediaStream | undefined>;
  choose(change: Partial<PhoneDevices>): void;
  refresh(): Promise<void>;
  close(): void;
}

export function createDevices(initial: PhoneDevices, onChosen: (chosen: PhoneDevices) => void): Devices {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  const store = createStore<DevicesState>({
    microphones: [],
    speakers: [],
    chosen: initial,
    speakerChoosable: 'setSinkId' in HTMLMediaElement.prototype,
    problem: media ? undefined : 'insecure',
    lost: undefined,
  });

  function choose(change: Partial<PhoneDevices>): void {
    const chosen = { ...store.get().chosen, ...change };
    store.set({ chosen, lost: undefined });
    onChosen(chosen);
  }

  async function refresh(): Promise<void> {
    if (!media) return;
    const before = store.get();
    const all = await media.enumerateDevices();
    const of = (kind: MediaDeviceKind) =>
      all
        .filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'default')
        .map((device) => ({ id: device.deviceId, label: device.label }));
    const microphones = of('audioinput');
    const speakers = of('audiooutput');
    store.set({ microphones, speakers });
    // Before a microphone was allowed, devices have no ids: nobody can say then which one went away.
    if (all.some((device) => device.deviceId === '')) return;
    const gone = (id: string | undefined, now: DeviceChoice[], then: DeviceChoice[]) =>
      id !== undefined && !now.some((device) => device.id === id)
        ? (then.find((device) => device.id === id)?.label ?? '')
        : undefined;
    const microphone = gone(before.chosen.microphoneId, microphones, before.microphones);
    const speaker = gone(before.chosen.speakerId, speakers, before.speakers);
    if (microphone !== undefined) choose({ microphoneId: undefined });
    if (speaker !== undefined) choose({ speakerId: undefined });
    if (microphone !== undefined || speaker !== undefined) store.set({ lost: microphone ?? speaker });
  }

  const onChange = () => void refresh();
  media?.addEventListener('devicechange', onChange);

  return {
    store,
    choose,
    refresh,
    async openMicrophone() {
      if (!media) return undefined;
      const { microphoneId } = store.get().chosen;
      try {
        const audio = microphoneId ? { deviceId: { ideal: microphoneId } } : true;
        const stream = await media.getUserMedia({ audio });
        store.set({ problem: undefined });
        // Names of devices are told only once a microphone was allowed.
        await refresh();
        return stream;
      } catch (thrown) {
        store.set({ problem: problemOf(thrown as DOMException) });
        return undefined;
      }
    },
    close: () => media?.removeEventListener('devicechange', onChange),
  };
}

export function problemOf({ name }: { name: string }): MicrophoneProblem {
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'unknown';
}
