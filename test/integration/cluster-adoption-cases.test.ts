// In the middle of what a conversation is adopted: a pause of the recording by hand, hold, a question to a colleague, after-call work, a
// carrier that speaks SRTP, and a desk whose own node is the one that died. On a FreeSWITCH of the tests' own and SIP servers that are
// processes of their own.

import { type Test, test } from 'tap';
import type { ClusterNode } from '../support/centre/cluster-centre.ts';
import {
  adopted,
  attached,
  both,
  conversationAt,
  customerHz,
  type Desk,
  hanakoHz,
  outlivingCentre,
  patience,
  taroHz,
  withoutFreeswitch,
} from '../support/centre/outliving-centre.ts';
import { aWhile, hear, hearsMusic, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';
import type { Heard } from '../support/recording/opened-audio.ts';
import { ownServerProcess, serverKinds } from '../support/sip/sip-server-process.ts';

const spoken = 1500;
const silent = 30;

type Case = (t: Test, east: ClusterNode, west: ClusterNode, keepsDialogs: boolean) => Promise<void>;

/** Each kills the first node, and is at rest at the second in the end. */
const cases: Record<string, Case> = {
  async 'a recording that was paused by hand stays paused'(t, east, west) {
    const hanako = await west.desk('hanako', hanakoHz);
    const { customer, callId } = await conversationAt(east, hanako);
    await aWhile(1000);
    await hanako.command('pause-recording');
    await hanako.shows('paused', ({ call }) => isPausedByHand(call));
    await east.kill();
    await adopted(west, callId);
    await attached(hanako);
    await both(hanako, customer);
    await hanako.shows('recorded, and still paused', ({ call }) => call?.recording === true && isPausedByHand(call));
    await aWhile(2000);
    await hanako.command('resume-recording');
    await hanako.shows('recorded again', ({ call }) => call !== null && call.recordingPaused === undefined);
    await aWhile(2000);
    customer.hangUp();
    const record = await west.endedCall(callId);
    const heard = await west.recording(record.recordingIds[1]!);
    const begins = soundBegins(heard);
    t.ok(begins > 1500, `nothing is recorded before ${begins} ms`);
    t.ok(heard.level('left', customerHz, begins + 200, heard.durationMs - 200) > spoken, 'then the customer is');
    t.ok(heard.level('right', hanakoHz, begins + 200, heard.durationMs - 200) > spoken, 'and the agent');
    await leave(hanako);
  },

  async 'a customer on hold stays on hold'(t, east, west) {
    const hanako = await west.desk('hanako', hanakoHz);
    const { customer, callId } = await conversationAt(east, hanako);
    await hanako.command('hold');
    await hearsMusic(customer, [hanakoHz, customerHz]);
    await east.kill();
    await adopted(west, callId);
    await attached(hanako);
    await hanako.shows('on hold', ({ call }) => call?.state === 'held');
    await hearsMusic(customer, [hanakoHz, customerHz]);
    t.same(hanako.hears(300), [], 'the agent hears nobody');
    await hanako.command('resume');
    await both(hanako, customer);
    await aWhile(500);
    await hanako.command('hangup');
    await eventually('the customer is told', () => customer.endedBy === 'them', patience);
    const record = await west.endedCall(callId);
    t.match(record, { cause: 'normal', side: 'agent' });
    t.ok(record.segments[0]!.holdMs > 4000, `on hold for ${record.segments[0]!.holdMs} ms, that of both nodes`);
    await leave(hanako);
  },

  async 'the desk was at the node that died: its page goes to another'(t, east, west) {
    const before = await east.desk('hanako', hanakoHz);
    const { customer, callId } = await conversationAt(east, before);
    await east.kill();
    await adopted(west, callId);
    await both(before, customer);
    t.comment('the page is at the other node, and its softphone a moment later');
    const hanako = await west.desk('hanako', hanakoHz, { withoutPhone: true });
    await hanako.shows('its call', ({ state, call }) => state === 'on-call' && call?.id === callId);
    await hanako.connectPhone();
    await attached(hanako);
    before.vanish();
    await both(hanako, customer);
    await hanako.command('hold');
    await hear('nobody', [[hanako, []]]);
    await hanako.command('resume');
    await both(hanako, customer);
    await hanako.command('hangup');
    await eventually('the customer is told', () => customer.endedBy === 'them', patience);
    t.match(await west.endedCall(callId), { cause: 'normal', side: 'agent', segments: [{}] });
    await hanako.inState('available');
    await leave(hanako);
  },

  async 'a carrier that speaks SRTP is asked anew with the keys it has'(t, east, west) {
    const hanako = await west.desk('hanako', hanakoHz);
    const { customer, callId } = await conversationAt(east, hanako, { srtp: true });
    const refused = () => customer.rtp.report().refused;
    t.equal(refused(), 0);
    await east.kill();
    await adopted(west, callId);
    await attached(hanako);
    await both(hanako, customer);
    await hanako.command('hold');
    await hearsMusic(customer, [hanakoHz, customerHz]);
    await hanako.command('resume');
    await both(hanako, customer);
    await aWhile(1000);
    t.equal(refused(), 0, 'every packet opened');
    t.ok(customer.rtp.audio?.crypto, 'still sealed');
    customer.hangUp();
    const record = await west.endedCall(callId);
    t.match(record, { cause: 'normal', side: 'customer' });
    const heard = await west.recording(record.recordingIds[1]!);
    t.ok(heard.level('left', customerHz, heard.durationMs - 900, heard.durationMs - 300) > spoken);
    await leave(hanako);
  },

  async 'a colleague was being asked: the customer and the agent go on'(t, east, west, keepsDialogs) {
    const hanako = await west.desk('hanako', hanakoHz);
    const taro = await west.desk('taro', taroHz);
    const { customer, callId } = await conversationAt(east, hanako);
    await taro.setState('available');
    await hanako.command('consult', { personId: taro.personId });
    await taro.answer(await taro.rings());
    await hear('the two colleagues', [
      [hanako, [taroHz]],
      [taro, [hanakoHz]],
    ]);
    await east.kill();
    await adopted(west, callId);
    await attached(hanako);
    await hanako.shows('on hold, nobody is asked', ({ call }) => call?.state === 'held' && call.consultation === null);
    // drachtio-server has nobody who would send the BYE: the colleague hangs up.
    if (keepsDialogs) await eventually('the colleague is let go', () => taro.line === undefined, patience);
    else taro.bye();
    await taro.shows('no call', ({ call }) => call === null);
    await hearsMusic(customer, [hanakoHz, customerHz, taroHz]);
    t.same(hanako.hears(300), [], 'the agent hears nobody');
    await hanako.command('resume');
    await both(hanako, customer);
    t.comment('asked again, and completed this time');
    await free(taro);
    await hanako.command('consult', { personId: taro.personId });
    await taro.answer(await taro.rings());
    await hear('the two colleagues', [[hanako, [taroHz]]]);
    await hanako.command('complete');
    await both(taro, customer, taroHz);
    customer.hangUp();
    const record = await west.endedCall(callId);
    t.match(record, { cause: 'normal', side: 'customer' });
    t.same(
      record.segments.map(({ personId }) => personId),
      [hanako.personId, taro.personId],
    );
    await leave(hanako, taro);
  },

  async 'after-call work of a call whose node died comes to its end'(t, east, west) {
    const hanako = await west.desk('hanako', hanakoHz);
    const { customer, callId } = await conversationAt(east, hanako);
    customer.hangUp();
    await hanako.inState('after-call-work');
    t.match(await west.endedCall(callId), { cause: 'normal', side: 'customer' });
    await east.kill();
    await eventually('the other is seen to be gone', async () => (await west.nodes()).length === 1, patience);
    await free(hanako);
    const states = hanako.feed.flatMap(({ event, data }) => (event === 'desk' ? [data.state as string] : []));
    t.equal(states.slice(states.lastIndexOf('after-call-work') + 1)[0], 'available', 'nothing cuts it short');
    const again = await conversationAt(west, hanako);
    again.customer.hangUp();
    await west.endedCall(again.callId);
    const told = (await west.events(callId)).map(({ type }) => type);
    t.equal(told.filter((type) => type === 'call-ended').length, 1, 'one end');
    await leave(hanako);
  },
};

/** Longer than it takes to see that a node has gone. */
const withLongAfterCallWork = ['general', 'contracts'].map((name) => ({
  name,
  label: { ja: name, en: name },
  ringTimeoutSeconds: 20,
  afterCallWorkSeconds: 15,
}));

const isPausedByHand = (call: Desk['view']['call']) => call?.recordingPaused?.includes('by-hand') === true;

const free = (desk: Desk) => desk.inState('available');

/** The first tenth of a second in which either side is heard. */
function soundBegins(heard: Heard): number {
  for (let at = 0; at + 100 <= heard.durationMs; at += 100)
    if ((['left', 'right'] as const).some((side) => heard.loudness(side, at, at + 100) >= silent)) return at;
  return heard.durationMs;
}

/** The desk of this person may be opened anew by the next case. */
async function leave(...desks: Desk[]): Promise<void> {
  await rest(...desks);
  for (const desk of desks) desk.vanish();
}

for (const kind of serverKinds)
  test(`a conversation is adopted in the middle of something (${kind.name})`, {
    skip: skipWithoutRedis || withoutFreeswitch || kind.skip,
    timeout: 900_000,
  }, async (t) => {
    const { nodes, start } = await outlivingCentre(t, kind, { queues: withLongAfterCallWork });
    const west = nodes[1]!;
    let east: ClusterNode | undefined = nodes[0]!;
    for (const [index, [name, happens]] of Object.entries(cases).entries()) {
      await t.test(name, { timeout: 300_000 }, async (t) => {
        east ??= await start(`east-${index}`);
        const killed = east;
        east = undefined;
        await happens(t, killed, west, kind === ownServerProcess);
        await west.atRest();
      });
    }
  });
