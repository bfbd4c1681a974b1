import { test } from 'tap';
import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import { SharedAcd, type SharedInput, type SharedSnapshot } from './shared-acd.ts';

const [east, west] = ['n1', 'n2'] as [NodeId, NodeId];
const [hanako, taro] = ['p1', 'p2'] as [PersonId, PersonId];
const [c1, c2] = ['c1', 'c2'] as [CallId, CallId];
const queues = [
  {
    name: 'general',
    label: { ja: '', en: '' },
    ringTimeoutSeconds: 20,
    afterCallWorkSeconds: 30,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  },
];
const create = (from?: SharedSnapshot) =>
  new SharedAcd({ queues, afterCallWorkSeconds: 10, ...(from ? { from } : {}) });

const signIn = (personId: PersonId): SharedInput => ({
  kind: 'agentSignedIn',
  agent: { personId, queues: ['general'], clearance: 'sensitive', place: 'centre' },
});
const ready = (personId: PersonId): SharedInput => ({ kind: 'agentReady', personId });
const waits = (callId: CallId, enteredAt: number): SharedInput => ({
  kind: 'callWaiting',
  call: { callId, queue: 'general', enteredAt, facts: { direction: 'inbound', piiClass: 'none' }, priority: 0 },
});
const answered = (callId: CallId, personId: PersonId): SharedInput => ({ kind: 'answered', callId, personId });
const gone = (nodeId: NodeId, keep: CallId[] = []): SharedInput => ({ kind: 'nodeGone', nodeId, keep });

function order(acd: SharedAcd) {
  const counts = new Map<NodeId, number>();
  let atMs = 1000;
  return (from: NodeId, input: SharedInput, n = (counts.get(from) ?? 0) + 1) => {
    counts.set(from, n);
    atMs += 10;
    return acd.apply({ from, atMs, value: { n, input } });
  };
}

test('what comes twice counts once', async (t) => {
  const acd = create();
  const give = order(acd);
  t.equal(give(east, waits(c1, 1000), 1).accepted, true);
  t.equal(give(east, { kind: 'callGone', callId: c1 }, 2).accepted, true);
  t.equal(give(east, waits(c1, 1000), 1).accepted, false, 'it was put again after the connection came back');
  t.equal(acd.acd.position(c1), undefined);
});

test('a node that is gone takes its desks and callers along; a call of another node goes back to its place', async (t) => {
  const acd = create();
  const give = order(acd);
  give(west, signIn(hanako));
  give(west, ready(hanako));
  give(east, waits(c1, 1000));
  give(west, waits(c2, 1001));
  t.equal(acd.acd.agent(hanako)?.state, 'reserved');
  const { effects } = give(east, gone(west));
  t.match(effects, [{ kind: 'withdraw', callId: c1, personId: hanako }]);
  t.match(acd.acd.agent(hanako), { state: 'not-ready', because: 'node-gone' });
  t.equal(acd.acd.position(c1), 1);
  t.equal(acd.acd.position(c2), undefined);
  t.equal(give(east, gone(west)).accepted, false, 'noticed by two, it counts once');
  t.equal(give(west, ready(hanako)).accepted, false, 'and what it still says is not heard');
});

test('who talked in a call of a node that is gone has after-call work; without a desk, is not ready', async (t) => {
  const acd = create();
  const give = order(acd);
  give(east, signIn(hanako));
  give(west, signIn(taro));
  for (const [callId, personId] of [
    [c1, hanako],
    [c2, taro],
  ] as const) {
    give(east, ready(personId));
    give(west, waits(callId, 1000));
    t.ok(give(west, answered(callId, personId)).accepted);
  }
  give(east, gone(west));
  t.equal(acd.acd.agent(hanako)?.state, 'after-call-work');
  t.match(acd.acd.agent(taro), { state: 'not-ready', because: 'node-gone' });
});

test('a conversation that may be adopted keeps its agent until it is, or is given up', async (t) => {
  for (const ending of ['callAdopted', 'callLost'] as const) {
    const acd = create();
    const give = order(acd);
    give(east, signIn(hanako));
    give(east, ready(hanako));
    give(west, waits(c1, 1000));
    give(west, answered(c1, hanako));
    give(east, gone(west, [c1]));
    t.equal(acd.acd.agent(hanako)?.state, 'on-call');
    t.same(acd.callsOf(null), [c1]);
    t.ok(give(east, { kind: ending, callId: c1 }).accepted);
    t.equal(acd.acd.agent(hanako)?.state, ending === 'callLost' ? 'after-call-work' : 'on-call');
    t.same(acd.callsOf(null), []);
    t.notOk(give(east, { kind: 'callAdopted', callId: c1 }).accepted, 'one node only');
  }
});

test('a new order is made from what each node states', async (t) => {
  const before = create();
  const give = order(before);
  give(east, signIn(hanako));
  give(east, ready(hanako));
  give(west, waits(c1, 1000));
  give(west, answered(c1, hanako));
  give(west, signIn(taro));
  give(west, waits(c2, 1001));
  const kept = create(JSON.parse(JSON.stringify(before.snapshot())) as SharedSnapshot);
  t.same(kept.snapshot(), before.snapshot(), 'a snapshot goes through JSON');

  for (const first of [east, west]) {
    const second = first === east ? west : east;
    const acd = create();
    const again = order(acd);
    again(first, { kind: 'nodeStates', statement: kept.statementOf(first) });
    again(second, { kind: 'nodeStates', statement: kept.statementOf(second) });
    t.match(acd.acd.agent(hanako), { state: 'on-call', callId: c1, nextState: null });
    t.equal(acd.acd.agent(taro)?.state, 'not-ready');
    t.equal(acd.acd.position(c2), 1);
    t.equal(acd.placeOf(c1)?.node, west);
    t.equal(acd.deskOf(hanako), east);
  }
});

test('a node alone keeps its own desks and callers', async (t) => {
  const acd = create();
  const give = order(acd);
  give(east, signIn(hanako));
  give(west, signIn(taro));
  give(east, ready(hanako));
  give(west, ready(taro));
  acd.standAlone(west, 2000);
  t.match(acd.acd.agent(hanako), { state: 'not-ready', because: 'live-state-away' });
  t.equal(acd.acd.agent(taro)?.state, 'available');
});

test('ring-all rings desks of several nodes; a node that goes takes its own along, and the first answer has the call', async (t) => {
  const acd = new SharedAcd({ queues: [{ ...queues[0]!, strategy: 'ring-all' }], afterCallWorkSeconds: 10 });
  const give = order(acd);
  const ringing = () => acd.offersOf(east).map(({ personId }) => personId);
  for (const [node, personId] of [
    [east, hanako],
    [west, taro],
  ] as const) {
    give(node, signIn(personId));
    give(node, ready(personId));
  }
  give(east, waits(c1, 1000));
  t.same(ringing(), [hanako, taro]);
  const copy = new SharedAcd({
    queues: [{ ...queues[0]!, strategy: 'ring-all' }],
    afterCallWorkSeconds: 10,
    from: JSON.parse(JSON.stringify(acd.snapshot())) as SharedSnapshot,
  });
  t.match(give(east, gone(west)).effects, [{ kind: 'withdraw', callId: c1, personId: taro }]);
  t.same(ringing(), [hanako], 'the other rings on');
  t.ok(give(east, answered(c1, hanako)).accepted);
  t.equal(acd.acd.agent(hanako)?.state, 'on-call');

  const { effects, accepted } = copy.applyOwn(answered(c1, taro), east, 2000);
  t.ok(accepted, 'a desk of another node may be the first');
  t.match(effects, [
    { kind: 'withdraw', personId: hanako },
    { kind: 'agentState', personId: hanako, to: 'available' },
    { kind: 'agentState', personId: taro, to: 'on-call' },
  ]);
  t.notOk(copy.applyOwn(answered(c1, hanako), east, 2001).accepted, 'the second answer is too late');
});

test('a call that overflows is nobody’s any more', async (t) => {
  const settings = { ...queues[0]!, admission: { mostWaitSeconds: 30 } };
  const acd = new SharedAcd({ queues: [settings], afterCallWorkSeconds: 10 });
  acd.applyOwn(waits(c1, 1000), east, 1000);
  const { effects } = acd.applyOwn({ kind: 'tick' }, west, 31_000);
  t.match(effects, [{ kind: 'overflow', callId: c1, because: 'waited-too-long' }]);
  t.equal(acd.placeOf(c1), undefined);
  t.same(acd.callsOf(east), []);
});
