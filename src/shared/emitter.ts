// A typed emitter whose listeners cannot break the emitter: what a listener throws goes to `onListenerError`.
// Listeners run synchronously, in the order in which they were added.

import { asError } from './errors.ts';

export type Unsubscribe = () => void;

export interface Listenable<Events extends object> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe;
  once<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe;
}

export interface Emitter<Events extends object> extends Listenable<Events> {
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
  clear(): void;
}

export function createEmitter<Events extends object>(
  onListenerError: (error: Error, eventName: string) => void = reportUnhandled,
): Emitter<Events> {
  const listeners = new Map<keyof Events, Set<(event: never) => void>>();

  function on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
    const set = listeners.get(name) ?? new Set();
    listeners.set(name, set);
    set.add(listener as (event: never) => void);
    return () => void set.delete(listener as (event: never) => void);
  }

  return {
    on,
    once(name, listener) {
      const off = on(name, (event) => {
        off();
        listener(event);
      });
      return off;
    },
    emit(name, event) {
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          (listener as (event: unknown) => void)(event);
        } catch (thrown) {
          onListenerError(asError(thrown), String(name));
        }
      }
    },
    clear: () => listeners.clear(),
  };
}

/** A listener's fault surfaces as an unhandled rejection, so it is seen, but the emitter goes on. */
function reportUnhandled(error: Error): void {
  void Promise.reject(error);
}
