// Supervisors with an agent, with the whole program: two at once listen, whisper and barge in. Who hears whom by tones, what the
// agent's desk and feed tell of them, what the recording has, and that the customer's audio has no gap when they come and go.

import t from 'tap';
import { hire } from '../support/centre/more-people.ts';
import { aWhile, hear, numbers, rest, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { openRobotDesk } from '../support/media/robot-desk.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;
const midoriHz = 330;
const akiraHz = 1010;

const centre = await startCentre(t);
const { engawa } = centre;
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);
// Serves no queue: a softphone, and no desk.
const midori = await centre.desk('midori', midoriHz);
const [akira, noClass] = (await hire(t, engawa, [
  {
    login: 'akira',
    role: 'supervisor',
    place: 'centre',
    clearance: 'sensitive',
    queues: ['contracts'],
    toneHz: akiraHz,
  },
  { login: 'kenji', role: 'supervisor', place: 'home', clearance: 'none', queues: [], toneHz: 550 },
])) as [Awaited<ReturnType<typeof openRobotDesk>>, Awaited<ReturnType<typeof openRobotDesk>>];

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

const talk = (agent: typeof hanako, number: string, agentHz: number) =>
  talkWith(centre, agent, { number, customerHz, agentHz });

const be = (who: typeof hanako, callId: string, mode: string) =>
  who.rest<{ code?: string }>('PUT', `/api/v1/calls/${callId}/monitor`, { mode });
const leave = (who: typeof hanako, callId: string) => who.rest('DELETE', `/api/v1/calls/${callId}/monitor`);

function longestSilenceMs(pcm: Int16Array): number {
  let [longest, run] = [0, 0];
  for (const value of pcm) {
    run = Math.abs(value) < 64 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest / 8;
}

t.test('two supervisors listen, whisper and barge in, and go', async (t) => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  await aWhile(500);
  t.equal((await be(midori, callId, 'listen')).status, 204);
  await hear('one listens', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
    [midori, [customerHz, hanakoHz]],
  ]);
  t.strictSame(hanako.view.call?.supervisors, [], 'who listens is not shown');
  t.equal((await be(akira, callId, 'whisper')).status, 204);
  await hear('another whispers to the agent', [
    [customer, [hanakoHz]],
    [hanako, [customerHz, akiraHz]],
    [midori, [customerHz, hanakoHz]],
    [akira, [customerHz, hanakoHz]],
  ]);
  await hanako.shows('who whispers', ({ call }) => call?.supervisors[0]?.mode === 'whisper');
  const whispered = Date.now();
  await aWhile(800);
  const whisperEnds = Date.now();
  t.equal((await be(akira, callId, 'barge')).status, 204);
  await hear('and barges in', [
    [customer, [hanakoHz, akiraHz]],
    [hanako, [customerHz, akiraHz]],
    [midori, [customerHz, hanakoHz, akiraHz]],
    [akira, [customerHz, hanakoHz]],
  ]);
  const { body } = await midori.rest<{ items: object[] }>('GET', '/api/v1/monitors');
  t.match(body.items, [
    { callId, personId: midori.personId, agentId: hanako.personId, mode: 'listen', connected: true },
    { callId, personId: akira.personId, mode: 'barge' },
  ]);
  const barged = Date.now();
  await aWhile(600);
  t.equal((await be(midori, callId, 'whisper')).status, 204);
  await hear('each with its own mode', [
    [customer, [hanakoHz, akiraHz]],
    [hanako, [midoriHz, customerHz, akiraHz]],
  ]);
  t.equal((await leave(akira, callId)).status, 204);
  await hear('the one is gone', [
    [customer, [hanakoHz]],
    [hanako, [midoriHz, customerHz]],
  ]);
  t.equal((await leave(akira, callId)).status, 409);
  await hanako.command('hold');
  await hear('on hold the supervisor is with the agent alone', [
    [hanako, [midoriHz]],
    [midori, [hanakoHz]],
  ]);
  await hanako.command('resume');
  await hear('and with both again', [
    [customer, [hanakoHz]],
    [midori, [customerHz, hanakoHz]],
  ]);
  midori.bye();
  await hear('two alone again', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.equal(record.segments.length, 1, 'supervisors are no segments');
  const events = await centre.events(callId);
  t.strictSame(
    events.flatMap((event) => (event.type === 'monitor-started' ? [event.mode] : [])),
    ['listen', 'whisper'],
  );
  t.equal(events.filter(({ type }) => type === 'monitor-ended').length, 2);
  t.notOk(
    hanako.feed.some(({ data }) => String(data.type).startsWith('monitor-')),
    'the agent’s feed has none of it',
  );
  const audio = await centre.recording(record.recordingIds[0]!);
  const startedAt = events.find(({ type }) => type === 'recording-started')!.at;
  const whispers = audio.level('right', akiraHz, whispered - startedAt + 100, whisperEnds - startedAt - 100);
  t.ok(whispers < 300, 'a whisper is not recorded');
  t.ok(audio.level('right', hanakoHz, whispered - startedAt + 100, whisperEnds - startedAt - 100) > 2000);
  const bargesIn = audio.level('right', akiraHz, barged - startedAt + 100, barged - startedAt + 500);
  t.ok(bargesIn > 1000, 'a barge-in is');
});

t.test('nobody hears that somebody listens: no packet is missing, and no audio', async (t) => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  await aWhile(600);
  // A machine that is held up makes gaps of its own; what supervision made would be there each time.
  const longest: number[] = [];
  for (let times = 0; times < 6 && (times < 2 || Math.min(...longest) >= 10); times++) {
    await be(midori, callId, 'listen');
    await hear('listens', [[midori, [customerHz, hanakoHz]]]);
    await leave(midori, callId);
    await eventually('gone', () => midori.line === undefined);
    longest.push(longestSilenceMs(customer.rtp.pcm(600)));
  }
  t.ok(Math.min(...longest) < 10, `the longest silences at the customer's are ${longest} ms`);
  customer.hangUp();
});

t.test('who may: by role, by the class of the call, one at a time; and it ends with the agent’s part', async (t) => {
  const { customer, callId } = await talk(taro, numbers.contract, taroHz);
  t.equal((await be(hanako, callId, 'listen')).status, 403, 'an agent may not');
  t.match(await be(noClass, callId, 'listen'), { status: 403, body: { code: 'class-forbidden' } });
  t.equal((await be(midori, callId, 'listen')).status, 204);
  await hear('listens', [[midori, [customerHz, taroHz]]]);
  await hanako.setState('available');
  const other = await centre.callIn(numbers.product, 550);
  await hanako.rings();
  await hanako.answer();
  t.match(await be(midori, hanako.view.call!.id, 'listen'), { status: 409 }, 'one call at a time');
  other.hangUp();
  await taro.command('transfer', { queue: 'contracts' });
  await eventually('the supervisor is out', () => midori.line === undefined);
  t.same((await midori.rest<{ items: object[] }>('GET', '/api/v1/monitors')).body.items, []);
  t.equal((await be(midori, callId, 'listen')).status, 409, 'nobody to listen to');
  customer.hangUp();
});

t.test('a supervisor without a softphone is told so; one whose softphone goes is out', async (t) => {
  const { customer, callId } = await talk(hanako, numbers.product, hanakoHz);
  t.equal((await be(midori, callId, 'whisper')).status, 204);
  await hear('whispers', [[hanako, [midoriHz, customerHz]]]);
  midori.dropWebSocket();
  await hear('the two alone', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  t.match(await be(midori, callId, 'listen'), { status: 409, body: { code: 'softphone-away' } });
  customer.hangUp();
});
