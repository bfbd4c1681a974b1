// Has the queues do a day again under other rules: the real ACD, a clock that jumps from one happening to the next, and agents and
// callers who behave as they did (day.ts). Pure and repeatable.
//
// An agent rings as long as on that call, or as long as usual; talks as long as that call lasted, or as long as calls of that
// queue did; and does the after-call work that the queue gives. Flows are not run again: who leaves a queue by overflow is
// counted, and not followed.

import type { CallId, PersonId } from '../../shared/ids.ts';
import type { Acd, AcdEffect, AcdInput, QueueSettings } from '../acd/acd.ts';
import { createIndexedHeap, type IndexedHeap } from '../acd/books/indexed-heap.ts';
import { createAcd } from '../acd/distributor.ts';
import type { AgentFacts } from '../agent.ts';
import type { CompiledPolicy } from '../policy/compile-policy.ts';
import type { Operation } from '../policy/policy.ts';
import type { Day, Visit, Willing } from './day.ts';

export interface SimulatedVisit {
  visit: Visit;
  outcome: 'answered' | 'abandoned' | 'overflowed' | 'waiting';
  waitMs: number;
  answeredBy: PersonId | null;
  /** In place of whom: what was refused, newest last. */
  refused: { personId: PersonId; rule: string | null; because: string }[];
}

export interface SimulationNeeds {
  day: Day;
  queues: readonly QueueSettings[];
  policy: CompiledPolicy;
  /** Without the place, which is that of the day. */
  people: readonly Omit<AgentFacts, 'place'>[];
  /** All day; else as it was. */
  operation?: Operation;
}

const usualRingMs = 4000;

interface Happening {
  at: number;
  place: number;
  run: () => void;
}

export function simulateDay(needs: SimulationNeeds): SimulatedVisit[] {
  return new Simulation(needs).run();
}

class Simulation {
  readonly #needs: SimulationNeeds;
  readonly #acd: Acd;
  readonly #agenda: IndexedHeap<Happening> = createIndexedHeap(
    (a, b) => a.at < b.at || (a.at === b.at && a.place < b.place),
  );
  readonly #results = new Map<CallId, SimulatedVisit>();
  readonly #waiting = new Set<CallId>();
  readonly #usualMs: ReadonlyMap<string, number>;
  readonly #ringing = new Map<PersonId, Happening>();
  #places = 0;
  #now: number;

  constructor(needs: SimulationNeeds) {
    const { day, queues, policy } = needs;
    this.#needs = needs;
    this.#now = day.fromMs;
    this.#usualMs = usualHandleMs(day);
    const operation = this.#operationAt(day.fromMs);
    this.#acd = createAcd({ queues, policy: policy.source, operation, compilePolicy: () => policy });
    for (const visit of day.visits) this.#plan(visit);
    for (const will of day.willing) this.#at(will.at, () => this.#will(will));
    for (const { personId, callId, at, lastedMs } of day.otherCalls)
      this.#at(at, () => this.#otherCall(personId, callId, lastedMs));
    if (!needs.operation) for (const { at } of day.operations) this.#at(at, () => this.#rules());
  }

  run(): SimulatedVisit[] {
    for (;;) {
      const next = this.#agenda.first();
      const deadline = this.#acd.nextDeadline();
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, deadline ?? Number.POSITIVE_INFINITY);
      if (at > this.#needs.day.toMs) break;
      this.#now = Math.max(this.#now, at);
      if (next && next.at <= this.#now) {
        this.#agenda.remove(next);
        next.run();
      } else this.#apply({ kind: 'tick' });
    }
    for (const id of this.#waiting) {
      const result = this.#results.get(id)!;
      result.waitMs = this.#needs.day.toMs - result.visit.enteredAt;
    }
    return this.#needs.day.visits.map(({ id }) => this.#results.get(id)!);
  }

  #at(at: number, run: () => void): Happening {
    const happening = { at: Math.max(at, this.#needs.day.fromMs), place: this.#places++, run };
    this.#agenda.add(happening);
    return happening;
  }

  #operationAt(at: number): Operation {
    const { operation, day, policy } = this.#needs;
    const was = day.operations.findLast((one) => one.at <= at)?.operation;
    return operation ?? was ?? policy.plannedOperation(at).operation;
  }

  #rules(): void {
    const { policy } = this.#needs;
    this.#apply({ kind: 'rulesChanged', policy: policy.source, operation: this.#operationAt(this.#now) });
  }

  #plan(visit: Visit): void {
    const { id, callId: _callId, queue, enteredAt } = visit;
    this.#results.set(id, { visit, outcome: 'waiting', waitMs: 0, answeredBy: null, refused: [] });
    const wait = (facts: Visit['facts']) => {
      this.#apply({ kind: 'callWaiting', call: { callId: id, queue, enteredAt, facts, priority: 0 } });
    };
    this.#at(enteredAt, () => {
      this.#waiting.add(id);
      wait(visit.facts);
    });
    for (const { at, facts } of visit.learned) this.#at(at, () => this.#waiting.has(id) && wait(facts));
    if (visit.outcome !== 'answered')
      this.#at(enteredAt + visit.waitMs, () => {
        if (!this.#waiting.has(id)) return;
        this.#settle(id, visit.outcome === 'abandoned' ? 'abandoned' : 'overflowed');
        this.#apply({ kind: 'callGone', callId: id });
      });
  }

  #will(will: Willing): void {
    const { personId } = will;
    const person = this.#needs.people.find((one) => one.personId === personId);
    // Of who is there no more nothing is known.
    const known = person ?? { personId, queues: [], clearance: '' };
    if (will.kind === 'signed-in') {
      const agent = { ...known, place: will.place };
      const there = this.#acd.agent(personId);
      this.#apply(
        there && there.state !== 'offline' ? { kind: 'agentFactsChanged', agent } : { kind: 'agentSignedIn', agent },
      );
    } else if (will.kind === 'ready') this.#apply({ kind: 'agentReady', personId });
    else if (will.kind === 'not-ready') this.#apply({ kind: 'agentNotReady', personId, because: 'break' });
    else this.#apply({ kind: 'agentSignedOut', personId });
  }

  #otherCall(personId: PersonId, callId: CallId, lastedMs: number): void {
    if (this.#acd.agent(personId)?.state !== 'available') return;
    this.#apply({ kind: 'agentCallStarted', personId, callId });
    this.#at(this.#now + lastedMs, () =>
      this.#apply({ kind: 'agentCallEnded', personId, callId, afterCallWorkSeconds: 0 }),
    );
  }

  #apply(input: AcdInput): void {
    for (const effect of this.#acd.apply(input, this.#now)) this.#carryOut(effect);
  }

  #carryOut(effect: AcdEffect): void {
    if (effect.kind === 'agentState') return;
    const result = this.#results.get(effect.callId);
    if (!result) return;
    if (effect.kind === 'refused') {
      const { personId, rule, because } = effect;
      result.refused.push({ personId, rule, because: because.en });
    } else if (effect.kind === 'overflow') this.#settle(effect.callId, 'overflowed');
    else if (effect.kind === 'withdraw') this.#stopRinging(effect.personId);
    else this.#ring(result, effect.personId);
  }

  #stopRinging(personId: PersonId): void {
    const ringing = this.#ringing.get(personId);
    if (ringing) this.#agenda.remove(ringing);
    this.#ringing.delete(personId);
  }

  #ring({ visit }: SimulatedVisit, personId: PersonId): void {
    const callId = visit.id;
    this.#stopRinging(personId);
    // Told in the next moment: an effect is carried out before the next input.
    const alert = this.#at(this.#now, () => {
      this.#apply({ kind: 'alerting', callId, personId });
      this.#ringing.set(
        personId,
        this.#at(this.#now + (visit.ringMs ?? usualRingMs), () => this.#answer(visit, personId)),
      );
    });
    this.#ringing.set(personId, alert);
  }

  #answer(visit: Visit, personId: PersonId): void {
    this.#ringing.delete(personId);
    const { id: callId, queue } = visit;
    this.#settle(callId, 'answered', personId);
    this.#apply({ kind: 'answered', callId, personId });
    const lastedMs = visit.handleMs ?? this.#usualMs.get(queue) ?? this.#usualMs.get('') ?? 0;
    const settings = this.#needs.queues.find(({ name }) => name === queue);
    const afterCallWorkSeconds = settings?.afterCallWorkSeconds ?? 0;
    this.#at(this.#now + lastedMs, () =>
      this.#apply({ kind: 'agentCallEnded', personId, callId, afterCallWorkSeconds }),
    );
  }

  #settle(id: CallId, outcome: SimulatedVisit['outcome'], answeredBy: PersonId | null = null): void {
    const result = this.#results.get(id)!;
    Object.assign(result, { outcome, answeredBy, waitMs: this.#now - result.visit.enteredAt });
    this.#waiting.delete(id);
  }
}

/** How long calls of each queue took on average; '' is all of them. */
function usualHandleMs({ visits }: Day): ReadonlyMap<string, number> {
  const sums = new Map<string, { ms: number; calls: number }>();
  for (const { queue, handleMs } of visits) {
    if (handleMs === null) continue;
    for (const name of [queue, '']) {
      const sum = sums.get(name) ?? { ms: 0, calls: 0 };
      sums.set(name, { ms: sum.ms + handleMs, calls: sum.calls + 1 });
    }
  }
  return new Map([...sums].map(([name, { ms, calls }]) => [name, ms / calls]));
}
