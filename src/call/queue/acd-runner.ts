// Runs the pure ACD: gives it the time, arms one timer for its next deadline, hands each effect to its handler, in order.
// An input given from inside a handler is applied after the effects that are still to come. This one is for a program that
// runs alone; cluster/shared-runner.ts runs the same machine on several nodes.

import type { Acd, AcdEffect, AcdInput } from '../../routing/acd/acd.ts';
import type { Clock, Timer } from '../../shared/clock.ts';

export interface AcdRunner {
  /** As far as this program knows. */
  readonly acd: Omit<Acd, 'apply'>;
  /**
   * Resolves once the input has been applied and its effects are carried out; false: it was impossible. Never rejects. Inputs
   * given one after the other are applied in that order.
   */
  apply(input: AcdInput): Promise<boolean>;
  close(): void;
}

/** `mine`: this program gave the input, so it tells the log what came of it. */
export type OnEffect = (effect: AcdEffect, mine: boolean) => void;

export function createAcdRunner(needs: { acd: Acd; clock: Clock; onEffect: OnEffect }): AcdRunner {
  const { acd, clock, onEffect } = needs;
  const inputs: { input: AcdInput; done: (accepted: boolean) => void }[] = [];
  let running = false;
  let timer: Timer | undefined;

  function arm(): void {
    timer?.cancel();
    const deadline = acd.nextDeadline();
    if (deadline === undefined) return;
    timer = clock.after(Math.max(0, deadline - clock.now()), () => void apply({ kind: 'tick' }));
  }

  function run(): void {
    if (running) return;
    running = true;
    try {
      for (let next = inputs.shift(); next; next = inputs.shift()) {
        const before = acd.ignoredInputs;
        for (const effect of acd.apply(next.input, clock.now())) onEffect(effect, true);
        next.done(acd.ignoredInputs === before);
      }
    } finally {
      running = false;
      arm();
    }
  }

  function apply(input: AcdInput): Promise<boolean> {
    return new Promise((done) => {
      inputs.push({ input, done });
      run();
    });
  }

  return { acd, apply, close: () => timer?.cancel() };
}
