// What somebody who is limited to sites and queues may see and command. The one place that decides; the API gathers the facts of
// each kind of object (api/guard/scoped.ts) and answers for what is outside as for what does not exist. Pure.
//
//   person       serves a queue of the scope, and belongs to a site of it
//   call         went through a queue of the scope; one that never had a queue: somebody of the scope is in it. And with a limit
//                to sites: somebody of these sites has had it; one that nobody has had yet goes by its queue
//   anything else goes by its queue, its person or its call
//
// What is not known of an object is outside.

import type { Scope } from '../store/records.ts';

/** Of a person. */
export interface Placed {
  queues: readonly string[];
  site?: string | undefined;
}

export interface CallPlaces {
  queue: string | null;
  /** Everybody who had the call, or has it. */
  people: readonly Placed[];
}

/** Undefined and an empty scope: no limit. */
export type MaybeScope = Scope | undefined;

export function isLimited(scope: MaybeScope): scope is Scope {
  return scope !== undefined && (scope.sites !== undefined || scope.queues !== undefined);
}

export function coversQueue(scope: MaybeScope, queue: string | null | undefined): boolean {
  if (!scope?.queues) return true;
  return queue != null && scope.queues.includes(queue);
}

const coversSite = ({ sites }: Scope, site: string | undefined): boolean =>
  !sites || (site !== undefined && sites.includes(site));

export function coversPerson(scope: MaybeScope, person: Placed): boolean {
  if (!scope) return true;
  const { queues } = scope;
  return coversSite(scope, person.site) && (!queues || person.queues.some((queue) => queues.includes(queue)));
}

export function coversCall(scope: MaybeScope, { queue, people }: CallPlaces): boolean {
  if (!scope || !isLimited(scope)) return true;
  if (queue === null) return people.some((person) => coversPerson(scope, person));
  if (!coversQueue(scope, queue)) return false;
  return people.length === 0 || people.some(({ site }) => coversSite(scope, site));
}

/** Whether `inner` reaches nothing that `outer` does not: a key or a person is given no more than the giver has. */
export function isWithin(inner: MaybeScope, outer: MaybeScope): boolean {
  if (!isLimited(outer)) return true;
  const narrower = (one: readonly string[] | undefined, other: readonly string[] | undefined) =>
    !other || (one?.every((name) => other.includes(name)) ?? false);
  return narrower(inner?.sites, outer.sites) && narrower(inner?.queues, outer.queues);
}
