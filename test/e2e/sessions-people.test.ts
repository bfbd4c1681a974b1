// People and sessions in Chromium: an administrator finds, adds, limits, disables people and makes a key; a desk that is open at one
// computer is taken over at another with its live call; a session that an administrator ends is gone from the page at once.

import type { Page } from 'playwright-core';
import t from 'tap';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';

t.setTimeout(300_000);
const password = 'correct horse battery staple';
const shots = process.env['ENGAWA_SCREENSHOTS'];

t.test('people and sessions, in the pages', async (t) => {
  const engawa = await startEngawa(t);
  await addAdministrator(engawa, 'kanri');
  const { browser, close } = await launchChromium();
  t.teardown(close);

  async function open(login: string, secret: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(new URL('/?lang=en', engawa.url).href);
    await signIn(page, 'en', login, secret);
    await page.getByRole('navigation').getByRole('button', { name: 'People', exact: true }).click();
    return page;
  }
  /** Proves to be there again. */
  async function stepUp(page: Page): Promise<void> {
    await page.getByLabel('Your password').fill(password);
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
  }
  const shoot = async (page: Page, name: string) => {
    if (!shots) return;
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${shots}/${name}-${width}.png`, fullPage: true });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  const page = await open('kanri', password);
  const person = (name: string) => page.getByRole('button', { name: `Open ${name}`, exact: true });

  await t.test('an administrator finds a person by part of a name', async (t) => {
    await page.getByLabel('Search by name or login').fill('midor');
    await page.getByRole('cell', { name: 'midori', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'hanako', exact: true }).waitFor({ state: 'detached' });
    await page.getByLabel('Search by name or login').fill('');
    await page.getByRole('cell', { name: 'hanako', exact: true }).waitFor();
    await shoot(page, 'people');
    t.pass();
  });

  await t.test('adds one, after proving to be there again, and hands over a link that is shown once', async (t) => {
    await page.getByRole('button', { name: 'Add a person', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Login', { exact: false }).fill('sora');
    await dialog.getByLabel('Name', { exact: true }).fill('Sora Mori');
    await shoot(page, 'add-person');
    await dialog.getByRole('button', { name: 'Add and invite', exact: true }).click();
    await stepUp(page);
    const link = page.locator('.shown-once code');
    await link.waitFor();
    t.match(await link.textContent(), /^https?:\/\//);
    await page.getByRole('button', { name: 'Open Sora Mori', exact: true }).click();
    await page.getByRole('heading', { name: 'Sora Mori' }).waitFor();
    await page.getByText('Invitation: Open until').waitFor();
    await shoot(page, 'person');
  });

  await t.test('changes facts, and disables after a question', async (t) => {
    const facts = page.getByRole('region', { name: 'Facts for the rules' });
    await facts.getByLabel('Employed since').fill('2024-04-01');
    await facts.getByLabel('Training', { exact: true }).fill('privacy');
    await facts.getByLabel('Passed on').fill('2026-01-15');
    await facts.getByRole('button', { name: 'Add', exact: true }).first().click();
    await facts.getByRole('button', { name: 'Save', exact: true }).click();
    await facts.getByText('Saved.').waitFor();
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable', exact: true }).click();
    await page.getByRole('button', { name: 'Enable again' }).waitFor();
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page.getByRole('row').filter({ hasText: 'sora' }).getByText('Disabled').waitFor();
    t.pass();
  });

  await t.test('makes a key, which works until it is revoked', async (t) => {
    await page.getByRole('button', { name: 'Make a key', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('What it is for').fill('CRM');
    await dialog.getByRole('button', { name: 'Make a key', exact: true }).click();
    const secret = await page.locator('.shown-once code').textContent();
    const queues = () =>
      fetch(new URL('/api/v1/queues', engawa.url), { headers: { authorization: `Bearer ${secret}` } });
    t.equal((await queues()).status, 200);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    const row = page.getByRole('row').filter({ hasText: 'CRM' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.getByText('Revoked').waitFor();
    t.equal((await queues()).status, 401);
    await shoot(page, 'keys');
  });

  const secret = engawa.passwordOf('hanako');
  const first = await openDesk(t, { url: engawa.url, login: 'hanako', password: secret, toneHz: 440 });
  await t.test(
    'a second computer is told that the desk is open elsewhere, and takes it over with the call',
    async (t) => {
      await first.available();
      await first.placeTestCall();
      await first.answer();
      const second = await openDesk(t, {
        url: engawa.url,
        login: 'hanako',
        password: secret,
        toneHz: 660,
        beforeShift: true,
      });
      await second.page.getByRole('heading', { name: 'Your desk is open at another computer' }).waitFor();
      await second.page.getByText('A call is going on there.').waitFor();
      await shoot(second.page, 'desk-elsewhere');
      await second.page.getByRole('button', { name: 'Take over here' }).click();
      await second.page.getByRole('button', { name: 'Hang up' }).waitFor();
      await first.page.getByRole('heading', { name: 'Your desk is at another computer now' }).waitFor();
      await shoot(first.page, 'desk-taken');

      await person('花子')
        .or(page.getByRole('row').filter({ hasText: 'hanako' }).getByRole('button'))
        .first()
        .click();
      const desk = page.getByRole('row').filter({ hasText: 'Desk' });
      await desk.waitFor();
      await shoot(page, 'sessions');
      const since = performance.now();
      await desk.getByRole('button', { name: 'Sign out there' }).click();
      await second.page.getByRole('heading', { name: 'Sign in' }).waitFor();
      t.comment(`the page was signed out ${(performance.now() - since).toFixed(0)} ms after the click`);
      t.pass();
    },
  );

  await t.test('a supervisor reads the page of a person and changes nothing', async (t) => {
    const midori = await open('midori', engawa.passwordOf('midori'));
    await midori.getByRole('row').filter({ hasText: 'taro' }).getByRole('button').click();
    await midori.getByRole('heading', { name: 'Role and work' }).waitFor();
    t.equal(await midori.getByRole('button', { name: 'Save' }).count(), 0);
    t.equal(await midori.getByRole('button', { name: 'Disable' }).count(), 0);
    t.equal(await midori.getByRole('heading', { name: 'API keys' }).count(), 0);
    await shoot(midori, 'person-read-only');
  });

  await t.test('everybody sees the own sessions, and ends them', async (t) => {
    await first.page.getByRole('navigation').getByRole('button', { name: 'My account' }).click();
    await first.page.getByRole('heading', { name: 'Where you are signed in' }).waitFor();
    await first.page.getByText('This one').waitFor();
    await shoot(first.page, 'own-sessions');
    t.pass();
  });
});
