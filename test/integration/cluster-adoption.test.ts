// The node that set up a conversation is killed: both go on hearing each other, and another node goes on with the call. On a
// FreeSWITCH of the tests' own and SIP servers that are processes of their own, ours and drachtio-server.

import { test } from 'tap';
import { type ClusterNode, startClusterCentre } from '../support/centre/cluster-centre.ts';
import { aWhile, hear, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import { freeswitchBin, startFreeswitch, withoutServer } from '../support/servers/installed-servers.ts';
import { type ServerKind, serverKinds } from '../support/sip/sip-server-process.ts';

const customerHz = 440;
const hanakoHz = 660;
const secret = 'a-secret-for-both';
const withoutFreeswitch = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');
/** What a conversation may be without audio at most, on a machine that has much else to do. */
const silentLimitMs = 1500;
const patience = { withinMs: 30_000, everyMs: 100 };

type Customer = Awaited<ReturnType<ClusterNode['callIn']>>;
type Desk = Awaited<ReturnType<ClusterNode['desk']>>;
interface Teardown {
  teardown(undo: () => unknown): void;
}

for (const kind of serverKinds)
  test(`a conversation outlives its node (${kind.name})`, {
    skip: skipWithoutRedis || withoutFreeswitch || kind.skip,
    timeout: 240_000,
  }, async (t) => {
    const { nodes, start } = await centreOn(t, kind);
    const [east, west] = [nodes[0]!, nodes[1]!];
    const hanako = await west.desk('hanako', hanakoHz);

    t.comment('the desk is at another node than the call; resume, hang-up by the customer');
    const first = await conversationAt(east, hanako);
    await aWhile(2500);
    const silent = silenceOf(first.customer);
    const killedAt = performance.now();
    await east.kill();
    await adopted(west, first.callId);
    t.comment(`adopted after ${Math.round(performance.now() - killedAt)} ms`);
    await both(hanako, first.customer);
    await eventually('the desk has a leg of this node', () => hanako.line?.purpose === 'attach', patience);
    await both(hanako, first.customer);
    t.comment(`the customer was without audio for ${silent()} ms`);
    t.ok(silent() < silentLimitMs, `${silent()} ms`);
    await hanako.command('hold');
    await hear('music', [[hanako, []]]);
    await hanako.command('resume');
    await both(hanako, first.customer);
    await aWhile(1500);
    first.customer.hangUp();
    const record = await west.endedCall(first.callId);
    t.match(record, { cause: 'normal', side: 'customer' });
    t.equal(record.recordingIds.length, 2, 'a recording of each node');
    t.equal(record.segments.length, 1, 'one agent, once');
    const second = await west.recording(record.recordingIds[1]!);
    const [from, to] = [second.durationMs - 1200, second.durationMs - 800];
    t.ok(second.level('left', customerHz, from, to) > 2000, 'the customer is in the second');
    t.ok(second.level('right', hanakoHz, from, to) > 2000, 'and the agent');
    const told = (await west.events(first.callId)).map(({ type }) => type);
    t.equal(told.filter((type) => type === 'call-ended').length, 1, 'one end');
    await rest(hanako);
    await west.atRest();

    t.comment('transferred by the adopter');
    const north = await start('north');
    const again = await conversationAt(north, hanako);
    await north.kill();
    await adopted(west, again.callId);
    await eventually('the desk has a leg of this node', () => hanako.line?.purpose === 'attach', patience);
    await both(hanako, again.customer);
    await hanako.command('transfer', { queue: 'contracts' });
    await hanako.inState('after-call-work');
    const taro = await west.desk('taro', 330);
    await taro.setState('available');
    await taro.answer(await taro.rings(20_000));
    await hear('the next agent', [
      [again.customer, [330]],
      [taro, [customerHz]],
    ]);
    await taro.command('hangup');
    await eventually('the customer is told', () => again.customer.endedBy === 'them', patience);
    t.match(await west.endedCall(again.callId), { cause: 'normal', side: 'agent' });
    await west.atRest();
  });

/** Two nodes on one FreeSWITCH and one SIP server, neither of which is theirs. */
async function centreOn(t: Teardown, kind: ServerKind) {
  const freeswitch = await startFreeswitch(t, { FS_CANDIDATE_ACL: 'any_v4.auto' });
  const server = await kind.start(t, { secret });
  const { host, port, password } = freeswitch.eventSocket;
  process.env['ENGAWA_TEST_OWN_FREESWITCH'] = password;
  process.env['ENGAWA_TEST_SIP_SECRET'] = secret;
  return startClusterCentre(t, ['east', 'west'], {
    ringTimeoutSeconds: 20,
    config: {
      sip: { kind: 'drachtio', servers: [{ ...server.address, secret: 'env:ENGAWA_TEST_SIP_SECRET' }] },
      media: {
        kind: 'freeswitch',
        servers: [{ name: 'fs', host, port, password: 'env:ENGAWA_TEST_OWN_FREESWITCH' }],
      },
    },
  });
}

/** The SIP server gives calls to the nodes in turn: one is made that this node has. */
async function conversationAt(node: ClusterNode, desk: Desk): Promise<{ customer: Customer; callId: string }> {
  for (;;) {
    const customer = await node.callIn(numbers.product, customerHz);
    await eventually('the desk answers', () => available(desk), { withinMs: 60_000, everyMs: 100 });
    await both(desk, customer);
    const { callId } = desk.line!;
    const here = (await node.nodes()).find((one) => one.here)!;
    if (here.calls === 1) return { customer, callId };
    customer.hangUp();
    await rest(desk);
  }
}

/**
 * Which node takes its REGISTER is the SIP server's to choose, and the other knows of it a moment later. Where a desk cannot be
 * rung in time, on a machine that has much else to do, its agent becomes not ready.
 */
async function available(desk: Desk): Promise<true> {
  await desk.setState('available');
  await desk.answer(await desk.rings(10_000));
  return true;
}

const both = (desk: Desk, customer: Customer) =>
  hear('both hear each other', [
    [customer, [hanakoHz]],
    [desk, [customerHz]],
  ]);

/** From now on: the longest time for which nothing came. */
function silenceOf(customer: Customer): () => number {
  const before = customer.rtp.report().gapsMs.length;
  return () => Math.max(0, ...customer.rtp.report().gapsMs.slice(before));
}

const adopted = (node: ClusterNode, callId: string) =>
  eventually(
    'another node goes on with the call',
    async () => (await node.events(callId)).some(({ type }) => type === 'call-adopted'),
    { withinMs: 30_000, everyMs: 50 },
  );
