// Signing in at the desk, one tab at a time, and what the browser keeps: in Chromium, against the built program.

import t from 'tap';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';

t.setTimeout(420_000);

t.test('the way to the desk', async (t) => {
  const engawa = await startEngawa(t);
  const password = engawa.passwordOf('taro');
  const desk = await openDesk(t, {
    url: engawa.url,
    login: 'taro',
    password: 'wrong-password',
    toneHz: 440,
    beforeShift: true,
  });
  const { page } = desk;
  const alert = page.getByRole('alert');

  await t.test('a wrong password is told in words, and not which of the two was wrong', async (t) => {
    await alert.getByText('Login or password is wrong').waitFor();
    await page
      .getByRole('button', { name: '日本語' })
      .or(page.getByRole('radio', { name: '日本語' }))
      .click();
    await alert.getByText('ログイン名またはパスワードが違います').waitFor();
    t.equal(await page.locator('html').getAttribute('lang'), 'ja');
    await page
      .getByRole('button', { name: 'English' })
      .or(page.getByRole('radio', { name: 'English' }))
      .click();
  });

  await t.test('empty fields are not sent', async () => {
    await page.getByLabel('Login', { exact: true }).fill('');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await alert.getByText('Fill in both fields').waitFor();
  });

  await t.test('too many attempts are told with the time to wait', async () => {
    for (let attempt = 0; attempt < 12; attempt++) {
      await page.getByLabel('Login', { exact: true }).fill('nobody-here');
      await page.getByLabel('Password', { exact: true }).fill(`guess-${attempt}`);
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/session'));
      await page.getByRole('button', { name: 'Sign in' }).click();
      if ((await answered).status() === 429) break;
    }
    await alert.getByText(/Too many failed attempts. Wait \d+ (second|minute)s? and try again/).waitFor();
  });

  await t.test('the right password leads to the desk, and the desk to a registered softphone', async (t) => {
    await signIn(page, 'en', 'taro', password);
    await desk.startShift();
    t.equal(await desk.state(), 'not-ready');
    const { items } = await engawa.get<{ items: { person: { login: string }; softphoneRegistered: boolean }[] }>(
      '/api/v1/agents',
    );
    t.equal(items.find(({ person }) => person.login === 'taro')?.softphoneRegistered, true);
  });

  await t.test('the browser keeps a language and a flag, nothing of a person or a call', async (t) => {
    const kept = (await page.evaluate('({ local: { ...localStorage }, session: { ...sessionStorage } })')) as {
      local: Record<string, string>;
      session: Record<string, string>;
    };
    t.strictSame(kept.local, { 'engawa.language': 'en' });
    t.strictSame(Object.keys(kept.session), ['engawa.shift']);
    t.strictSame(JSON.parse(kept.session['engawa.shift'] ?? ''), {});
  });

  await t.test('a second tab says so and can take over', async () => {
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.getByRole('heading', { name: 'Your desk is open in another tab' }).waitFor();
    await second.getByRole('button', { name: 'Take over here' }).click();
    await second.getByRole('button', { name: 'Start shift' }).waitFor();
    await page.getByRole('heading', { name: 'Another tab has taken over' }).waitFor();
    await second.close();
    await page.getByRole('button', { name: 'Take over here' }).click();
    await page.getByRole('button', { name: 'Start shift' }).or(page.getByTestId('agent-state')).waitFor();
  });

  await t.test('a shift ends, and another one begins', async () => {
    if (await page.getByRole('button', { name: 'Start shift' }).isVisible()) await desk.startShift();
    await desk.available();
    await page.getByRole('button', { name: 'End shift' }).click();
    await desk.startShift();
    await desk.waitForState('not-ready');
    await desk.available();
  });

  await t.test('signing out forgets the shift', async (t) => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    t.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  t.strictSame(
    desk.errors().filter((error) => !error.includes('status of 401') && !error.includes('status of 429')),
    [],
    'nothing else went wrong in the page, and the content security policy had nothing to stop',
  );
});
