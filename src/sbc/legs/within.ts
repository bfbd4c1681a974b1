// A promise that is not waited for longer than it is worth.

import type { Clock } from '../../shared/clock.ts';

/** Resolves with `promise`, or with `otherwise` after `withinMs`. */
export function within<T>(clock: Clock, withinMs: number, promise: Promise<T>, otherwise: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(withinMs, () => resolve(otherwise));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
