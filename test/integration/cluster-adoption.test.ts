// The node that set up a conversation is killed: both go on hearing each other, and another node goes on with the call. On a
// FreeSWITCH of the tests' own and SIP servers that are processes of their own, ours and drachtio-server.

import { test } from 'tap';
import {
  adopted,
  attached,
  both,
  type Customer,
  conversationAt,
  customerHz,
  hanakoHz,
  outlivingCentre,
  patience,
  taroHz,
  withoutFreeswitch,
} from '../support/centre/outliving-centre.ts';
import { aWhile, hear, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import { serverKinds } from '../support/sip/sip-server-process.ts';

/** What a conversation may be without audio at most, on a machine that has much else to do. */
const silentLimitMs = 1500;

for (const kind of serverKinds)
  test(`a conversation outlives its node (${kind.name})`, {
    skip: skipWithoutRedis || withoutFreeswitch || kind.skip,
    timeout: 240_000,
  }, async (t) => {
    const { nodes, start } = await outlivingCentre(t, kind);
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
    await attached(hanako);
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
    await attached(hanako);
    await both(hanako, again.customer);
    await hanako.command('transfer', { queue: 'contracts' });
    await hanako.inState('after-call-work');
    const taro = await west.desk('taro', taroHz);
    await taro.setState('available');
    await taro.answer(await taro.rings(20_000));
    await hear('the next agent', [
      [again.customer, [taroHz]],
      [taro, [customerHz]],
    ]);
    await taro.command('hangup');
    await eventually('the customer is told', () => again.customer.endedBy === 'them', patience);
    t.match(await west.endedCall(again.callId), { cause: 'normal', side: 'agent' });
    await west.atRest();
  });

/** From now on: the longest time for which nothing came. */
function silenceOf(customer: Customer): () => number {
  const before = customer.rtp.report().gapsMs.length;
  return () => Math.max(0, ...customer.rtp.report().gapsMs.slice(before));
}
