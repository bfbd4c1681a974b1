// Every page in both languages at both widths: nothing runs off the side, every control has a name and is large enough.
// Then the supervisor's wallboard.

import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';

t.setTimeout(420_000);

const languages = [
  { id: 'ja', label: '日本語' },
  { id: 'en', label: 'English' },
] as const;
const widths = [1280, 768, 400];

/** What would keep somebody out. Runs in the page. */
const findFaults = `(() => {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push('runs off the side: ' + document.documentElement.scrollWidth);
  for (const control of document.querySelectorAll('button, a[href], input, [role=button], [role=menuitem], [role=option]')) {
    const box = control.getBoundingClientRect();
    if (box.width === 0 || control.closest('[aria-hidden=true], [hidden], .skip') || control.matches('.skip')) continue;
    const label = control.getAttribute('aria-label') || control.textContent.trim()
      || [...(control.labels ?? [])].map((each) => each.textContent).join('');
    if (!label) faults.push('no name: ' + control.outerHTML.slice(0, 120));
    if (getComputedStyle(control).position !== 'absolute' && Math.min(box.width, box.height) < 24 && !control.closest('.unseen, [data-react-aria-prevent-focus]'))
      faults.push('too small: ' + label + ' ' + box.width + ' x ' + box.height);
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('headings of the first level: ' + document.querySelectorAll('h1').length);
  for (const image of document.querySelectorAll('svg')) if (!image.closest('[aria-hidden=true]')) faults.push('an image without words');
  return faults;
})()`;

t.test('pages', async (t) => {
  const engawa = await startEngawa(t);
  const desk = await openDesk(t, {
    url: engawa.url,
    login: 'hanako',
    password: engawa.passwordOf('hanako'),
    toneHz: 330,
    beforeShift: true,
    patienceMs: 60_000,
  });
  const { page } = desk;
  await page.getByRole('button', { name: 'Start shift' }).waitFor();

  async function everywhere(t: Test, what: string): Promise<void> {
    for (const { id, label } of languages) {
      await page.getByRole('radio', { name: label }).click();
      for (const width of widths) {
        await page.setViewportSize({ width, height: 860 });
        t.strictSame(await page.evaluate(findFaults), [], `${what}, ${id}, ${width}`);
      }
      const text = (await page.evaluate('document.body.innerText')) as string;
      if (id === 'en')
        t.notMatch(text.replace(/日本語|縁側|[^\n]*(花子|太郎|緑)[^\n]*/g, ''), /[ぁ-んァ-ヶ]/, `${what}: all English`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  }

  await t.test('before the shift', async (t) => {
    await everywhere(t, 'before the shift');
    await page.getByRole('button', { name: 'Test microphone' }).click();
    await page.getByText('We hear you well.').waitFor();
    await page.getByRole('button', { name: 'Play test sound' }).click();
    await page.getByText('Three rising notes were played').waitFor();
    await page.getByRole('button', { name: 'Stop test' }).click();
    await page.evaluate(`{
      const media = navigator.mediaDevices;
      const open = media.getUserMedia;
      media.getUserMedia = () => {
        media.getUserMedia = open;
        return Promise.reject(new DOMException('', 'NotFoundError'));
      };
    }`);
    await page.getByRole('button', { name: 'Test microphone' }).click();
    await page.getByRole('alert').getByText('No microphone was found. Plug in your headset').waitFor();
  });

  await t.test('not ready, ringing, in a call, afterwards', async (t) => {
    await desk.startShift();
    await everywhere(t, 'not ready');
    await desk.available();
    await desk.placeTestCall();
    await page.getByRole('button', { name: 'Answer', exact: true }).waitFor();
    t.ok(
      await page.getByText('No personal information', { exact: true }).isVisible(),
      'an agent at home gets what is free of it',
    );
    await everywhere(t, 'ringing');
    await desk.answer();
    await desk.digits('1');
    await everywhere(t, 'in a call');
    await desk.hangUp();
    await page.getByRole('button', { name: 'Done', exact: true }).waitFor();
    await everywhere(t, 'afterwards');
    await desk.done();
  });

  await t.test('signing in; and without a choice the language is the person’s', async (t) => {
    const context = await desk.browser.newContext({ locale: 'en-US', permissions: ['microphone'] });
    const fresh = await context.newPage();
    await fresh.goto(engawa.url);
    await fresh.getByRole('button', { name: 'Sign in' }).waitFor();
    t.strictSame(await fresh.evaluate(findFaults), [], 'signing in');
    await signIn(fresh, 'en', 'taro', engawa.passwordOf('taro'));
    await fresh.getByRole('button', { name: '業務を開始' }).click();
    await fresh.getByRole('button', { name: '受付可' }).waitFor();
    t.equal(await fresh.locator('html').getAttribute('lang'), 'ja');
    t.equal(await fresh.evaluate('localStorage.length'), 0, 'nothing was chosen, nothing is kept');
    await wallboard(t, page, engawa.passwordOf('midori'), fresh);
    await context.close();
  });

  async function wallboard(t: Test, page: Page, password: string, taro: Page): Promise<void> {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, 'en', 'midori', password);
    const line = page.getByRole('row').filter({ hasText: '鈴木 太郎' });
    await line.getByText('Connected', { exact: true }).waitFor();
    await everywhere(t, 'wallboard');
    await taro.getByRole('button', { name: '受付可' }).click();
    await line.getByText('Available', { exact: true }).waitFor();
    await line.getByRole('button', { name: 'Change state of 鈴木 太郎' }).click();
    await page.getByRole('menuitem', { name: 'Make not ready' }).click();
    await line.getByText('Set by a supervisor').waitFor();
    await taro.getByText('スーパーバイザーによる変更').waitFor();
    await page.getByRole('button', { name: 'Recordings', exact: true }).click();
    await page
      .getByRole('button', { name: /^Listen to the recording of/ })
      .first()
      .waitFor();
    await everywhere(t, 'recordings');
  }
});
