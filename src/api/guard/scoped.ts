// Limits to sites and queues, on the server, for every route and the live feed: gathers what identity/scopes.ts has to know of an
// object, and answers for one that is outside exactly as for one that does not exist. Whoever asks reaches what is their own in any
// case. Routes ask `request.server.scoped`.

import type { FastifyRequest } from 'fastify';
import type { CallCentre } from '../../call/desk.ts';
import type { Identity } from '../../identity/identity.ts';
import {
  coversCall,
  coversPerson,
  coversQueue,
  isLimited,
  type MaybeScope,
  type Placed,
} from '../../identity/scopes.ts';
import type { Clock } from '../../shared/clock.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { CallRecord, Person } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { type Caller, callerOf } from './caller.ts';

declare module 'fastify' {
  interface FastifyInstance {
    scoped: Scoped;
  }
}

export interface Scoped {
  /** Undefined: everything is covered, and there is nothing to filter. */
  of(request: FastifyRequest): Reach | undefined;
  ofCaller(caller: Caller): Reach | undefined;
  /** Throws what is answered for what does not exist, unless this is covered. */
  requireCall(request: FastifyRequest, callId: CallId, missing: () => Error): Promise<void>;
  requirePerson(request: FastifyRequest, personId: PersonId, missing: () => Error): Promise<void>;
  requireQueue(request: FastifyRequest, queue: string | null | undefined, missing: () => Error): void;
}

/** What somebody who is limited reaches. */
export interface Reach {
  queue(name: string | null | undefined): boolean;
  person(person: Pick<Person, 'id' | 'queues' | 'site'>): boolean;
  personById(id: PersonId): Promise<boolean>;
  call(id: CallId): Promise<boolean>;
  record(record: Pick<CallRecord, 'id' | 'queue' | 'segments'>): Promise<boolean>;
  event(event: EngawaEvent): Promise<boolean>;
}

/** Queues and site of a person are believed for so long; a change through this program, or told by another node, holds at once. */
const believedMs = 5000;
const mostKept = 20_000;

export function scopeOf(caller: Caller): MaybeScope {
  const scope = caller.kind === 'session' ? caller.person.scope : caller.key.scope;
  return isLimited(scope) ? scope : undefined;
}

export function createScoped(needs: {
  clock: Clock;
  store: Pick<Store, 'people' | 'calls'>;
  identity: Pick<Identity, 'onChangedAnywhere'>;
  callCentre: Pick<CallCentre, 'agentOf'>;
}): Scoped & { close(): void } {
  const { clock, store, callCentre } = needs;
  const placed = new Map<PersonId, { at: number; person: Promise<Placed | undefined> }>();
  const off = needs.identity.onChangedAnywhere((change) => {
    if (change.kind === 'person-changed') placed.delete(change.personId);
  });

  function placedOf(id: PersonId): Promise<Placed | undefined> {
    const known = placed.get(id);
    if (known && clock.now() - known.at < believedMs) return known.person;
    const person = store.people.byId(id).then((found) => found && { queues: found.queues, site: found.site });
    placed.delete(id);
    placed.set(id, { at: clock.now(), person });
    if (placed.size > mostKept) placed.delete(placed.keys().next().value!);
    person.catch(() => placed.delete(id));
    return person;
  }

  function reachOf(scope: MaybeScope, own: PersonId | undefined): Reach {
    const personById = async (id: PersonId) => {
      if (id === own) return true;
      const person = await placedOf(id);
      return person !== undefined && coversPerson(scope, person);
    };
    const record: Reach['record'] = async ({ id, queue, segments }) => {
      const now = callCentre.agentOf(id);
      const ids = new Set(segments.map(({ personId }) => personId).concat(now ?? []));
      if (own && ids.has(own)) return true;
      const people = await Promise.all([...ids].map(placedOf));
      return coversCall(scope, { queue, people: people.filter((person) => person !== undefined) });
    };
    const call = async (id: CallId) => {
      const found = await store.calls.byId(id);
      return found !== undefined && record(found);
    };
    return {
      queue: (name) => coversQueue(scope, name),
      person: (person) => person.id === own || coversPerson(scope, person),
      personById,
      call,
      record,
      event: (event) => coversEvent({ scope, call, personById }, event),
    };
  }

  const ofCaller: Scoped['ofCaller'] = (caller) => {
    const scope = scopeOf(caller);
    return scope && reachOf(scope, caller.kind === 'session' ? caller.person.id : undefined);
  };
  const of: Scoped['of'] = (request) => ofCaller(callerOf(request));

  return {
    of,
    ofCaller,
    async requireCall(request, callId, missing) {
      const reach = of(request);
      if (reach && !(await reach.call(callId))) throw missing();
    },
    async requirePerson(request, personId, missing) {
      const reach = of(request);
      if (reach && !(await reach.personById(personId))) throw missing();
    },
    requireQueue(request, queue, missing) {
      const reach = of(request);
      if (reach && !reach.queue(queue)) throw missing();
    },
    close: off,
  };
}

/** What concerns everybody: that the mode of operation, the rules, a closure or the state of a part is another. */
const forAll = new Set<EngawaEvent['type']>([
  'operation-changed',
  'closure-changed',
  'policy-changed',
  'trunk-state',
  'sip-server-state',
  'media-engine-state',
  'media-server-state',
]);

/** By its queue where it names one, then by its call, then by its person; what has none of them is for everybody or for nobody limited. */
async function coversEvent(
  by: { scope: MaybeScope; call(id: CallId): Promise<boolean>; personById(id: PersonId): Promise<boolean> },
  event: EngawaEvent,
): Promise<boolean> {
  if ('queue' in event && event.queue && !coversQueue(by.scope, event.queue)) return false;
  if ('callId' in event && event.callId) return by.call(event.callId);
  if ('personId' in event && event.personId) return by.personById(event.personId);
  return forAll.has(event.type);
}
