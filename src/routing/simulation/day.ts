// A day of a contact centre read out of its event log: which calls came to which queue, when agents were ready, how long everything
// took. Pure. What the log does not say is set so: who was answered would have waited longer, who gave up would have given
// up after the same wait; a call that nobody answered would have lasted as long as the others of its queue.

import type { AgentState, EngawaEvent, Place } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { CallFacts, Operation } from '../policy/policy.ts';

/** A stay of a call in a queue. A call that was transferred to another queue has two. */
export interface Visit {
  id: CallId;
  callId: CallId;
  alias: string | null;
  queue: string;
  enteredAt: number;
  facts: CallFacts;
  /** What became known while it waited. */
  learned: { at: number; facts: CallFacts }[];
  outcome: 'answered' | 'abandoned' | 'overflowed' | 'transferred';
  waitMs: number;
  answeredBy: PersonId | null;
  ringMs: number | null;
  /** Talking and on hold; null: nobody did. */
  handleMs: number | null;
}

export type Willing =
  | { at: number; personId: PersonId; kind: 'signed-in'; place: Place }
  | { at: number; personId: PersonId; kind: 'ready' | 'not-ready' | 'signed-out' };

export interface Day {
  fromMs: number;
  toMs: number;
  visits: Visit[];
  willing: Willing[];
  /** Calls of agents that came through no queue: they were busy then. */
  otherCalls: { personId: PersonId; callId: CallId; at: number; lastedMs: number }[];
  /** As it was; the first holds from the beginning. */
  operations: { at: number; operation: Operation }[];
}

/** Of these a day is read. */
export const typesOfADay = [
  ...(['call-started', 'reason-set', 'queue-entered', 'queue-left', 'agent-answered', 'agent-left'] as const),
  ...([
    'agent-state',
    'signed-in',
    'operation-changed',
    'call-ended',
    'verification-result',
    'handed-over',
    'pii-came-up',
  ] as const),
] as const satisfies readonly EngawaEvent['type'][];

/** States that the queues bring about; an agent who leaves one of them was willing. */
const willingStates = new Set<AgentState>(['available', 'reserved', 'alerting', 'on-call', 'after-call-work']);
/** An offer came to nothing: that is no will. */
const ofOffers = new Set(['no-answer', 'rejected', 'no-softphone', 'unreachable']);

interface OpenCall {
  direction: 'inbound' | 'outbound';
  alias: string | null;
  facts: CallFacts;
  visit: Visit | undefined;
  /** The visit that the conversation now belongs to. */
  answered: Visit | undefined;
  talking: { personId: PersonId; at: number } | undefined;
  visits: number;
}

/** `before`: the mode at the beginning. Events in order. */
export function readDay(events: Iterable<EngawaEvent>, span: { fromMs: number; toMs: number; before: Operation }): Day {
  const reading = new Reading(span);
  for (const event of events) reading.take(event);
  return reading.day;
}

type OfCall = Extract<EngawaEvent, { callId: CallId }>;

const isOfCall = (event: EngawaEvent): event is OfCall => 'callId' in event && typeof event.callId === 'string';

class Reading {
  readonly day: Day;
  readonly #calls = new Map<CallId, OpenCall>();
  readonly #places = new Map<PersonId, Place>();
  readonly #signedIn = new Set<PersonId>();

  constructor({ fromMs, toMs, before }: { fromMs: number; toMs: number; before: Operation }) {
    const operations = [{ at: fromMs, operation: before }];
    this.day = { fromMs, toMs, visits: [], willing: [], otherCalls: [], operations };
  }

  take(event: EngawaEvent): void {
    if (event.type === 'call-started') this.#started(event);
    else if (event.type === 'signed-in') this.#cameFrom(event.personId, event.place, event.at);
    else if (event.type === 'agent-state') this.#agentState(event);
    else if (event.type === 'operation-changed') this.day.operations.push({ at: event.at, operation: event.operation });
    else if (isOfCall(event)) {
      const call = this.#calls.get(event.callId);
      if (call) this.#ofCall(call, event);
    }
  }

  #started({ callId, direction, alias }: EngawaEvent<'call-started'>): void {
    const open = { visit: undefined, answered: undefined, talking: undefined, visits: 0 };
    this.#calls.set(callId, { direction, alias, facts: { direction }, ...open });
  }

  #ofCall(call: OpenCall, event: OfCall): void {
    switch (event.type) {
      case 'reason-set':
        this.#learn(call, { reason: event.reason, piiClass: event.piiClass }, event.at);
        break;
      case 'verification-result':
        if (event.verified) this.#learn(call, { verified: [...(call.facts.verified ?? []), event.factor] }, event.at);
        break;
      case 'handed-over':
        this.#learn(call, { step: 'handed-over', verified: event.verified }, event.at);
        break;
      case 'pii-came-up':
        this.#learn(call, { step: 'whole' }, event.at);
        break;
      case 'queue-entered':
        this.#entered(call, event);
        break;
      case 'queue-left':
        if (!call.visit) break;
        Object.assign(call.visit, { outcome: event.outcome, waitMs: event.waitMs });
        call.answered = event.outcome === 'answered' ? call.visit : undefined;
        call.visit = undefined;
        break;
      case 'agent-answered':
        this.#answered(call, event);
        break;
      case 'agent-left':
        this.#left(call, event);
        break;
      case 'call-ended':
        this.#calls.delete(event.callId);
    }
  }

  #learn(call: OpenCall, more: Partial<CallFacts>, at: number): void {
    call.facts = { ...call.facts, ...more };
    call.visit?.learned.push({ at, facts: { ...call.facts, queue: call.visit.queue } });
  }

  #entered(call: OpenCall, { callId, queue, at }: EngawaEvent<'queue-entered'>): void {
    call.visits += 1;
    const visit: Visit = {
      id: call.visits === 1 ? callId : (`${callId}-${call.visits}` as CallId),
      ...{ callId, alias: call.alias, queue, enteredAt: at },
      facts: { ...call.facts, queue },
      learned: [],
      // Until something else is told: it waited to the end of the day.
      ...{
        outcome: 'abandoned',
        waitMs: Math.max(0, this.day.toMs - at),
        answeredBy: null,
        ringMs: null,
        handleMs: null,
      },
    };
    call.visit = visit;
    if (at >= this.day.fromMs) this.day.visits.push(visit);
  }

  #answered(call: OpenCall, { personId, ringMs, place, at }: EngawaEvent<'agent-answered'>): void {
    this.#cameFrom(personId, place, at);
    call.talking = { personId, at };
    // The queue is left just before or after, in the same moment.
    const visit = call.visit ?? call.answered;
    if (visit && visit.answeredBy === null) Object.assign(visit, { answeredBy: personId, ringMs });
  }

  #left(call: OpenCall, { callId, personId, talkMs, holdMs }: EngawaEvent<'agent-left'>): void {
    const visit = call.answered;
    const lastedMs = talkMs + holdMs;
    if (visit?.answeredBy === personId) visit.handleMs = (visit.handleMs ?? 0) + lastedMs;
    else if (call.talking?.personId === personId && call.talking.at >= this.day.fromMs)
      this.day.otherCalls.push({ personId, callId, at: call.talking.at, lastedMs });
    call.talking = undefined;
  }

  #agentState({ personId, from, to, because, at }: EngawaEvent<'agent-state'>): void {
    if (to === 'offline') {
      this.#signedIn.delete(personId);
      this.day.willing.push({ at, personId, kind: 'signed-out' });
      return;
    }
    if (!this.#signedIn.has(personId)) {
      this.#signedIn.add(personId);
      this.day.willing.push({ at, personId, kind: 'signed-in', place: this.#places.get(personId) ?? 'unknown' });
      // In the middle of work as the day begins.
      if (willingStates.has(to)) this.day.willing.push({ at, personId, kind: 'ready' });
    }
    if (to === 'available' && !willingStates.has(from)) this.day.willing.push({ at, personId, kind: 'ready' });
    if (to === 'not-ready' && !ofOffers.has(because ?? '')) this.day.willing.push({ at, personId, kind: 'not-ready' });
  }

  #cameFrom(personId: PersonId, place: Place, at: number): void {
    const before = this.#places.get(personId);
    this.#places.set(personId, place);
    if (this.#signedIn.has(personId) && before !== place)
      this.day.willing.push({ at, personId, kind: 'signed-in', place });
  }
}
