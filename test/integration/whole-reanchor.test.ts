// A media engine is killed under a call, in every phase of one: both sides hear each other again, the recording goes on as one,
// the record says what happened. Seen from outside: real RTP and SIP, the desk over WebSocket, processes killed by the system.

import t, { type Test } from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import { mediaPids, ownerOfUdpPort, signal } from '../support/servers/running-parts.ts';
import type { Customer } from '../support/sip/carrier.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;
/** What a call may be without audio at most, on a machine that has much else to do. */
const silentLimitMs = 8000;

const centre = await startCentre(t, { config: { media: { engines: 2 } } });
const { engawa } = centre;
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz, { refusesOffers: true });

t.afterEach(async () => {
  await eventually('both engines run', () => mediaPids(engawa).length === 2, { withinMs: 20_000, everyMs: 100 });
  await rest(hanako, taro);
  await centre.atRest();
});

/** Kills the engine that this customer's audio goes to; when. */
async function killEngineOf(customer: Customer): Promise<number> {
  await eventually('both engines run', () => mediaPids(engawa).length === 2, { withinMs: 20_000, everyMs: 100 });
  await eventually('it sends', () => customer.rtp.report().ssrcs.length > 0, { withinMs: 10_000 });
  const pid = ownerOfUdpPort(mediaPids(engawa), customer.rtp.audio!.remote!.port);
  signal([pid], 'SIGKILL');
  return performance.now();
}

async function connect(agent: RobotDesk, agentHz: number) {
  const customer = await centre.callIn(numbers.product, customerHz);
  await agent.rings();
  await agent.answer();
  await hear('both hear each other', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
  return { customer, callId: agent.line!.callId };
}

/** The events of the moves, once there are as many. */
async function moves(callId: string, count: number) {
  return eventually(
    `${count} parties are anchored again`,
    async () => {
      const found = (await centre.events(callId)).flatMap((event) =>
        event.type === 'media-reanchored' ? [event] : [],
      );
      return found.length === count ? found : undefined;
    },
    { withinMs: 15_000, everyMs: 100 },
  );
}

/** The far end sees a new source: what it hears from now on comes from the other engine. */
async function hearsAnotherEngine(customer: Customer, sources = 2): Promise<void> {
  await eventually('packets of another engine', () => customer.rtp.report().ssrcs.length === sources, {
    withinMs: 15_000,
  });
  // What came before is out of every window that is listened to.
  await aWhile(600);
}

const origin = (sdp: string) => /^o=(\S+ \S+) (\d+) (.*?)\s*$/m.exec(sdp)?.slice(1) ?? [];

t.test('talking: both hear each other again, in one recording', async (t) => {
  await hanako.setState('available');
  const { customer, callId } = await connect(hanako, hanakoHz);
  await aWhile(1500);
  const offered = hanako.line!.invite.body;
  const answered = customer.rtp.audio!.remote!.port;
  const killedAt = await killEngineOf(customer);
  await eventually('the desk is asked', () => hanako.line!.offers.length === 1, { withinMs: 10_000 });
  await hear('both hear each other again', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  t.ok(performance.now() - killedAt < silentLimitMs, `within ${Math.round(performance.now() - killedAt)} ms`);
  const found = await moves(callId, 2);
  t.same(found.map(({ party }) => party).sort(), ['agent', 'customer']);
  t.same(found.map(({ from, to }) => `${from} to ${to}`)[0], found.map(({ from, to }) => `${from} to ${to}`)[1]);
  const gapMs = Math.max(0, ...customer.rtp.report().gapsMs);
  t.comment(
    `customer without audio for ${gapMs} ms; told: ${found.map(({ party, silentMs }) => `${party} ${silentMs} ms`)}`,
  );
  t.not(customer.rtp.audio!.remote!.port, answered, 'at another port');
  const [before, after] = [origin(offered), origin(hanako.line!.offers[0]!.body)];
  t.same([after[0], after[2]], [before[0], before[2]], 'one SDP session');
  t.equal(Number(after[1]), Number(before[1]) + 1);
  t.same(hanako.view.call?.state, 'connected', 'the desk shows nothing of it');

  await aWhile(3500);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.match(record, { cause: 'normal', side: 'customer', segments: [{}], reanchored: { times: 2 } });
  t.equal(record.segments.length, 1);
  await oneRecording(t, record, { beforeMs: 1200, lastMs: 1200 });
});

async function oneRecording(t: Test, record: CallView, { beforeMs, lastMs }: { beforeMs: number; lastMs: number }) {
  t.equal(record.recordingIds.length, 1, 'one recording');
  const audio = await centre.recording(record.recordingIds[0]!);
  const talkedMs = record.endedAt! - record.agentAnsweredAt!;
  t.ok(
    Math.abs(audio.durationMs - talkedMs) < 1500,
    `as long as the conversation: ${audio.durationMs} of ${talkedMs} ms`,
  );
  const [from, to] = [audio.durationMs - lastMs, audio.durationMs - 300];
  t.ok(audio.level('left', customerHz, 300, beforeMs) > 2000, 'the customer before');
  t.ok(audio.level('left', customerHz, from, to) > 2000, 'the customer afterwards');
  t.ok(audio.level('right', hanakoHz, 300, beforeMs) > 2000, 'the agent before');
  t.ok(audio.level('right', hanakoHz, from, to) > 2000, 'the agent afterwards');
}

t.test('in the menu: the choice is taken at another engine', async (t) => {
  const customer = await centre.callIn(numbers.menu, customerHz);
  await killEngineOf(customer);
  await hearsAnotherEngine(customer);
  await hanako.setState('available');
  await customer.digits('2');
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  const { callId } = hanako.line!;
  await moves(callId, 1);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { cause: 'normal', reason: 'product-question', reanchored: { times: 1 } });
});

t.test('in the queue: the music goes on, and an agent comes', async (t) => {
  const customer = await centre.callIn(numbers.product, customerHz);
  await hearsMusic(customer, []);
  await killEngineOf(customer);
  await hearsAnotherEngine(customer);
  await hearsMusic(customer, []);
  await hanako.setState('available');
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  const { callId } = hanako.line!;
  await moves(callId, 1);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { cause: 'normal', reanchored: { times: 1 } });
});

t.test('while the desk rings: it rings on, and the answer connects', async (t) => {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  const line = await hanako.rings();
  await killEngineOf(customer);
  await eventually('the customer is asked', () => customer.requests.some(({ method }) => method === 'INVITE'), {
    withinMs: 10_000,
  });
  t.equal(line.state, 'ringing');
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  await moves(line.callId, 2);
  customer.hangUp();
  const record = await centre.endedCall(line.callId);
  t.match(record, { cause: 'normal', segments: [{}], reanchored: { times: 2 } });
  t.notOk(
    (await centre.events(line.callId)).some(({ type }) => type === 'agent-not-answered'),
    'the agent is not blamed',
  );
});

t.test('on hold and muted: held and muted it stays', async (t) => {
  await hanako.setState('available');
  const { customer, callId } = await connect(hanako, hanakoHz);
  await hanako.command('mute');
  await hear('muted', [[customer, []]]);
  await hanako.command('hold');
  await hearsMusic(customer, [hanakoHz]);
  await killEngineOf(customer);
  await moves(callId, 2);
  await hearsAnotherEngine(customer);
  await hearsMusic(customer, [hanakoHz]);
  await hear('held', [[hanako, []]]);
  t.match(hanako.view.call, { state: 'held', muted: true });
  await hanako.command('resume');
  await hear('resumed, and still muted', [
    [customer, []],
    [hanako, [customerHz]],
  ]);
  await hanako.command('unmute');
  await hear('heard again', [[customer, [hanakoHz]]]);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { cause: 'normal', reanchored: { times: 2 } });
});

t.test('outbound, while the customer’s telephone rings: the answer connects', async (t) => {
  await hanako.setState('available');
  let pickUp = () => {};
  const pickedUp = new Promise<void>((resolve) => {
    pickUp = resolve;
  });
  centre.carrier.next({ answer: { toneHz: customerHz, after: pickedUp } });
  const dialled = await hanako.dial({ number: '0312340001' });
  const { callId } = dialled.body;
  const called = await eventually('the customer is called', () =>
    centre.carrier.called.find(({ customer }) => customer.state === 'ringing'),
  );
  signal(mediaPids(engawa), 'SIGKILL');
  await eventually('the desk is asked', () => (hanako.line?.offers.length ?? 0) > 0, { withinMs: 10_000 });
  t.equal(called.customer.state, 'ringing');
  pickUp();
  await hear('both hear each other', [
    [called.customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  await moves(callId, 2);
  called.customer.hangUp();
  t.match(await centre.endedCall(callId), { cause: 'normal', side: 'customer', reanchored: { times: 2 } });
});

t.test('both engines die at once: the call waits for one to be started again', async (t) => {
  await hanako.setState('available');
  const { customer, callId } = await connect(hanako, hanakoHz);
  const killedAt = performance.now();
  signal(mediaPids(engawa), 'SIGKILL');
  await moves(callId, 2);
  await hear('both hear each other again', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  t.comment(`both engines: ${Math.round(performance.now() - killedAt)} ms until heard`);
  customer.hangUp();
  t.match(await centre.endedCall(callId), { cause: 'normal', side: 'customer', reanchored: { times: 2 } });
});

t.test('a desk that refuses the re-INVITE is called again on a new leg', async (t) => {
  await taro.setState('available');
  const { customer, callId } = await connect(taro, taroHz);
  await killEngineOf(customer);
  await eventually('the desk refuses', () => taro.lines.some(({ offers }) => offers.length === 1), {
    withinMs: 10_000,
  });
  await eventually('another line', () => taro.line?.purpose === 'attach' && taro.line.state === 'answered', {
    withinMs: 10_000,
  });
  await hear('both hear each other again', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  await moves(callId, 1);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.match(record, { cause: 'normal', side: 'customer', segments: [{}], reanchored: { times: 1 } });
  t.equal(record.segments.length, 1, 'one agent, once');
});

t.test('no byte that the home received names the customer’s number', async (t) => {
  t.same(findNumber(hanako.proxy.toClient(), '+819012345678'), []);
});
