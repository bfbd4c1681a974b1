// Runs the pure ACD: gives it the time, arms one timer for its next deadline, hands each effect to its handler, in order.
// An input given from inside a handler is applied after the effects that are still to come.

import type { Acd, AcdEffect, AcdInput } from '../routing/acd/acd.ts';
import type { Clock, Timer } from '../shared/clock.ts';

export interface AcdRunner {
  readonly acd: Acd;
  apply(input: AcdInput): void;
  close(): void;
}

export function createAcdRunner(needs: { acd: Acd; clock: Clock; onEffect: (effect: AcdEffect) => void }): AcdRunner {
  const { acd, clock, onEffect } = needs;
  const inputs: AcdInput[] = [];
  let running = false;
  let timer: Timer | undefined;

  function arm(): void {
    timer?.cancel();
    const deadline = acd.nextDeadline();
    if (deadline === undefined) return;
    timer = clock.after(Math.max(0, deadline - clock.now()), () => apply({ kind: 'tick' }));
  }

  function apply(input: AcdInput): void {
    inputs.push(input);
    if (running) return;
    running = true;
    try {
      for (let next = inputs.shift(); next; next = inputs.shift()) {
        for (const effect of acd.apply(next, clock.now())) onEffect(effect);
      }
    } finally {
      running = false;
      arm();
    }
  }

  return { acd, apply, close: () => timer?.cancel() };
}
