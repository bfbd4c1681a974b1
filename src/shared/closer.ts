// Shutting down in reverse order of starting, without stopping at the first error, nor at a step that does not come to its end.
// To be replaced by AsyncDisposableStack when Node 24 is the floor.

import { asError } from './errors.ts';

export interface Closer {
  /** Registers what undoes a start; runs last-in first-out. It is not waited for longer than `withinMs` (10 s). */
  add(name: string, close: () => void | Promise<void>, withinMs?: number): void;
  /** Runs every registered close once. Rejects with an AggregateError if any failed, after all have run. */
  close(): Promise<void>;
}

const defaultWithinMs = 10_000;

export function createCloser(onStep: (name: string) => void = () => {}): Closer {
  const steps: { name: string; close: () => void | Promise<void>; withinMs: number }[] = [];
  let closing: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    const failures: Error[] = [];
    for (let step = steps.pop(); step; step = steps.pop()) {
      onStep(step.name);
      try {
        await inTime(step.close(), step.withinMs);
      } catch (thrown) {
        failures.push(new Error(`closing ${step.name} failed`, { cause: asError(thrown) }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }

  return {
    add: (name, close, withinMs = defaultWithinMs) => void steps.push({ name, close, withinMs }),
    close: () => (closing ??= runAll()),
  };
}

/** The timer keeps the process alive: what else did may be closed by now. */
async function inTime(work: void | Promise<void>, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it takes longer than ${withinMs} ms`)), withinMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
