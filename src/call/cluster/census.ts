// Looks at regular times for what is wrong, and acts only on what was wrong at the look before, too: what is merely under way
// is left alone. Knows nothing of what it looks at.

import type { Clock, Timer } from '../../shared/clock.ts';

export interface Census {
  close(): void;
}

export function createCensus(needs: {
  clock: Clock;
  everyMs: number;
  /** Asks about everything that is wrong; true: it was at the look before. */
  look(wrongBefore: (what: string) => boolean): void;
}): Census {
  let before = new Set<string>();

  function look(): void {
    const wrong = new Set<string>();
    needs.look((what) => {
      wrong.add(what);
      return before.has(what);
    });
    before = wrong;
  }

  const timer: Timer = needs.clock.every(needs.everyMs, look);
  return { close: () => timer.cancel() };
}
