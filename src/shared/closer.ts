// Shutting down in reverse order of starting, without stopping at the first error.
// To be replaced by AsyncDisposableStack when Node 24 is the floor.

import { asError } from './errors.ts';

export interface Closer {
  /** Registers what undoes a start; runs last-in first-out. */
  add(name: string, close: () => void | Promise<void>): void;
  /** Runs every registered close once. Rejects with an AggregateError if any failed, after all have run. */
  close(): Promise<void>;
}

export function createCloser(onStep: (name: string) => void = () => {}): Closer {
  const steps: { name: string; close: () => void | Promise<void> }[] = [];
  let closing: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    const failures: Error[] = [];
    for (let step = steps.pop(); step; step = steps.pop()) {
      onStep(step.name);
      try {
        await step.close();
      } catch (thrown) {
        failures.push(new Error(`closing ${step.name} failed`, { cause: asError(thrown) }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }

  return {
    add: (name, close) => void steps.push({ name, close }),
    close: () => (closing ??= runAll()),
  };
}
