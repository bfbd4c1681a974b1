// Which application gets a request: those that routed the verb take turns, a turn counter per verb.
// Pure. One `route` gives one slot, so an application that routes a verb twice gets two turns.

import type { Application } from './application.ts';

export interface Routes {
  add(application: Application, verb: string): void;
  remove(application: Application, verb: string): void;
  /** Drops everything of an application that is gone. */
  forget(application: Application): void;
  /** The application whose turn it is. */
  next(verb: string): Application | undefined;
  /** Any application that gave itself this tag, taking turns. */
  tagged(tag: string): Application | undefined;
  authenticated(application: Application): void;
  readonly applications: ReadonlySet<Application>;
}

export function createRoutes(): Routes {
  const slots = new Map<string, Application[]>();
  const turns = new Map<string, number>();
  const applications = new Set<Application>();

  function takeTurn(key: string, candidates: Application[]): Application | undefined {
    if (candidates.length === 0) return undefined;
    const turn = turns.get(key) ?? 0;
    turns.set(key, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return candidates[turn % candidates.length];
  }

  function remove(application: Application, verb: string): void {
    const left = (slots.get(verb) ?? []).filter((candidate) => candidate !== application);
    if (left.length > 0) slots.set(verb, left);
    else slots.delete(verb);
  }

  return {
    applications,
    authenticated: (application) => void applications.add(application),
    add(application, verb) {
      slots.set(verb, [...(slots.get(verb) ?? []), application]);
    },
    remove,
    forget(application) {
      applications.delete(application);
      for (const verb of [...slots.keys()]) remove(application, verb);
    },
    next: (verb) => takeTurn(verb, slots.get(verb) ?? []),
    tagged: (tag) =>
      takeTurn(
        `tag ${tag}`,
        [...applications].filter((application) => application.open && application.tags.has(tag)),
      ),
  };
}
