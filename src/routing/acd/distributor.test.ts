import { test } from 'tap';
import type { PiiClass } from '../../shared/events.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { AcdEffect, QueueSettings } from './acd.ts';
import { alertingGraceMs, createAcd, reservationLeaseMs } from './distributor.ts';

function settings(name: string): QueueSettings {
  return {
    name,
    label: { ja: name, en: name },
    ringTimeoutSeconds: 20,
    afterCallWorkSeconds: 30,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  };
}

const person = (name: string) => name as PersonId;
const call = (name: string) => name as CallId;

/** A centre with a clock that moves on by one second per input unless told otherwise. */
function centre() {
  const acd = createAcd({ queues: [settings('general'), settings('contracts')] });
  let now = 1_000_000;
  const tell = (input: Parameters<typeof acd.apply>[0], afterMs = 1000): AcdEffect[] => {
    now += afterMs;
    return acd.apply(input, now);
  };
  const signIn = (name: string, clearance: PiiClass = 'sensitive', queues = ['general', 'contracts']) =>
    tell({ kind: 'agentSignedIn', agent: { personId: person(name), queues, clearance, place: 'home' } });
  const ready = (name: string) => tell({ kind: 'agentReady', personId: person(name) });
  const waits = (name: string, more: { queue?: string; piiClass?: PiiClass | undefined; priority?: number } = {}) =>
    tell({
      kind: 'callWaiting',
      call: {
        callId: call(name),
        queue: more.queue ?? 'general',
        enteredAt: now + 1000,
        facts: { direction: 'inbound', piiClass: 'piiClass' in more ? more.piiClass : 'none' },
        priority: more.priority ?? 0,
      },
    });
  const on = (name: string, callName: string) => ({ personId: person(name), callId: call(callName) });
  const state = (name: string) => acd.agent(person(name))?.state;
  return { acd, tell, signIn, ready, waits, on, state, now: () => now };
}

const offers = (effects: AcdEffect[]) =>
  effects.flatMap((one) => (one.kind === 'offer' ? [`${one.callId}→${one.personId}`] : []));
const kinds = (effects: AcdEffect[]) =>
  effects.map((one) => (one.kind === 'agentState' ? `${one.personId} ${one.from}→${one.to}` : one.kind));

test('a call goes to the agent who has been idle longest', async (t) => {
  const { signIn, ready, waits, tell, on, state } = centre();
  for (const name of ['aoi', 'ren']) signIn(name);
  ready('ren');
  ready('aoi');
  t.same(offers(waits('c1')), ['c1→ren']);
  t.same(offers(waits('c2')), ['c2→aoi']);
  t.same(kinds(tell({ kind: 'alerting', ...on('ren', 'c1') })), ['ren reserved→alerting']);
  t.same(kinds(tell({ kind: 'answered', ...on('ren', 'c1') })), ['ren alerting→on-call']);
  t.equal(state('ren'), 'on-call');
});

test('calls that wait are served by priority, then by age, over all queues of the agent', async (t) => {
  const { signIn, ready, waits, tell, on, acd } = centre();
  waits('old', { queue: 'contracts' });
  waits('young');
  waits('urgent', { priority: 5 });
  t.equal(acd.position(call('young')), 2);
  t.equal(acd.position(call('old')), 1);
  signIn('aoi');
  const order: string[] = offers(ready('aoi'));
  for (let i = 0; i < 2; i++) {
    const callId = call(order.at(-1)!.split('→')[0]!);
    tell({ kind: 'answered', personId: person('aoi'), callId });
    order.push(...offers(tell({ kind: 'agentCallEnded', personId: person('aoi'), callId, afterCallWorkSeconds: 0 })));
  }
  t.same(order, ['urgent→aoi', 'old→aoi', 'young→aoi']);
  t.equal(on('aoi', 'x').personId, 'aoi');
});

test('several who wait are distributed in parallel to those who may take them', async (t) => {
  const { signIn, ready, waits } = centre();
  waits('secret', { piiClass: 'sensitive' });
  waits('plain');
  signIn('home', 'none');
  signIn('centre', 'sensitive');
  const passed = ready('home');
  t.same(offers(passed), ['plain→home'], 'the first in line does not block the next');
  t.match(
    passed.find((one) => one.kind === 'refused'),
    {
      callId: 'secret',
      personId: 'home',
      because: { code: 'clearance', en: 'the call is of class sensitive, the agent is cleared for none' },
    },
  );
  t.same(offers(ready('centre')), ['secret→centre']);
});

test('a call without a reason is only offered to an agent with the highest clearance', async (t) => {
  const { signIn, ready, waits, acd } = centre();
  for (const [name, clearance] of Object.entries({ a: 'none', b: 'personal' } as const)) {
    signIn(name, clearance);
    ready(name);
  }
  const effects = waits('c1', { piiClass: undefined });
  t.same(offers(effects), []);
  t.same(
    effects.map((one) => one.kind),
    ['refused', 'refused'],
  );
  t.same(
    waits('c2', { piiClass: 'top-secret' as PiiClass }).filter((one) => one.kind === 'offer'),
    [],
  );
  signIn('c', 'sensitive');
  t.same(offers(ready('c')), ['c1→c']);
  t.equal(acd.queue('general', 0)?.waiting, 2);
});

test('who may no longer take a call that rings loses it, and keeps the idle place', async (t) => {
  const { signIn, ready, waits, tell, state, acd } = centre();
  signIn('aoi', 'sensitive');
  ready('aoi');
  waits('c1', { piiClass: 'personal' });
  const idleSince = acd.agent(person('aoi'))?.idleSince;
  const facts = { personId: person('aoi'), queues: ['general'], clearance: 'none' as const, place: 'home' as const };
  t.same(kinds(tell({ kind: 'agentFactsChanged', agent: facts })), ['withdraw', 'aoi reserved→available', 'refused']);
  t.equal(state('aoi'), 'available');
  t.equal(acd.agent(person('aoi'))?.idleSince, idleSince);
  t.same(offers(tell({ kind: 'agentFactsChanged', agent: { ...facts, clearance: 'personal' } })), ['c1→aoi']);
});

test('a call not answered goes back to the head of its queue and the agent becomes not-ready', async (t) => {
  for (const [because, shown] of [
    ['timeout', 'no-answer'],
    ['rejected', 'rejected'],
    ['unreachable', 'no-softphone'],
  ] as const) {
    const { signIn, ready, waits, tell, on, acd } = centre();
    signIn('aoi', 'none');
    ready('aoi');
    waits('older-secret', { piiClass: 'sensitive' });
    waits('c1');
    waits('vip', { priority: 9 });
    const enteredAt = acd.queue('general', 0);
    tell({ kind: 'alerting', ...on('aoi', 'c1') });
    t.same(kinds(tell({ kind: 'notAnswered', ...on('aoi', 'c1'), because })), ['aoi alerting→not-ready']);
    t.match(acd.agent(person('aoi')), { state: 'not-ready', because: shown, callId: null });
    t.equal(acd.position(call('c1')), 1, 'before an older call and before a higher priority');
    t.match(acd.queue('general', 0), { waiting: enteredAt?.waiting });
    signIn('ren');
    t.same(offers(ready('ren')), ['c1→ren']);
  }
});

test('a call not answered goes at once to the next free agent', async (t) => {
  const { signIn, ready, waits, tell, on } = centre();
  for (const name of ['aoi', 'ren']) {
    signIn(name);
    ready(name);
  }
  waits('c1');
  t.same(offers(tell({ kind: 'notAnswered', ...on('aoi', 'c1'), because: 'rejected' })), ['c1→ren']);
});

test('a caller who hangs up while ringing frees the agent at the previous idle place', async (t) => {
  const { signIn, ready, waits, tell, on, state } = centre();
  for (const name of ['aoi', 'ren']) {
    signIn(name);
    ready(name);
  }
  waits('c1');
  tell({ kind: 'alerting', ...on('aoi', 'c1') });
  t.same(kinds(tell({ kind: 'callGone', callId: call('c1') })), ['withdraw', 'aoi alerting→available']);
  t.equal(state('aoi'), 'available');
  t.same(offers(waits('c2')), ['c2→aoi'], 'aoi has still been idle longest');
});

test('after-call work ends by its clock, by asking, or in the state asked for during the call', async (t) => {
  const { signIn, ready, waits, tell, on, state, acd, now } = centre();
  signIn('aoi');
  ready('aoi');
  const talk = (name: string) => {
    waits(name);
    tell({ kind: 'answered', ...on('aoi', name) });
  };
  const end = (name: string) => tell({ kind: 'agentCallEnded', ...on('aoi', name), afterCallWorkSeconds: 30 });
  talk('c1');
  t.same(kinds(end('c1')), ['aoi on-call→after-call-work']);
  t.equal(acd.nextDeadline(), now() + 30_000);
  t.equal(acd.agent(person('aoi'))?.afterCallWorkEndsAt, now() + 30_000);
  t.same(tell({ kind: 'tick' }, 29_999), []);
  t.same(offers(waits('c2')), ['c2→aoi'], 'its end was due before, whoever has not said so');
  tell({ kind: 'answered', ...on('aoi', 'c2') });
  end('c2');
  t.same(kinds(ready('aoi')), ['aoi after-call-work→available']);
  t.equal(acd.nextDeadline(), undefined, 'the clock of the work that was ended is gone');
  talk('c3');
  tell({ kind: 'agentNotReady', personId: person('aoi'), because: 'break' });
  t.equal(state('aoi'), 'on-call');
  t.equal(acd.agent(person('aoi'))?.nextState, 'not-ready');
  end('c3');
  tell({ kind: 'tick' }, 30_000);
  t.match(acd.agent(person('aoi')), { state: 'not-ready', because: 'break', nextState: null });
});

test('a call without after-call work leads straight to the next state', async (t) => {
  const { signIn, ready, waits, tell, on } = centre();
  signIn('aoi');
  ready('aoi');
  waits('c1');
  tell({ kind: 'answered', ...on('aoi', 'c1') });
  t.same(kinds(tell({ kind: 'agentCallEnded', ...on('aoi', 'c1'), afterCallWorkSeconds: 0 })), [
    'aoi on-call→available',
  ]);
});

test('signing out ends an offer at once, a call afterwards, and after-call work at once', async (t) => {
  const { signIn, ready, waits, tell, on, state, acd } = centre();
  const out = () => tell({ kind: 'agentSignedOut', personId: person('aoi') });
  signIn('aoi');
  ready('aoi');
  waits('c1');
  t.same(kinds(out()), ['withdraw', 'aoi reserved→offline']);
  t.equal(acd.position(call('c1')), 1);
  signIn('aoi');
  ready('aoi');
  tell({ kind: 'answered', ...on('aoi', 'c1') });
  out();
  t.match(acd.agent(person('aoi')), { state: 'on-call', nextState: 'offline' });
  tell({ kind: 'agentNotReady', personId: person('aoi'), because: 'break' });
  t.same(kinds(tell({ kind: 'agentCallEnded', ...on('aoi', 'c1'), afterCallWorkSeconds: 30 })), [
    'aoi on-call→offline',
  ]);
  signIn('aoi');
  tell({ kind: 'agentCallStarted', ...on('aoi', 'o1') });
  out();
  signIn('aoi');
  tell({ kind: 'agentCallEnded', ...on('aoi', 'o1'), afterCallWorkSeconds: 30 });
  t.equal(state('aoi'), 'after-call-work');
  out();
  t.equal(state('aoi'), 'offline');
  t.equal(acd.nextDeadline(), undefined);
});

test('an agent who asks for a break while it rings gets it, and the call goes on to the next', async (t) => {
  const { signIn, ready, waits, tell, state } = centre();
  for (const name of ['aoi', 'ren']) {
    signIn(name);
    ready(name);
  }
  waits('c1');
  const effects = tell({ kind: 'agentNotReady', personId: person('aoi'), because: 'break' });
  t.same(kinds(effects), ['withdraw', 'aoi reserved→not-ready', 'ren available→reserved', 'offer']);
  t.equal(state('aoi'), 'not-ready');
});

test('an outbound call from a break ends in the same break', async (t) => {
  const { signIn, tell, on, acd } = centre();
  signIn('aoi');
  tell({ kind: 'agentNotReady', personId: person('aoi'), because: 'break' });
  tell({ kind: 'agentCallStarted', ...on('aoi', 'o1') });
  tell({ kind: 'agentCallEnded', ...on('aoi', 'o1'), afterCallWorkSeconds: 0 });
  t.match(acd.agent(person('aoi')), { state: 'not-ready', because: 'break' });
});

test('an own telephone that waits for its key has a longer lease', async (t) => {
  const { signIn, ready, waits, tell, on } = centre();
  signIn('aoi');
  ready('aoi');
  waits('c1');
  tell({ kind: 'alerting', ...on('aoi', 'c1'), moreSeconds: 15 });
  t.same(tell({ kind: 'tick' }, 35_000 + alertingGraceMs - 1), []);
  t.same(kinds(tell({ kind: 'tick' }, 1)), ['withdraw', 'aoi alerting→not-ready']);
});

test('a lease frees an agent whose ringing nobody reported, and the call goes on', async (t) => {
  const { signIn, ready, waits, tell, on, acd } = centre();
  for (const name of ['aoi', 'ren']) {
    signIn(name);
    ready(name);
  }
  waits('c1');
  const lapsed = tell({ kind: 'tick' }, reservationLeaseMs);
  t.same(kinds(lapsed), ['withdraw', 'aoi reserved→not-ready', 'ren available→reserved', 'offer']);
  t.equal(acd.agent(person('aoi'))?.because, 'no-softphone');
  tell({ kind: 'alerting', ...on('ren', 'c1') });
  t.same(tell({ kind: 'tick' }, 20_000 + alertingGraceMs - 1), []);
  t.same(kinds(tell({ kind: 'tick' }, 1)), ['withdraw', 'ren alerting→not-ready']);
  t.equal(acd.agent(person('ren'))?.because, 'no-answer');
  t.equal(acd.position(call('c1')), 1);
});

test('a reason learned while it rings ends the offer when the agent may not have the call any more', async (t) => {
  const { signIn, ready, waits, state } = centre();
  signIn('aoi', 'none');
  ready('aoi');
  waits('c1', { piiClass: 'none' });
  const effects = waits('c1', { piiClass: 'personal' });
  t.same(kinds(effects), ['withdraw', 'aoi reserved→available', 'refused']);
  t.equal(state('aoi'), 'available');
});

test('a call that changes its queue while it rings goes to the agent there who has been idle longest', async (t) => {
  const { signIn, ready, waits, state } = centre();
  signIn('both', 'sensitive', ['general', 'contracts']);
  signIn('other', 'sensitive', ['contracts']);
  ready('other');
  ready('both');
  t.same(offers(waits('c1', { queue: 'general' })), ['c1→both']);
  t.same(offers(waits('c1', { queue: 'contracts' })), ['c1→other']);
  t.equal(state('both'), 'available');
});

test('impossible inputs change nothing, have no effect, and are counted', async (t) => {
  const { acd, tell, on, signIn, ready, waits } = centre();
  signIn('aoi');
  ready('aoi');
  waits('c1');
  const before = JSON.stringify([acd.agents(), acd.queues(0)]);
  const impossible: Parameters<typeof acd.apply>[0][] = [
    { kind: 'agentReady', personId: person('nobody') },
    { kind: 'callGone', callId: call('nothing') },
    { kind: 'answered', ...on('aoi', 'other') },
    { kind: 'alerting', ...on('nobody', 'c1') },
    { kind: 'notAnswered', ...on('aoi', 'other'), because: 'timeout' },
    { kind: 'agentCallEnded', ...on('aoi', 'c1'), afterCallWorkSeconds: 1 },
    { kind: 'agentCallStarted', ...on('aoi', 'c2') },
    {
      kind: 'callWaiting',
      call: { callId: call('c9'), queue: 'nowhere', enteredAt: 0, facts: { direction: 'inbound' }, priority: 0 },
    },
  ];
  for (const input of impossible) t.same(tell(input, 0), [], input.kind);
  t.equal(acd.ignoredInputs, impossible.length);
  t.equal(JSON.stringify([acd.agents(), acd.queues(0)]), before);
});

test('the view of a queue counts callers not yet answered, the longest wait, and agents by state', async (t) => {
  const { acd, signIn, ready, waits, now } = centre();
  signIn('aoi', 'none', ['general', 'no-such-queue']);
  signIn('ren', 'none', ['contracts']);
  ready('aoi');
  waits('c1');
  const since = now();
  waits('c2');
  t.match(acd.queue('general', since + 5000), {
    name: 'general',
    waiting: 2,
    longestWaitMs: 5000,
    agents: { reserved: 1, 'not-ready': 0, available: 0 },
  });
  t.match(acd.queue('contracts', since), { waiting: 0, longestWaitMs: 0, agents: { 'not-ready': 1 } });
  t.equal(acd.queue('no-such-queue', 0), undefined);
  t.equal(acd.queues(0).length, 2);
});
