// The sound of a recording: left is the customer, right the agent. Each side can be made louder than the other, and both be heard
// in the middle. Nothing leaves for a disk.

export interface Sound {
  /** -1: only the customer; 0: both; 1: only the agent. */
  setBalance(balance: number): void;
  /** True: one in each ear. */
  setApart(apart: boolean): void;
  /** Browsers let sound begin only after somebody pressed something. */
  resume(): Promise<void>;
  close(): void;
}

export function createSound(element: HTMLMediaElement): Sound {
  const context = new AudioContext();
  const source = context.createMediaElementSource(element);
  const splitter = context.createChannelSplitter(2);
  source.connect(splitter);
  const sides = ([0, 1] as const).map((side) => {
    const gain = context.createGain();
    const panner = context.createStereoPanner();
    splitter.connect(gain, side).connect(panner).connect(context.destination);
    return { gain, panner };
  });
  return {
    setBalance(balance) {
      sides[0]!.gain.gain.value = Math.min(1, 1 - balance);
      sides[1]!.gain.gain.value = Math.min(1, 1 + balance);
    },
    setApart(apart) {
      sides[0]!.panner.pan.value = apart ? -1 : 0;
      sides[1]!.panner.pan.value = apart ? 1 : 0;
    },
    resume: () => context.resume(),
    close: () => void context.close(),
  };
}
