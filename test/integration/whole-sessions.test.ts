// Sessions that end under a live call, and a desk that another computer takes over: the built program, real SIP and real audio, in
// milliseconds. What becomes of the customer is the rule of docs/people-and-sessions.md.

import t from 'tap';
import { addAdministrator } from '../support/centre/administrator.ts';
import { hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk, RobotLine } from '../support/media/robot-desk.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;

const centre = await startCentre(t, { calls: { reattachSeconds: 6 } });
const { engawa } = centre;
const administrator = await addAdministrator(engawa);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await rest(taro);
  await centre.atRest();
});

interface OpenSession {
  id: string;
  current: boolean;
  desk: boolean;
}

async function connect(agent: RobotDesk, agentHz: number) {
  await agent.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  const line = await agent.rings();
  await agent.answer();
  await hear('both hear each other', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
  return { customer, line, callId: agent.view.call!.id };
}

/** When the last packet of audio came. */
function watchAudio(line: RobotLine): { lastAt(): number; stop(): void } {
  let [count, lastAt] = [line.media.packetsReceived(), performance.now()];
  const timer = setInterval(() => {
    const now = line.media.packetsReceived();
    if (now !== count) [count, lastAt] = [now, performance.now()];
  }, 5);
  t.teardown(() => clearInterval(timer));
  return { lastAt: () => lastAt, stop: () => clearInterval(timer) };
}

async function msUntil(what: string, since: number, fits: () => boolean): Promise<number> {
  await eventually(what, fits, { everyMs: 5, withinMs: 10_000 });
  return performance.now() - since;
}

const isCut = (agent: RobotDesk) =>
  agent.feed.some(({ event, data }) => event === 'cut' && data.because === 'signed-out');

t.test(
  'a session is revoked under a live call: page, feed, SIP, TURN and audio are gone within a second',
  async (t) => {
    const hanako = await centre.desk('hanako', hanakoHz);
    const { customer, line, callId } = await connect(hanako, hanakoHz);
    const sessions = `/api/v1/users/${hanako.personId}/sessions`;
    const { body } = await administrator.rest<{ items: OpenSession[] }>('GET', sessions);
    t.match(body.items, [{ desk: true, current: false }]);
    const audio = watchAudio(line);
    await taro.setState('available');

    const since = performance.now();
    const revoked = administrator.rest('DELETE', `${sessions}/${body.items[0]!.id}`);
    revoked.then(({ status, body }) => status === 204 || t.fail(`${status} ${JSON.stringify(body)}`)).catch(t.fail);
    const feedMs = await msUntil('her feed is cut', since, () => isCut(hanako));
    const socketMs = await msUntil('her WebSocket is closed', since, () => !line.reachable);
    t.equal((await revoked).status, 204);
    await eventually('no audio comes any more', () => performance.now() - audio.lastAt() > 700);
    audio.stop();
    const audioMs = audio.lastAt() - since;
    t.comment(`feed ${feedMs.toFixed(0)} ms, WebSocket ${socketMs.toFixed(0)} ms, audio ${audioMs.toFixed(0)} ms`);
    for (const [what, ms] of Object.entries({ feedMs, socketMs, audioMs }))
      t.ok(ms < 1000, `${what}: ${ms.toFixed(0)}`);
    for (const [method, path] of [
      ['GET', '/api/v1/desk'],
      ['GET', '/api/v1/turn-credentials'],
      ['POST', '/api/v1/desk/softphone/ticket'],
      ['GET', '/api/v1/feed'],
    ] as const)
      t.equal((await hanako.rest(method, path, method === 'POST' ? {} : undefined)).status, 401, `${method} ${path}`);
    await t.rejects(hanako.connectPhone(), /401/, 'no softphone without a session');

    await taro.answer(await taro.rings());
    await hear('the customer was not hung up on, and is first in line again', [
      [customer, [taroHz]],
      [taro, [customerHz]],
    ]);
    const events = (await centre.events(callId)).map(({ type }) => type);
    t.ok(
      events.includes('agent-left') && events.filter((type) => type === 'queue-entered').length === 2,
      'the front of the queue',
    );
    customer.hangUp();
    await centre.endedCall(callId);
  },
);

t.test(
  'who signs out of one computer and in at another goes on with the call; the customer hears music meanwhile',
  async (t) => {
    const hanako = await centre.desk('hanako', hanakoHz);
    const { customer, line, callId } = await connect(hanako, hanakoHz);
    const audio = watchAudio(line);
    const since = performance.now();
    await hanako.rest('DELETE', '/api/v1/session');
    await hearsMusic(customer, [hanakoHz]);
    audio.stop();
    t.ok(
      audio.lastAt() - since < 1000,
      `the audio of a page that went on sending stopped after ${audio.lastAt() - since} ms`,
    );
    const back = await centre.desk('hanako', 1010);
    await eventually('the call is at the new desk', () => back.line?.state === 'answered', { withinMs: 20_000 });
    await hear('both hear each other again', [
      [customer, [1010]],
      [back, [customerHz]],
    ]);
    customer.hangUp();
    const record = await centre.endedCall(callId);
    t.equal(record.segments.length, 1, 'one segment');
    await back.signOut();
  },
);

t.test(
  'one desk per person: another computer is told, takes over, and the call comes along without a gap',
  async (t) => {
    const first = await centre.desk('hanako', hanakoHz);
    const { customer, line, callId } = await connect(first, hanakoHz);
    const second = await centre.desk('hanako', 1010, { withoutPhone: true });
    const tenure = await second.rest<{ desk: string; inCall: boolean; since: number }>('GET', '/api/v1/desk/tenure');
    t.match(tenure.body, { desk: 'elsewhere', inCall: true, since: Number, userAgent: /RobotDesk/ });
    const refused = await second.rest('POST', '/api/v1/desk/softphone/ticket', {});
    t.match(refused, { status: 409, body: { code: 'desk-open-elsewhere' } });
    t.match(
      await second.rest('PUT', '/api/v1/desk/state', { state: 'not-ready' }),
      { status: 409 },
      'nor is its state changed',
    );
    const gapsBefore = customer.rtp.report().gapsMs.length;
    const since = performance.now();
    await second.connectPhone({ takeOver: true });
    const socketMs = await msUntil('the first one is cut off', since, () => !line.reachable);
    t.ok(socketMs < 1000, `after ${socketMs.toFixed(0)} ms`);
    await eventually('the call is at the second', () => second.line?.state === 'answered', { withinMs: 20_000 });
    await hear('both hear each other', [
      [customer, [1010]],
      [second, [customerHz]],
    ]);
    const gaps = customer.rtp.report().gapsMs.slice(gapsBefore);
    t.ok(Math.max(0, ...gaps) < 1000, `the customer heard gaps of ${gaps.join(', ') || 'no'} ms`);
    t.match(await first.rest('POST', '/api/v1/desk/softphone/ticket', {}), { status: 409 }, 'the first is told now');
    t.match((await first.rest('GET', '/api/v1/desk/tenure')).body, { desk: 'elsewhere', inCall: true });
    const own = await second.rest<{ items: OpenSession[] }>('GET', '/api/v1/sessions');
    t.match(own.body.items, [
      { current: true, desk: true },
      { current: false, desk: false },
    ]);

    const old = own.body.items[1]!.id;
    t.equal((await second.rest('DELETE', `/api/v1/sessions/${old}`)).status, 204);
    await eventually('the first page is signed out', () => isCut(first));
    await hear('the call does not notice', [[customer, [1010]]]);
    t.equal((await second.rest('DELETE', `/api/v1/sessions/${old}`)).status, 404, 'twice is once');
    customer.hangUp();
    t.equal((await centre.endedCall(callId)).segments.length, 1);
    await second.signOut();
  },
);

t.test('a supervisor’s session is revoked while she listens: she hears nothing more, the call goes on', async (t) => {
  const hanako = await centre.desk('hanako', hanakoHz);
  const midori = await centre.desk('midori', 1270);
  const { customer, callId } = await connect(hanako, hanakoHz);
  t.equal((await midori.rest('PUT', `/api/v1/calls/${callId}/monitor`, { mode: 'listen' })).status, 204);
  await eventually('she hears both', () => midori.hears().length === 2, { withinMs: 20_000 });
  const audio = watchAudio(midori.line!);
  const since = performance.now();
  const sessions = `/api/v1/users/${midori.personId}/sessions`;
  t.match(await administrator.rest('DELETE', sessions), { status: 200, body: { ended: 1 } });
  await eventually('no audio comes any more', () => performance.now() - audio.lastAt() > 700);
  audio.stop();
  t.ok(audio.lastAt() - since < 1000, `${(audio.lastAt() - since).toFixed(0)} ms`);
  await hear('the call goes on', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  customer.hangUp();
  await centre.endedCall(callId);
  await hanako.signOut();
});

t.test('somebody is disabled in mid-call: the customer goes on with a colleague', async (t) => {
  const hanako = await centre.desk('hanako', hanakoHz);
  const { customer, callId } = await connect(hanako, hanakoHz);
  const person = `/api/v1/users/${hanako.personId}`;
  t.equal((await administrator.rest('PATCH', person, { disabled: true })).status, 200);
  await eventually('she is out', async () => (await hanako.rest('GET', '/api/v1/desk')).status === 401);
  t.ok(hanako.feed.some(({ event }) => event === 'cut'));
  await hearsMusic(customer, [hanakoHz]);
  await taro.setState('available');
  await taro.answer(await taro.rings());
  await hear('a colleague takes it', [[customer, [taroHz]]]);
  t.equal((await administrator.rest('PATCH', person, { disabled: false })).status, 200);
  customer.hangUp();
  await centre.endedCall(callId);
});
