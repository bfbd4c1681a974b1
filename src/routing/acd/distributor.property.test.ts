// Days of a contact centre at random: 200,000 inputs, sensible and senseless, against a second, naive bookkeeping that
// is made from the effects alone. Repeat a run with SEED=… in the environment.

import { test } from 'tap';
import type { AgentState, PiiClass } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import { type Random, seededRandom } from '../../shared/random.ts';
import type { AgentFacts } from '../agent.ts';
import type { Acd, AcdEffect, AcdInput, WaitingCall } from './acd.ts';
import { alertingGraceMs, createAcd, reservationLeaseMs } from './distributor.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const steps = 200_000;
const queues = ['a', 'b', 'c'];
const ringTimeoutSeconds = 20;
const longestWorkSeconds = 60;
const people = Array.from({ length: 14 }, (_, i) => `p${i}` as PersonId);
const classes: (PiiClass | undefined)[] = ['none', 'none', 'personal', 'sensitive', undefined];

interface ShadowCall extends WaitingCall {
  arrival: number;
  returned: boolean;
  offeredTo: PersonId | null;
}
interface ShadowAgent {
  facts: AgentFacts;
  state: AgentState;
  idle: [since: number, place: number];
  callId: CallId | null;
}

/** The policy written a second time, as a table. */
const allowed: Record<PiiClass, (PiiClass | undefined)[]> = {
  none: ['none'],
  personal: ['none', 'personal'],
  sensitive: ['none', 'personal', 'sensitive', undefined],
};

function createShadow() {
  const agents = new Map<PersonId, ShadowAgent>();
  const calls = new Map<CallId, ShadowCall>();
  let counter = 0;
  const fail = (what: string): never => {
    throw new Error(what);
  };
  const may = (agent: ShadowAgent, call: ShadowCall) =>
    agent.facts.queues.includes(call.queue) && allowed[agent.facts.clearance]!.includes(call.facts.piiClass);
  const before = (a: ShadowCall, b: ShadowCall) =>
    Number(b.returned) - Number(a.returned) ||
    b.priority - a.priority ||
    a.enteredAt - b.enteredAt ||
    a.arrival - b.arrival;

  /** What the input itself says, before its effects. */
  function told(input: AcdInput): void {
    if (input.kind === 'callWaiting' && queues.includes(input.call.queue)) {
      const known = calls.get(input.call.callId);
      if (known?.queue === input.call.queue) Object.assign(known, input.call);
      else {
        // As the last one of the books, as it is in the machine's.
        calls.delete(input.call.callId);
        calls.set(input.call.callId, { ...input.call, arrival: counter++, returned: false, offeredTo: null });
      }
    }
    if (input.kind === 'callGone') calls.delete(input.callId);
    if (input.kind === 'agentSignedIn' && !agents.has(input.agent.personId)) {
      agents.set(input.agent.personId, { facts: input.agent, state: 'offline', idle: [0, 0], callId: null });
    }
    if (input.kind === 'agentSignedIn' || input.kind === 'agentFactsChanged') {
      const agent = agents.get(input.agent.personId);
      if (agent) agent.facts = input.agent;
    }
  }

  function happened(effect: AcdEffect, input: AcdInput, now: number): void {
    if (effect.kind === 'overflow') return fail('overflowed without a rule');
    const agent = agents.get(effect.personId) ?? fail(`${effect.kind} for a stranger`);
    if (effect.kind === 'agentState') {
      moved(agent, effect, input, now);
      return;
    }
    const call = calls.get(effect.callId);
    if (effect.kind === 'refused') {
      if (!call || may(agent, call)) fail('refused who may take it');
      return;
    }
    if (effect.kind === 'withdraw') {
      if (agent.callId !== effect.callId) fail('withdrew what was not offered');
      agent.callId = null;
      if (call && call.offeredTo === effect.personId) Object.assign(call, { offeredTo: null, returned: true });
      return;
    }
    offered(agent, call ?? fail('offered a call that is in no queue'));
  }

  function moved(agent: ShadowAgent, effect: Extract<AcdEffect, { kind: 'agentState' }>, input: AcdInput, now: number) {
    if (agent.state !== effect.from) fail(`moved from ${effect.from}, was ${agent.state}`);
    agent.state = effect.to;
    const wasOffered = effect.from === 'reserved' || effect.from === 'alerting';
    if (effect.to === 'available' && !wasOffered) agent.idle = [now, counter++];
    if (effect.to === 'on-call') {
      const callId = 'callId' in input ? input.callId : fail('on a call without a call');
      if (wasOffered && agent.callId !== callId) fail('answered another call than offered');
      if (!wasOffered && agent.callId) fail('two calls for one agent');
      if (wasOffered) calls.delete(callId);
      agent.callId = callId;
    } else if (wasOffered && effect.to !== 'alerting') {
      const call = agent.callId && calls.get(agent.callId);
      if (call) Object.assign(call, { offeredTo: null, returned: true });
      agent.callId = null;
    } else if (effect.from === 'on-call') agent.callId = null;
  }

  function offered(agent: ShadowAgent, call: ShadowCall): void {
    if (agent.state !== 'reserved') fail(`offered to an agent who is ${agent.state}`);
    if (agent.callId) fail('two calls for one agent');
    if (call.offeredTo) fail('one call for two agents');
    if (!may(agent, call)) fail('offered to a person whom the policy forbids');
    for (const other of calls.values()) {
      if (!other.offeredTo && may(agent, other) && before(other, call) < 0) fail('a call was overtaken');
    }
    for (const other of agents.values()) {
      if (other.state !== 'available' || !may(other, call)) continue;
      if ((other.idle[0] - agent.idle[0] || other.idle[1] - agent.idle[1]) < 0) fail('an agent idle longer was passed');
    }
    agent.callId = call.callId;
    call.offeredTo = agent.facts.personId;
  }

  function compare(acd: Acd, now: number): void {
    const free = [...agents.values()].filter((agent) => agent.state === 'available');
    for (const call of calls.values()) {
      if (call.offeredTo) {
        const agent = agents.get(call.offeredTo)!;
        if (agent.callId !== call.callId || !['reserved', 'alerting'].includes(agent.state)) fail('a call is stuck');
        if (!may(agent, call)) fail('rings at a person whom the policy forbids');
      } else if (free.some((agent) => may(agent, call))) fail('a call waits although somebody free may take it');
    }
    let waiting = 0;
    for (const queue of acd.queues(now)) waiting += queue.waiting;
    if (waiting !== calls.size) fail(`a caller was lost: ${waiting} in the queues, ${calls.size} should be`);
    const due = acd.nextDeadline();
    const longest = Math.max(
      reservationLeaseMs,
      ringTimeoutSeconds * 1000 + alertingGraceMs,
      longestWorkSeconds * 1000,
    );
    if (due !== undefined && due > now + longest) fail('a deadline beyond every lease');
  }

  /** Slower: every view against the bookkeeping. */
  function compareAll(acd: Acd, now: number): void {
    for (const [personId, agent] of agents) {
      const view = acd.agent(personId);
      if (view?.state !== agent.state || view.callId !== agent.callId) fail(`${personId} is not as told`);
    }
    for (const queue of acd.queues(now)) {
      const inQueue = [...calls.values()].filter((call) => call.queue === queue.name);
      const oldest = Math.min(...inQueue.map((call) => call.enteredAt), now);
      if (queue.longestWaitMs !== now - oldest) fail('longest wait is wrong');
      const members = [...agents.values()].filter((agent) => agent.facts.queues.includes(queue.name));
      for (const [state, count] of Object.entries(queue.agents)) {
        if (members.filter((agent) => agent.state === state).length !== count) fail(`wrong count of ${state}`);
      }
      const order = inQueue.sort((a, b) => Number(!a.offeredTo) - Number(!b.offeredTo) || before(a, b));
      for (const [at, call] of order.entries()) if (acd.position(call.callId) !== at + 1) fail('wrong position');
    }
  }

  return { agents, calls, told, happened, compare, compareAll };
}

function randomInput(random: Random, shadow: ReturnType<typeof createShadow>, now: number, serial: number): AcdInput {
  const personId = random.pick(people);
  const agent = shadow.agents.get(personId);
  const known = [...shadow.calls.keys()];
  // Mostly the call that this person has, sometimes any other, so that impossible inputs come too.
  const callId =
    random.next() < 0.95 && agent?.callId ? agent.callId : known.length ? random.pick(known) : ('x' as CallId);
  const facts = (): AgentFacts => ({
    personId,
    queues: queues.filter(() => random.next() < 0.6),
    clearance: random.pick(['none', 'personal', 'sensitive'] as const),
    place: random.pick(['centre', 'home', 'unknown'] as const),
  });
  const waiting = (id: CallId): AcdInput => ({
    kind: 'callWaiting',
    call: {
      callId: id,
      queue: random.next() < 0.01 ? 'nowhere' : random.pick(queues),
      enteredAt: now - (random.next() < 0.1 ? random.integer(0, 5000) : 0),
      facts: { direction: 'inbound', piiClass: random.pick(classes) },
      priority: random.next() < 0.2 ? random.integer(-1, 4) : 0,
    },
  });
  // Quiet hours, when agents wait for calls, and busy ones, when calls wait for agents.
  const crowd = serial % 10_000 < 5000 ? 1 : 40;
  const dice = random.integer(0, 100);
  if (dice < 16) return shadow.calls.size < crowd ? waiting(`c${serial}` as CallId) : { kind: 'callGone', callId };
  if (dice < 18 && known.length) return waiting(random.pick(known));
  if (dice < 22) return { kind: 'callGone', callId: known.length ? random.pick(known) : callId };
  if (dice < 36) return { kind: 'agentReady', personId };
  if (dice < 40) return { kind: 'agentNotReady', personId, because: random.pick(['break', 'lunch']) };
  if (dice < 42) return { kind: 'agentSignedOut', personId };
  if (dice < 48) return { kind: 'agentSignedIn', agent: facts() };
  if (dice < 52) return { kind: 'agentFactsChanged', agent: facts() };
  if (dice < 62) return { kind: 'alerting', callId, personId };
  if (dice < 72) return { kind: 'answered', callId, personId };
  if (dice < 77) {
    return { kind: 'notAnswered', callId, personId, because: random.pick(['timeout', 'rejected', 'unreachable']) };
  }
  if (dice < 79) return { kind: 'agentCallStarted', personId, callId: `o${serial}` as CallId };
  if (dice < 91) {
    return { kind: 'agentCallEnded', personId, callId, afterCallWorkSeconds: random.pick([0, 5, longestWorkSeconds]) };
  }
  return { kind: 'tick' };
}

test(`${steps} random events keep every promise (SEED=${seed})`, async (t) => {
  const random = seededRandom(seed);
  const settings = queues.map((name) => ({
    name,
    label: { ja: name, en: name },
    ringTimeoutSeconds,
    afterCallWorkSeconds: 10,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  }));
  let acd = createAcd({ queues: settings });
  let ignored = 0;
  const shadow = createShadow();
  const seen: Record<string, number> = {};
  let now = 1_700_000_000_000;
  const apply = (input: AcdInput, step: number) => {
    try {
      shadow.told(input);
      for (const effect of acd.apply(input, now)) {
        seen[effect.kind] = (seen[effect.kind] ?? 0) + 1;
        shadow.happened(effect, input, now);
      }
      shadow.compare(acd, now);
      if (step % 50 === 0) shadow.compareAll(acd, now);
    } catch (thrown) {
      throw new Error(`step ${step}, ${JSON.stringify(input)}, SEED=${seed}`, { cause: thrown });
    }
  };
  for (let step = 0; step < steps; step++) {
    now += random.next() < 0.5 ? 0 : random.integer(0, 1500);
    const due = acd.nextDeadline();
    if (due !== undefined && due <= now) apply({ kind: 'tick' }, step);
    apply(randomInput(random, shadow, now, step), step);
    if (step % 500 === 0) {
      // Through JSON and back: nobody may notice.
      ignored += acd.ignoredInputs;
      acd = createAcd({ queues: settings, from: JSON.parse(JSON.stringify(acd.snapshot())) });
    }
  }
  for (const kind of ['offer', 'withdraw', 'agentState', 'refused'])
    t.ok((seen[kind] ?? 0) > 1000, `${kind} happened often`);
  t.comment(`${JSON.stringify(seen)}, ${ignored + acd.ignoredInputs} impossible inputs`);

  // Nobody reports anything any more: time alone frees every agent who is not talking.
  for (let guard = 0; acd.nextDeadline() !== undefined; guard++) {
    if (guard > 10_000) throw new Error(`the machine does not come to rest, SEED=${seed}`);
    now = Math.max(now, acd.nextDeadline()!);
    apply({ kind: 'tick' }, steps);
  }
  const stuck = acd.agents().filter((agent) => ['reserved', 'alerting', 'after-call-work'].includes(agent.state));
  t.same(stuck, [], 'nobody is stuck');
});
