// Playback where the server has an identity, in a real browser: the page streams in ranges, with proof, purpose, watermark and an entry
// in the audit log for each play, and nothing is kept. One recording is whole; another is what `kill -9` left, and plays, too.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { writeNewIdentity } from '../../src/recording/identity.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { soundPreparation, waitToSound } from '../support/centre/page-sound.ts';
import { openPage } from '../support/centre/signed-in-page.ts';
import { aWhile, numbers, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { endRobotMedia } from '../support/media/robot-media.ts';
import { databasePids, recorderPids, signal } from '../support/servers/running-parts.ts';
import { createCarrier } from '../support/sip/carrier.ts';

t.setTimeout(420_000);

const folder = mkdtempSync(join(tmpdir(), 'engawa-streamed-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
t.teardown(endRobotMedia);
const identity = join(folder, 'playback.txt');
const { recipient } = await writeNewIdentity(identity);
const options = {
  dataFolder: mkdtempSync(join(folder, 'data-')),
  config: { recording: { recipients: [recipient] }, playback: { identity: `file:${identity}` } },
};
const carrier = await createCarrier(t);
const before = await startCentre(t, { ...options, carrier });
const talk = { number: numbers.product, customerHz: 440, agentHz: 660 };

const hanako = await before.desk('hanako', 660);
const first = await talkWith(before, hanako, talk);
await aWhile(2000);
first.customer.hangUp();
await before.endedCall(first.callId);
const second = await talkWith(before, hanako, talk);
// What was said half a second before the end is on the disk.
await aWhile(3000);
const database = databasePids(before.engawa);
const recorders = recorderPids(before.engawa);
// All of it at one moment: a recorder that outlives the others would end its file well.
signal(recorders, 'SIGSTOP');
await before.engawa.stop('SIGKILL');
signal(recorders, 'SIGKILL');
second.customer.rtp.pause();
hanako.vanish();
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
await eventually('its children end with it', () => !database.some(isAlive), { withinMs: 60_000 });

const { engawa, call } = await startCentre(t, { ...options, carrier });
const [whole = '', left = ''] = await Promise.all(
  [first, second].map(({ callId }) =>
    eventually(
      `call ${callId} is over`,
      async () => {
        const { endedAt, recordingIds } = await call(callId);
        return endedAt === null ? undefined : recordingIds[0];
      },
      { withinMs: 120_000, everyMs: 250 },
    ),
  ),
);
const root = await addAdministrator(engawa);
const { browser, close } = await launchChromium();
t.teardown(close);
const midori = await openPage(browser, {
  ...{ url: `http://localhost:${engawa.port}`, login: 'midori', password: engawa.passwordOf('midori') },
  preparation: soundPreparation,
});
const { page, button } = midori;
const player = page.getByRole('region', { name: 'Player' });
const answers: { status: number; range: string | undefined; cache: string | undefined; type: string | undefined }[] =
  [];
page.on('response', (response) => {
  if (!/\/audio\?play=/.test(response.url())) return;
  const headers = response.headers();
  answers.push({
    ...{ status: response.status(), range: headers['content-range'] },
    ...{ cache: headers['cache-control'], type: headers['content-type'] },
  });
});

/** Newest first: the recording that a crash left is the first of the list. */
async function listen(t: Test, nth: number): Promise<void> {
  await button(/^Listen to the recording of/)
    .nth(nth)
    .click();
  t.equal(await page.getByRole('button', { name: /Open with/ }).count(), 0, 'nobody needs a key');
  await page.getByRole('button', { name: /For what/ }).click();
  await page.getByRole('option', { name: 'Quality of service' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Listen', exact: true }).click();
  await midori.proveUntil(() => player.isVisible());
}

async function plays(id: string): Promise<object[]> {
  return (await root.rest<{ items: object[] }>('GET', `/api/v1/recordings/${id}/plays`)).body.items;
}

t.test('a recording is streamed after proof and purpose, in ranges, and sounds', async (t) => {
  await button('Recordings').click();
  await page.getByText('Here the server opens recordings for whoever may hear them. You need no key.').waitFor();
  await eventually(
    'both recordings are in the list',
    async () => {
      await button('Search').click();
      return (await button(/^Listen to the recording of/).count()) === 2;
    },
    { withinMs: 120_000, everyMs: 500 },
  );
  t.same(await plays(whole), [], 'looking at the list is no play');
  await listen(t, 1);
  await waitToSound(page, 'both sides sound', [440, 660]);
  t.match((await player.textContent()) ?? '', /Heard by 高橋 緑 \(midori\)/, 'the watermark');
  t.match(await plays(whole), [{ displayName: '高橋 緑', purpose: 'quality', outcome: 'done' }]);
  t.ok(answers.length > 0 && answers.every(({ cache }) => cache === 'no-store'), 'nothing is to be kept');
  t.match(answers[0], { status: 206, range: /^bytes 0-/, type: /^audio\/ogg/ });
});

t.test('any part of it can be asked for, by this session only', async (t) => {
  const url = await player.locator('audio').evaluate((audio: { src: string }) => audio.src);
  t.match(url, /\/audio\?play=/, 'no copy in the memory of the page');
  const parts = (await page.evaluate(`(async () => {
    const ask = async (range) => {
      const answer = await fetch(${JSON.stringify(url)}, { headers: range ? { range } : {}, cache: 'no-store' });
      return [answer.status, answer.headers.get('content-range'), (await answer.arrayBuffer()).byteLength];
    };
    return { all: await ask(), part: await ask('bytes=100-299'), beyond: await ask('bytes=99999999-') };
  })()`)) as Record<'all' | 'part' | 'beyond', [number, string | null, number]>;
  const length = parts.all[2];
  t.same(parts.all.slice(0, 2), [200, null]);
  t.same(parts.part, [206, `bytes 100-299/${length}`, 200]);
  t.same(parts.beyond.slice(0, 2), [416, `bytes */${length}`]);
  t.equal((await fetch(url)).status, 401, 'the address alone opens nothing');
  await page.getByLabel('Balance').fill('1');
  await player.getByLabel('Position').fill('700');
  await waitToSound(page, 'the agent alone, after a seek', [660]);
});

t.test('each play is an entry of its own, and a new one asks again for what', async (t) => {
  await player.getByRole('button', { name: 'Close' }).click();
  await player.waitFor({ state: 'detached' });
  t.equal(await page.locator('audio').count(), 0, 'the sound is let go');
  await listen(t, 1);
  await eventually('the second play is kept', async () => (await plays(whole)).length === 2);
  await player.getByRole('button', { name: 'Close' }).click();
});

t.test('what a crash left is said to be incomplete, opens and plays', async (t) => {
  await page.getByText('Put together from what a crash left').waitFor();
  await listen(t, 0);
  await player.getByText('Parts of this recording are missing; they are silent.').waitFor();
  await waitToSound(page, 'both sides sound', [440, 660]);
  t.match(await plays(left), [{ purpose: 'quality', outcome: 'done' }]);
  await midori.picture('player-left');
});

t.test('nothing of it stays in the browser or in the clear on the disk', async (t) => {
  await button('Sign out').click();
  await button('Sign in').waitFor();
  t.match(
    await page.evaluate(`(async () => ({
      caches: await caches.keys(),
      databases: (await indexedDB.databases()).map(({ name }) => name),
      local: Object.keys(localStorage).filter((key) => key !== 'engawa.language'),
      audio: document.querySelectorAll('audio').length,
    }))()`),
    { caches: [], databases: [], local: [], audio: 0 },
  );
  t.notMatch(readFileSync(join(options.dataFolder, 'engawa.log'), 'utf8'), /AGE-SECRET-KEY/);
  t.same(midori.errors(), []);
});
