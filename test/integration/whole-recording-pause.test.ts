// A recording that pauses by itself and by hand, on the whole built program: what was said meanwhile is silence of the same length,
// on both sides; the gap has its marks.

import t from 'tap';
import { aWhile, hear, rest, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import type { Heard } from '../support/recording/opened-audio.ts';

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
  return { heard, marks: marks.map(({ mark }) => mark), gap: longestSilence(heard) };
}

/** Where neither side says anything, by tenths of a second. Marks are as exact as a busy machine lets them be; this is what counts. */
function longestSilence(heard: Heard): { from: number; to: number } {
  let longest = { from: 0, to: 0 };
  let from = 0;
  for (let at = 0; at + 100 <= heard.durationMs; at += 100) {
    const quiet = (['left', 'right'] as const).every((side) => heard.loudness(side, at, at + 100) < silent);
    if (!quiet) from = at + 100;
    else if (at + 100 - from > longest.to - longest.from) longest = { from, to: at + 100 };
  }
  return longest;
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
  const { heard, marks, gap } = await recorded(callId);
  t.same(marks, ['paused-hold', 'resumed']);
  t.ok(gap.to - gap.from > 1500, `silence from ${gap.from} to ${gap.to} ms`);
  t.ok(gap.from > 500, 'after what was said');
  t.ok(heard.level('left', customerHz, 200, gap.from - 200) > spoken, 'before it, the customer');
  t.ok(heard.level('left', customerHz, gap.to + 300, heard.durationMs - 200) > spoken, 'after it, too');
  t.ok(heard.level('right', agentHz, gap.to + 300, heard.durationMs - 200) > spoken, 'and the agent');
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
  const { heard, marks, gap } = await recorded(callId);
  t.same(marks, ['paused-by-hand', 'resumed']);
  t.ok(gap.from > 0 && gap.to - gap.from > 800, `nobody is heard from ${gap.from} to ${gap.to} ms`);
  t.ok(heard.level('left', customerHz, gap.to + 200, heard.durationMs - 200) > spoken);
});

t.test('a call whose reason is not to be recorded is silence from its first moment until it has another', async (t) => {
  const { customer, callId } = await conversation('+81310002222');
  await taro.shows('paused by policy', ({ call }) => call?.recordingPaused?.includes('policy') === true);
  await aWhile(1200);
  await taro.command('reason', { reason: 'product-question' });
  await taro.shows('recorded', ({ call }) => call !== null && call.recordingPaused === undefined);
  await aWhile(1200);
  customer.hangUp();
  const { heard, marks, gap } = await recorded(callId);
  t.same(marks, ['paused-policy', 'resumed']);
  t.equal(gap.from, 0, 'from its first moment');
  t.ok(gap.to > 1000, `until ${gap.to} ms`);
  t.ok(heard.level('left', customerHz, gap.to + 200, heard.durationMs - 200) > spoken);
  const health = await fetch(new URL('/healthz', engawa.url));
  const { parts } = (await health.json()) as { parts: { name: string; ok: boolean }[] };
  t.match(
    parts.find(({ name }) => name === 'archive'),
    { ok: true },
  );
});
