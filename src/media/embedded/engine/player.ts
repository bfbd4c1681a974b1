// Plays samples to one party, 20 ms at a time, in time even while nobody listens to it.
// Ends exactly once: finished, or stopped.

export const frameSamples = 160;

export class Player {
  readonly over: boolean;
  /** Played as what the party itself says; the engine connects it to itself. */
  readonly echo: boolean;
  private readonly samples: Int16Array;
  private readonly loop: boolean;
  private at = 0;
  private onEnded: ((how: 'finished' | 'stopped') => void) | undefined;

  constructor(
    what: { samples: Int16Array; loop: boolean; over: boolean; echo?: boolean },
    onEnded: (how: 'finished' | 'stopped') => void,
  ) {
    this.samples = what.samples;
    this.loop = what.loop && what.samples.length > 0;
    this.over = what.over;
    this.echo = what.echo ?? false;
    this.onEnded = onEnded;
  }

  get ended(): boolean {
    return this.onEnded === undefined;
  }

  /** The next frame is added to `into`; after the last one the player has finished. */
  addTo(into: Int16Array): void {
    if (this.echo || this.ended) return;
    for (let i = 0; i < frameSamples; i++) {
      if (this.at >= this.samples.length) {
        if (!this.loop) break;
        this.at = 0;
      }
      into[i] = Math.max(-32768, Math.min(32767, into[i]! + this.samples[this.at++]!));
    }
    if (this.at >= this.samples.length && !this.loop) this.end('finished');
  }

  stop(): void {
    this.end('stopped');
  }

  private end(how: 'finished' | 'stopped'): void {
    const tell = this.onEnded;
    this.onEnded = undefined;
    tell?.(how);
  }
}
