// What an agent and a supervisor do beside talking, with the pages in Chromium: personal information comes up at home and the centre
// goes on, a colleague is asked first, a call list is worked on, the company goes all home. English at 1280 pixels.

import t from 'tap';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';

t.setTimeout(420_000);

t.test('steps, consultation, a call list and the mode of operation', async (t) => {
  const engawa = await startEngawa(t);
  const open = (login: string, toneHz: number) =>
    openDesk(t, { url: engawa.url, login, password: engawa.passwordOf(login), toneHz, patienceMs: 60_000 });
  const home = await open('hanako', 440);
  const centre = await open('taro', 660);
  const press = (desk: typeof home, name: string | RegExp) =>
    desk.page.getByRole('button', { name, exact: true }).click();

  await t.test('a colleague is asked first; the customer hears neither of them', async () => {
    await home.available();
    await home.placeTestCall();
    await home.answer();
    await home.waitToHear([440]);
    await centre.available();
    await press(home, 'Transfer');
    await press(home, /^Ask .*太郎 first$/);
    await centre.answer();
    await home.waitToHear([660]);
    await centre.waitToHear([440]);
    await home.page.getByText('Only your colleague hears you.').waitFor();
    await press(home, 'Back to the customer');
    await home.waitToHear([440]);
    await centre.available();
  });

  await t.test('one key, and the centre has the call that touched personal information after all', async (t) => {
    const alias = await home.alias();
    await press(home, 'Personal information came up');
    await home.page.getByRole('heading', { name: 'Current call' }).waitFor({ state: 'detached' });
    await centre.answer();
    await centre.waitToHear([660]);
    t.equal(await centre.alias(), alias, 'the same customer');
    await centre.page.getByText('Personal information came up; it came back from home').waitFor();
    t.equal((await home.hears()).length, 0, 'the home hears nothing of it');
    await centre.hangUp();
  });

  await t.test('a customer of a call list is shown, skipped and shown no more for a while', async (t) => {
    const headers = { authorization: `Bearer ${engawa.apiKey}`, 'content-type': 'application/json' };
    const ask = async (method: string, path: string, body: unknown) => {
      const response = await fetch(new URL(`/api/v1/call-lists${path}`, engawa.url), {
        ...{ method, headers },
        body: JSON.stringify(body),
      });
      t.ok(response.ok, `${method} ${path}: ${response.status}`);
      return (await response.json()) as { id: string };
    };
    const { id } = await ask('POST', '', {
      name: 'renewals',
      label: { ja: '更新', en: 'Renewals' },
      mode: 'preview',
      reason: 'product-question',
      queue: 'general',
      presentedNumber: engawa.numbers[0],
      calendar: 'always',
      script: { ja: 'えんがわ商事です。', en: 'This is Engawa Shoji.' },
    });
    await ask('POST', `/${id}/customers`, { customers: [{ number: '09022223333', facts: { Plan: 'Basic' } }] });
    await ask('PATCH', `/${id}`, { state: 'running' });
    await home.notReady();
    await home.reload();
    const card = home.page.getByRole('region', { name: 'Call list' });
    await card.getByRole('button', { name: /Work on/ }).click();
    await home.page.getByRole('option', { name: 'Renewals' }).click();
    await press(home, 'Show the next customer');
    await card.getByText('Basic', { exact: true }).waitFor();
    await card.getByText('This is Engawa Shoji.').waitFor();
    await press(home, 'Skip for now');
    await card.getByText('Basic', { exact: true }).waitFor({ state: 'detached' });
    await press(home, 'Show the next customer');
    await home.page.getByText('Nobody on this list is due at the moment.').first().waitFor();
  });

  await t.test('a supervisor sends everybody home, and says why', async (t) => {
    const page = await (await home.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(new URL('/?lang=en', engawa.url).href);
    await signIn(page, 'en', 'midori', engawa.passwordOf('midori'));
    const card = page.getByRole('region', { name: 'Where we work from' });
    await card.getByText('As usual', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Switch', exact: true }).click();
    await page.getByRole('radio', { name: /All from home/ }).check({ force: true });
    await page.getByLabel('Why? It is kept with your name.').fill('Typhoon 19');
    await page.getByRole('button', { name: 'Switch now' }).click();
    await card.getByText('All from home', { exact: true }).waitFor();
    await card.getByText(/Typhoon 19/).waitFor();
    const said = await eventually('the API says so', () =>
      engawa.get<{ operation: string; why: string }>('/api/v1/operation'),
    );
    t.match(said, { operation: 'all-home', why: 'Typhoon 19' });
    const decisions = page.getByRole('region', { name: 'Who was offered which call, and why not' });
    await decisions.getByText('Offered', { exact: true }).first().waitFor();
    t.ok(await page.getByText('Renewals', { exact: true }).isVisible());
  });

  await t.test('a supervisor without a desk whispers to an agent, from the wallboard', async () => {
    const { page } = await openDesk(t, {
      ...{ url: engawa.url, login: 'midori', password: engawa.passwordOf('midori') },
      ...{ toneHz: 790, beforeShift: true, patienceMs: 60_000 },
    });
    await home.available();
    await home.placeTestCall();
    await home.answer();
    await home.waitToHear([440]);
    await page.getByRole('button', { name: /^Listen in on .*花子/ }).click();
    await page.getByRole('menuitem', { name: 'Whisper to the agent' }).click();
    await home.waitToHear([440, 790]);
    await page.getByRole('button', { name: /^Listen in on .*花子/ }).click();
    await page.getByRole('menuitem', { name: 'Leave' }).click();
    await home.waitToHear([440]);
    await home.hangUp();
  });

  t.strictSame(
    [...home.errors(), ...centre.errors()].filter((error) => !/401|409/.test(error)),
    [],
    'no errors in the pages',
  );
});
