// Whose offer is open in a dialog (RFC 3264 §4: one at a time). Ours queue behind each other and behind theirs.
//
//   free → ours  (beginOurs)    → free (finishOurs)
//   free → theirs (beginTheirs) → free (finishTheirs)

import type { Clock } from '../../shared/clock.ts';

export interface OfferTurns {
  readonly ours: boolean;
  readonly theirs: boolean;
  /** Resolves true when it is our turn (which then is taken), false when the dialog closed meanwhile. */
  beginOurs(): Promise<boolean>;
  finishOurs(): void;
  beginTheirs(): void;
  finishTheirs(): void;
  /** Lets those who wait know that there is no more turn. */
  close(): void;
  /** Resolves when `probe` holds, at the latest after `withinMs`. */
  until(clock: Clock, withinMs: number, probe: () => boolean): Promise<void>;
}

export function createOfferTurns(): OfferTurns {
  let ours = false;
  let theirs = false;
  let closed = false;
  const waiting: ((mayOffer: boolean) => void)[] = [];

  function next(): void {
    if (ours || theirs || closed) return;
    const first = waiting.shift();
    if (!first) return;
    ours = true;
    first(true);
  }

  return {
    get ours() {
      return ours;
    },
    get theirs() {
      return theirs;
    },
    beginOurs() {
      if (closed) return Promise.resolve(false);
      return new Promise((resolve) => {
        waiting.push(resolve);
        next();
      });
    },
    finishOurs() {
      ours = false;
      next();
    },
    beginTheirs() {
      theirs = true;
    },
    finishTheirs() {
      theirs = false;
      next();
    },
    close() {
      closed = true;
      for (const one of waiting.splice(0)) one(false);
    },
    until(clock, withinMs, probe) {
      return new Promise((resolve) => {
        const deadline = clock.now() + withinMs;
        const timer = clock.every(20, () => {
          if (!probe() && clock.now() < deadline) return;
          timer.cancel();
          resolve();
        });
      });
    },
  };
}
