// Nobody at home is alone: in Chromium, an agent in a call with a customer raises a hand; the supervisor's wallboard shows it, she listens
// in, answers with a phrase, and the agent reads it in the own language.

import t from 'tap';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';

t.setTimeout(300_000);

t.test('a hand is raised at home and answered in the centre', async (t) => {
  const engawa = await startEngawa(t);
  const passwordOf = (login: string) => engawa.passwordOf(login);
  const home = await openDesk(t, {
    ...{
      url: engawa.url,
      login: 'hanako',
      password: passwordOf('hanako'),
      toneHz: 440,
      patienceMs: 60_000,
    },
  });
  const board = await (await home.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  board.setDefaultTimeout(60_000);
  const faults: string[] = [];
  board.on('pageerror', (error) => faults.push(error.message));
  await board.goto(new URL('/?lang=en', engawa.url).href);
  await signIn(board, 'en', 'midori', passwordOf('midori'));
  await home.available();
  await home.placeTestCall();
  await home.answer();

  await home.page.getByRole('radio', { name: '日本語' }).click();
  await home.page.getByRole('button', { name: 'SVに助けを求める' }).click();
  await home.page.getByRole('menuitem', { name: 'お客様からハラスメントを受けています' }).click();
  await home.page.getByText('まだ応答はありません').waitFor();
  const hands = board.getByRole('region', { name: 'Raised hands' });
  await hands.getByText('The customer is abusive').waitFor();
  await hands.getByText('Nobody has answered').waitFor();

  await hands.getByRole('button', { name: 'Listen in' }).click();
  const answer = home.page.getByTestId('help-answer');
  await answer.getByText('通話を聞いています').waitFor();
  // From whom is asked for when the answer is there.
  await answer.getByText('高橋 緑').waitFor();
  await hands.getByRole('button', { name: /^Answer/ }).click();
  await board.getByRole('menuitem', { name: 'You may end the call.' }).click();
  await answer.getByText('通話を終了してかまいません').waitFor();

  await home.page.getByRole('radio', { name: 'English' }).click();
  await home.hangUp();
  await hands.getByRole('button', { name: /was helped$/ }).click();
  await home.page.getByRole('button', { name: 'Ask a supervisor' }).waitFor();
  await hands.waitFor({ state: 'detached' });
  await board
    .getByRole('region', { name: 'Unusual in the last day' })
    .getByText('A customer abused somebody')
    .waitFor();
  t.strictSame(
    home.errors().filter((error) => !error.includes('status of 401')),
    [],
    'but for the question who is signed in, nothing was refused',
  );
  t.strictSame(faults, []);
});
