// Devices and working from home as people meet them, in Chromium against the built program: a page that says why one may not come in, a
// computer that is let in and proves itself, a lost one shut out while somebody is signed in at it, the pledge; and what a browser has
// kept on its disk after a call and signing out.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { numberTraces } from '../support/centre/number-traces.ts';
import { eventually } from '../support/eventually.ts';
import { chromiumPath } from '../support/servers/peers.ts';

t.setTimeout(420_000);

const folder = mkdtempSync(join(tmpdir(), 'engawa-e2e-devices-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
file('pledge.ja.md', '# 在宅勤務の誓約\n\n- お客様の情報を他人に見せません。\n- 画面をロックします。');
file(
  'pledge.en.md',
  '# Pledge for working from home\n\n- I let nobody see what is on my screen.\n- I lock it when I leave.',
);
const engawa = await startEngawa(t, {
  config: {
    devices: {
      file: file(
        'devices.yaml',
        `contact: { ja: 情報システム部 内線1234, en: IT help desk on 1234 }
rules:
  known: { for: { person: taro }, needs: { device: [enrolled, managed] }, otherwise: block-sign-in }
  network: { for: { person: hanako }, needs: { networks: [198.51.100.0/24] }, otherwise: block-sign-in }
`,
      ),
    },
    homeWork: {
      file: file(
        'home-work.yaml',
        'from: 2026-01-01\nemployment: [regular]\npledge: { number: 2026-1, ja: pledge.ja.md, en: pledge.en.md }\n',
      ),
    },
  },
});
const { browser, close } = await launchChromium();
t.teardown(close);
const passwordOf = (login: string) => engawa.passwordOf(login);

/** For whoever looks at the pages: SHOTS names a folder. */
async function shot(page: Page, name: string): Promise<void> {
  const to = process.env['SHOTS'];
  if (to === undefined) return;
  await page.screenshot({ path: join(to, `${name}-1280.png`), fullPage: true });
  await page.setViewportSize({ width: 400, height: 850 });
  await page.screenshot({ path: join(to, `${name}-400.png`), fullPage: true });
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function open(lang: 'ja' | 'en', context?: BrowserContext): Promise<{ page: Page; context: BrowserContext }> {
  const own = context ?? (await browser.newContext({ viewport: { width: 1280, height: 900 } }));
  const page = await own.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(new URL(`/?lang=${lang}`, engawa.url).href);
  return { page, context: own };
}

/** Where the page asks to prove again to be there. */
async function stepUp(page: Page, login: string): Promise<void> {
  const dialog = page.getByRole('dialog').filter({ has: page.locator('input[type=password]') });
  await dialog.locator('input[type=password]').fill(passwordOf(login));
  await dialog.locator('button[type=submit]').click();
}

const midori = await open('en');
await signIn(midori.page, 'en', 'midori', passwordOf('midori'));
await midori.page.getByRole('button', { name: 'Devices', exact: true }).click();

t.test('who may not come in from here is told why, whom to ask, and a reference; in both languages', async (t) => {
  const { page, context } = await open('ja');
  const bodies: string[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/api/')) bodies.push(await response.text().catch(() => ''));
  });
  await signIn(page, 'ja', 'hanako', passwordOf('hanako'));
  await page.getByRole('heading', { name: 'ここからは利用できません' }).waitFor();
  const said = page.getByRole('alert');
  await said.getByText('会社が認めたネットワークではありません').waitFor();
  await said.getByText('this is not a network that the company allows').waitFor();
  await said.getByText('情報システム部 内線1234').waitFor();
  const reference = (await page.locator('.blocked-facts code').textContent()) ?? '';
  t.match(reference, /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
  await shot(page, 'blocked');
  await page.reload();
  await page.getByText(reference).waitFor();
  t.notMatch(bodies.join('\n'), /佐藤|queues|clearance/, 'nothing else was sent to the page');
  await context.close();
});

const taro = await open('en');

t.test('a computer is let in by a supervisor, and proves itself from then on without anybody noticing', async (t) => {
  const { page } = taro;
  await signIn(page, 'en', 'taro', passwordOf('taro'));
  await page.getByRole('alert').getByText('this device is not enrolled').waitFor();
  await page.getByLabel('Name of this computer').fill('Taro in the centre');
  await shot(page, 'let-in');
  await page.getByRole('button', { name: 'Ask for it' }).click();
  await page.getByText('“Taro in the centre” waits to be let in').waitFor();
  const row = midori.page.getByRole('row', { name: /Taro in the centre/ });
  await row.getByText('Asks to be let in').waitFor();
  await shot(midori.page, 'devices');
  await row.getByRole('button', { name: 'Let in', exact: true }).click();
  await midori.page.getByRole('dialog').getByRole('button', { name: 'Let in', exact: true }).click();
  await stepUp(midori.page, 'midori');
  await row.getByText('Enrolled').waitFor();
  await page.getByRole('button', { name: 'Start shift' }).waitFor();
  t.pass('the page went on by itself');
  await page.reload();
  await page.getByRole('button', { name: 'Start shift' }).waitFor();
  const key = await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open('engawa-device', 1);
    opening.onsuccess = () => {
      const asked = opening.result.transaction('keys').objectStore('keys').get('own');
      asked.onsuccess = async () => {
        const { privateKey } = asked.result.keys;
        const told = await crypto.subtle.exportKey('pkcs8', privateKey).then(() => 'exported', (error) => error.name);
        opening.result.close();
        resolve({ extractable: privateKey.extractable, told });
      };
    };
  })`);
  t.same(key, { extractable: false, told: 'InvalidAccessError' }, 'the key does not leave the browser');
});

t.test('a one-time code lets a computer in without waiting', async () => {
  await midori.page.getByRole('button', { name: 'Make a one-time code' }).click();
  await midori.page.getByRole('dialog').getByRole('button', { name: 'Make', exact: true }).click();
  const code = (await midori.page.locator('.device-code').textContent()) ?? '';
  await shot(midori.page, 'code');
  await midori.page.getByRole('button', { name: 'Done' }).click();
  const { page, context } = await open('en');
  await signIn(page, 'en', 'taro', passwordOf('taro'));
  await page.getByLabel('One-time code, if you were given one').fill(code.toLowerCase());
  await page.getByRole('button', { name: 'Ask for it' }).click();
  await page.getByRole('button', { name: 'Start shift' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await context.close();
});

t.test(
  'a lost computer is shut out with one click: the page within a second, and everything that it kept',
  async (t) => {
    const { page, context } = taro;
    const row = midori.page.getByRole('row', { name: /Taro in the centre/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    const dialog = midori.page.getByRole('dialog');
    await dialog.getByLabel('Why').fill('left on a train');
    await shot(midori.page, 'revoke');
    // What the browser itself says of it; the header is not told on.
    const cleared = page.waitForEvent('console', (message) => message.text().includes('Cleared data types'));
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await midori.page.getByText(/Revoked\. (One session was|\d sessions were) ended/).waitFor();
    const revokedAt = Date.now();
    const gone = await context.request.get(new URL('/api/v1/desk', engawa.url).href);
    t.equal(gone.status(), 401);
    t.ok(Date.now() - revokedAt < 1000, 'the session is over at once');
    t.match((await cleared).text(), /"cache", "cookies", "storage"/);
    await page.getByText('Everything that was kept in this browser is gone').waitFor();
    await shot(page, 'revoked');
    await eventually('its key is gone', async () => {
      const kept = (await page.evaluate(
        '(async () => [(await indexedDB.databases()).length, localStorage.length, sessionStorage.length])()',
      )) as number[];
      return kept.every((count) => count === 0);
    });
    await context.close();
  },
);

t.test('the pledge is read, signed with the password once more, and counts', async (t) => {
  const { page, context } = await open('ja');
  await signIn(page, 'ja', 'aoi', passwordOf('aoi'));
  await page.getByRole('button', { name: '自分のアカウント' }).click();
  await page.getByText('在宅勤務の誓約書に署名していません').waitFor();
  await page.getByText('お客様の情報を他人に見せません。').waitFor();
  const sign = page.getByRole('button', { name: '署名する' });
  t.ok(await sign.isDisabled(), 'not before it was agreed to');
  await page.getByText('内容を読み、遵守することを誓約します。').click();
  await shot(page, 'pledge');
  await sign.click();
  const dialog = page.getByRole('dialog').filter({ has: page.locator('input[type=password]') });
  await dialog.locator('input[type=password]').fill(passwordOf('aoi'));
  await dialog.locator('button[type=submit]').click();
  await page.getByText('署名しました。', { exact: true }).waitFor();
  await page.getByText('在宅勤務ができます。').waitFor();
  await context.close();
  await midori.page.getByRole('button', { name: 'Working from home', exact: true }).click();
  await midori.page
    .getByRole('row', { name: /中村 葵/ })
    .getByText('Yes')
    .waitFor();
  await midori.page
    .getByRole('row', { name: /佐藤 花子/ })
    .getByText('people employed in this way')
    .waitFor();
  await shot(midori.page, 'home-work');
});

t.test('after a call and signing out, nothing of the customer is left in the browser’s profile on disk', async (t) => {
  const profile = join(folder, 'profile');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    ],
    permissions: ['microphone'],
  });
  t.teardown(() => context.close());
  const { page } = await open('en', context);
  const english = page.getByRole('radio', { name: 'English' }).or(page.getByRole('button', { name: 'English' }));
  await page
    .getByRole('radio', { name: '日本語' })
    .or(page.getByRole('button', { name: '日本語' }))
    .click();
  await english.click();
  await signIn(page, 'en', 'aoi', passwordOf('aoi'));
  await page.getByRole('button', { name: 'Start shift' }).click();
  await page.getByRole('button', { name: 'Available' }).click();
  await page.locator('[data-testid="agent-state"][data-state="available"]').waitFor();
  await page.getByRole('button', { name: 'Place a test call' }).click();
  await page.getByRole('button', { name: 'Answer' }).click();
  await page.getByRole('button', { name: 'Hang up' }).waitFor();
  const alias = (await page.getByTestId('alias').textContent()) ?? '';
  t.ok(alias.length > 3);
  await page.getByRole('button', { name: 'Hang up' }).click();
  await page.getByRole('button', { name: 'Done' }).waitFor();
  await page.getByRole('button', { name: 'My account' }).click();
  await page.getByRole('button', { name: 'Desk', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  const kept = await eventually('the page has forgotten', async () => {
    const found = (await page.evaluate(`(async () => ({
      local: { ...localStorage }, session: { ...sessionStorage },
      databases: (await indexedDB.databases()).map(({ name }) => name), caches: await caches.keys(),
    }))()`)) as { local: object; session: object; databases: string[]; caches: string[] };
    return Object.keys(found.session).length === 0 ? found : undefined;
  });
  t.same(Object.keys(kept.local), ['engawa.language']);
  t.same(kept.caches, []);
  t.ok(kept.databases.every((name) => name === 'engawa-device'));
  await context.close();

  const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls?limit=1');
  const [call] = items;
  t.equal(call?.alias, alias);
  const reason = (
    await engawa.get<{ items: { id: string; label: { ja: string; en: string } }[] }>('/api/v1/reasons')
  ).items
    .filter(({ id }) => id === call?.reason)
    .flatMap(({ id, label }) => [id, label.ja, label.en]);
  t.equal(reason.length, 3);
  const needles = [alias, call?.id ?? '', '中村 葵', ...reason];
  const found = search(profile, needles);
  t.same(found.hits, [], 'in no file of the profile, in UTF-8, UTF-16, base64 or percent-encoding');
  t.ok(found.files > 20, `${found.files} files, ${found.bytes} bytes were searched`);
  t.same(
    search(profile, ['engawa.language']).hits.length > 0,
    true,
    'what is kept on purpose is found: the search works',
  );
});

function filesBelow(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const at = join(path, name);
    return statSync(at, { throwIfNoEntry: false })?.isDirectory() ? filesBelow(at) : [at];
  });
}

function search(profile: string, needles: readonly string[]): { hits: string[]; files: number; bytes: number } {
  const forms = needles.flatMap((needle) => [
    { needle, bytes: Buffer.from(needle, 'utf8') },
    { needle, bytes: Buffer.from(needle, 'utf16le') },
    { needle, bytes: Buffer.from(Buffer.from(needle, 'utf8').toString('base64').replace(/=+$/, '').slice(0, -1)) },
    { needle, bytes: Buffer.from(encodeURIComponent(needle)) },
  ]);
  const hits = new Set<string>();
  let bytes = 0;
  const files = filesBelow(profile).filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  for (const path of files) {
    const content = readFileSync(path);
    bytes += content.length;
    for (const form of forms) if (content.includes(form.bytes)) hits.add(`${form.needle} in ${path}`);
    for (const text of [content.toString('latin1'), content.toString('utf16le')])
      if (numberTraces(text, '+819011112222').some((trace) => trace === 'digits' || trace.startsWith('base64')))
        hits.add(`the number in ${path}`);
  }
  return { hits: [...hits], files: files.length, bytes };
}
