// A recording that pauses by itself and by hand, on the whole built program: what was said meanwhile is silence of the same length,
// on both sides, to the last tenth of a second; the gap has its marks.

import t from 'tap';
import { aWhile, hear, rest, startCentre, talkWith } from '../support/centre/whole-centre.ts';

const customerHz = 550;
const agentHz = 440;
/** Parties send with 6000 to 9000. */
const silent = 30;
const spoken = 1500;

const centre = await startCentre(t, {
  config: { recording: { pause: { during: ['hold'], for: [{ reasons: ['contract-change'] }] } } },
});
const { engawa } = centre;
const taro = await centre.desk('taro', agentHz);
t.afterEach(async () => {
  await rest(taro);
  await centre.atRest();
});

const conversation = (number: string) => talkWith(centre, taro, { number, customerHz, agentHz });

async function recorded(callId: string) {
  const record = await centre.endedCall(callId);
  const id = record.recordingIds[0]!;
  const heard = await centre.recording(id);
  const { marks = [] } = await engawa.get<{ marks?: { mark: string; atMs: number }[] }>(`/api/v1/recordings/${id}`);
  return { heard, marks, at: (mark: string) => marks.find((one) => one.mark === mark)!.atMs };
}

t.test('on hold, silence of the same length is recorded, and nothing of either side', async (t) => {
  const { customer, callId } = await conversation('+81310001111');
  await aWhile(1000);
  await taro.command('hold');
  await taro.shows('held and paused', ({ call }) => call?.recordingPaused?.includes('hold') === true);
  await aWhile(2000);
  await taro.command('resume');
  await taro.shows('recorded again', ({ call }) => call?.recordingPaused === undefined && call?.state === 'connected');
  await hear('both hear each other', [
    [customer, [agentHz]],
    [taro, [customerHz]],
  ]);
  await aWhile(1500);
  customer.hangUp();
  const { heard, marks, at } = await recorded(callId);
  t.same(
    marks.map(({ mark }) => mark),
    ['paused-hold', 'resumed'],
  );
  const [from, to] = [at('paused-hold') + 300, at('resumed') - 300];
  t.ok(to - from > 1500, `a gap of ${to - from} ms and more`);
  for (const side of ['left', 'right'] as const) t.ok(heard.loudness(side, from, to) < silent, `${side}: silence`);
  t.ok(heard.level('left', customerHz, 200, at('paused-hold') - 300) > spoken, 'before it, the customer');
  t.ok(heard.level('left', customerHz, heard.durationMs - 900, heard.durationMs - 200) > spoken, 'after it, too');
  t.ok(heard.level('right', agentHz, heard.durationMs - 900, heard.durationMs - 200) > spoken, 'and the agent');
});

t.test('by hand: an agent pauses for a card number and goes on', async (t) => {
  const { customer, callId } = await conversation('+81310001111');
  await aWhile(700);
  await taro.command('pause-recording');
  await taro.shows('paused', ({ call }) => call?.recordingPaused?.includes('by-hand') === true);
  await aWhile(1200);
  await taro.command('resume-recording');
  await taro.shows('recorded again', ({ call }) => call !== null && call.recordingPaused === undefined);
  await aWhile(1200);
  customer.hangUp();
  const { heard, at } = await recorded(callId);
  const [from, to] = [at('paused-by-hand') + 300, at('resumed') - 300];
  t.ok(heard.loudness('left', from, to) < silent && heard.loudness('right', from, to) < silent, 'nobody is heard');
  t.ok(heard.level('left', customerHz, heard.durationMs - 700, heard.durationMs - 200) > spoken);
});

t.test('a call whose reason is not to be recorded is silence from its first moment until it has another', async (t) => {
  const { customer, callId } = await conversation('+81310002222');
  await taro.shows('paused by policy', ({ call }) => call?.recordingPaused?.includes('policy') === true);
  await aWhile(1200);
  await taro.command('reason', { reason: 'product-question' });
  await taro.shows('recorded', ({ call }) => call !== null && call.recordingPaused === undefined);
  await aWhile(1200);
  customer.hangUp();
  const { heard, marks, at } = await recorded(callId);
  t.equal(marks[0]!.mark, 'paused-policy');
  t.ok(heard.loudness('left', 0, at('resumed') - 300) < silent, 'from its first moment');
  t.ok(heard.loudness('right', 0, at('resumed') - 300) < silent);
  t.ok(heard.level('left', customerHz, heard.durationMs - 700, heard.durationMs - 200) > spoken);
  const health = await fetch(new URL('/healthz', engawa.url));
  const { parts } = (await health.json()) as { parts: { name: string; ok: boolean }[] };
  t.match(
    parts.find(({ name }) => name === 'archive'),
    { ok: true },
  );
});
