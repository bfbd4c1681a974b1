// A clock tick from a worker, because browsers slow the timers of tabs in the background to one a minute and a desk in the
// background must still keep its registration alive.

const listeners = new Set<() => void>();
let worker: Worker | undefined;

/** Calls back about every five seconds, in the background too. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  if (!worker) {
    worker = new Worker(new URL('./tick-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = () => {
      for (const each of [...listeners]) each();
    };
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    worker?.terminate();
    worker = undefined;
  };
}
