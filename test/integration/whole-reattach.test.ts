// A desk that loses its WebSocket, its audio or everything in mid-call, and comes back, or does not: what each side hears
// meanwhile and afterwards.

import t from 'tap';
import { findNumber } from '../support/centre/number-finder.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;

const centre = await startCentre(t, { config: { media: { kind: 'embedded', mediaTimeoutSeconds: 3 } } });
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

async function connect(agent: RobotDesk, agentHz: number) {
  await agent.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await agent.rings();
  await agent.answer();
  await hear('both hear each other', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
  return { customer, callId: agent.view.call!.id };
}

/** Both hear each other on a new leg. */
async function backAgain(agent: RobotDesk, agentHz: number, customer: { hears(lastMs?: number): number[] }) {
  await eventually('a new line', () => agent.line?.purpose === 'attach' && agent.line.state === 'answered', {
    withinMs: 30_000,
  });
  await hear('both hear each other again', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
}

t.test('the WebSocket drops and is back: the customer’s audio never stops', async (t) => {
  const { customer, callId } = await connect(hanako, hanakoHz);
  await aWhile(500);
  const gapsBefore = customer.rtp.report().gapsMs.length;
  hanako.dropWebSocket();
  await aWhile(300);
  await hear('the audio does not need the WebSocket', [[customer, [hanakoHz]]]);
  await hanako.connectPhone();
  await backAgain(hanako, hanakoHz, customer);
  const gaps = customer.rtp.report().gapsMs.slice(gapsBefore);
  t.ok(Math.max(0, ...gaps) < 1000, `gaps of ${gaps.join(', ')} ms`);
  const events = await centre.events(callId);
  t.equal(
    events.some((event) => event.type === 'agent-detached'),
    false,
    'the agent was never away',
  );
  t.ok(events.some((event) => event.type === 'agent-attached'));
  await eventually(
    'the old line has ended',
    () => hanako.lines.filter((line) => line.state === 'answered').length === 1,
  );
  await hanako.command('hold');
  await hearsMusic(customer, [hanakoHz]);
  await hanako.command('resume');
  await hear('commands go on working', [[customer, [hanakoHz]]]);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.equal(record.segments.length, 1, 'one segment, whatever happened to the desk');
});

t.test('the desk vanishes and comes back: music meanwhile, mute and hold are kept', async (t) => {
  const { customer, callId } = await connect(hanako, hanakoHz);
  await hanako.command('mute');
  hanako.vanish();
  await hearsMusic(customer, [hanakoHz]);
  await hanako.followFeed();
  await hanako.shows('away', (desk) => desk.call?.state === 'detached');
  await hanako.connectPhone();
  await eventually('a new line', () => hanako.line?.state === 'answered', { withinMs: 30_000 });
  await hear('still muted', [
    [customer, []],
    [hanako, [customerHz]],
  ]);
  t.equal(hanako.view.call?.muted, true);
  await hanako.command('unmute');
  await hear('unmuted', [[customer, [hanakoHz]]]);

  await hanako.command('hold');
  hanako.vanish();
  await hearsMusic(customer, [hanakoHz]);
  await hanako.followFeed();
  await hanako.connectPhone();
  await eventually('a new line', () => hanako.line?.state === 'answered', { withinMs: 30_000 });
  await hanako.shows('still on hold', (desk) => desk.call?.state === 'held');
  await hearsMusic(customer, [hanakoHz]);
  await hear('nothing of the customer', [[hanako, []]]);
  await hanako.command('resume');
  await hear('resumed on the new leg', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  customer.hangUp();
  const types = (await centre.events(callId)).map((event) => event.type);
  t.ok(types.includes('agent-detached') && types.includes('agent-attached'));
});

t.test('a desk that reloads twice in a row is found where it is at last', async () => {
  const { customer } = await connect(hanako, hanakoHz);
  hanako.vanish();
  await hanako.connectPhone();
  hanako.dropWebSocket();
  await hanako.connectPhone();
  hanako.dropWebSocket();
  await hanako.connectPhone();
  await hanako.followFeed();
  await backAgain(hanako, hanakoHz, customer);
  customer.hangUp();
});

t.test('the same person signs in elsewhere: the call moves to the new desk', async (t) => {
  const { customer } = await connect(hanako, hanakoHz);
  const elsewhere = await centre.desk('hanako', 1010);
  await eventually('the new desk has the call', () => elsewhere.line?.state === 'answered', { withinMs: 30_000 });
  await hear('the customer is with the new desk', [
    [customer, [1010]],
    [elsewhere, [customerHz]],
  ]);
  await eventually('the old desk is cut off', () => hanako.line?.reachable === false);
  hanako.vanish();
  await elsewhere.command('hangup');
  await elsewhere.signOut();
  await hanako.followFeed();
  await hanako.connectPhone();
  t.pass();
});

t.test('the audio alone stops: the desk is rung again by itself', async () => {
  const { customer } = await connect(hanako, hanakoHz);
  hanako.line!.media.silence();
  await backAgain(hanako, hanakoHz, customer);
  customer.hangUp();
});

t.test('a desk that never comes back: the call is first in its queue again, the agent not ready', async (t) => {
  const { customer, callId } = await connect(hanako, hanakoHz);
  const second = await centre.callIn(numbers.product, 550, '08011110000');
  hanako.vanish();
  await hearsMusic(customer, [hanakoHz]);
  await eventually(
    'it waits again',
    async () => (await centre.events(callId)).filter((event) => event.type === 'queue-entered').length === 2,
    { withinMs: 40_000, everyMs: 100 },
  );
  await taro.setState('available');
  await taro.rings();
  await taro.answer();
  await hear('the caller who had been served is first', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  second.hangUp();
  await hanako.followFeed();
  await hanako.shows('not ready', (desk) => desk.state === 'not-ready' && desk.because === 'no-softphone');
  await taro.command('hangup');
  const record = await centre.endedCall(callId);
  t.strictSame(
    record.segments.map(({ personId }) => personId),
    [hanako.personId, taro.personId],
  );
  t.ok(record.talkMs < 60_000 && record.segments[0]!.endedAt !== null);
  await hanako.connectPhone();
});

t.test('an outbound call whose desk never comes back ends', async (t) => {
  centre.carrier.next({ answer: { toneHz: customerHz } });
  const dialled = await hanako.dial({ number: '08022223333' });
  await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
  hanako.vanish();
  const { customer } = centre.carrier.called.at(-1)!;
  await hearsMusic(customer, [hanakoHz]);
  await eventually('the customer is released', () => customer.endedBy === 'them', { withinMs: 40_000 });
  t.match(await centre.endedCall(dialled.body.callId), { side: 'agent', cause: 'unreachable' });
  await hanako.followFeed();
  await hanako.connectPhone();
});

t.test('the desk goes while it rings: the next agent is rung', async () => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await taro.setState('available');
  hanako.vanish();
  await taro.rings();
  await taro.answer();
  await hear('the other agent has the call', [[customer, [taroHz]]]);
  await taro.command('hangup');
  await hanako.followFeed();
  await hanako.connectPhone();
});

t.test('the live feed goes on where it was left, and nothing of the customers was in it', async (t) => {
  taro.dropFeed();
  const { customer, callId } = await connect(hanako, hanakoHz);
  customer.hangUp();
  await centre.endedCall(callId);
  const ids = hanako.feed.flatMap((event) => (event.id ? [event.id] : []));
  t.strictSame(ids, [...new Set(ids)], 'no event came twice over all its connections');
  t.strictSame(ids, [...ids].sort(), 'and all in their order');
  for (const desk of [hanako, taro])
    for (const number of ['+819012345678', '+818011110000', '+818022223333'])
      t.strictSame(findNumber(desk.proxy.toClient(), number), [], `${desk.login}: ${number}`);
  for (const number of ['+819012345678', '+818011110000', '+818022223333'])
    t.strictSame(findNumber(centre.engawa.log(), number), [], `log: ${number}`);
  await taro.followFeed();
});
