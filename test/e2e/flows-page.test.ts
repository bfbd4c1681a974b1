// The page for those who edit flows, in Chromium: drawing, mistakes with their place, the proof, publishing and going back.

import t from 'tap';
import { launchChromium } from '../support/centre/chromium.ts';
import { signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';

t.setTimeout(240_000);

t.test('a supervisor looks at a flow, breaks it, mends it, publishes it, and goes back', async (t) => {
  const engawa = await startEngawa(t);
  const { browser, close } = await launchChromium({});
  t.teardown(close);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(new URL('/?lang=en', engawa.url).href);
  await signIn(page, 'en', 'midori', engawa.passwordOf('midori'));
  const press = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();
  const inForce = async () => (await engawa.get<{ version: string }>('/api/v1/flows/main')).version;
  const text = () => page.getByRole('textbox', { name: /^YAML/ });
  const first = await inForce();
  await press('Flows');
  await page.getByText('The files were read without a mistake.').waitFor();
  await press('main');

  await t.test('the drawing is drawn, and the text is there', async (t) => {
    const drawing = page.getByRole('img', { name: 'The flow “main” as a drawing' });
    await drawing.waitFor();
    const width = await eventually('the drawing is loaded', () =>
      drawing.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
    );
    t.ok(width > 200, `${width} pixels wide`);
    await eventually('the text is there', async () => (await text().inputValue()).includes('contract-change'));
  });

  const whole = await text().inputValue();

  await t.test('a mistake is told with its line, and nothing is published', async (t) => {
    await text().fill(whole.replace(/reason: contract-change/, 'reason: contract-chnge'));
    await press('Check');
    const problems = page.getByRole('list', { name: 'Mistakes and warnings' });
    await problems.getByText(/did you mean "contract-change"/).waitFor();
    await problems
      .getByText(/line \d+, column \d+/)
      .first()
      .waitFor();
    await press('Publish');
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await problems.getByText(/did you mean "contract-change"/).waitFor();
    t.equal(await inForce(), first);
  });

  await t.test('a version is published, and one goes back to the one before', async (t) => {
    await text().fill(`${whole}# By the page.\n`);
    await press('Publish');
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await page.getByText(/^Version [0-9a-f]{12} is in force\.$/).waitFor();
    const published = await inForce();
    t.not(published, first);
    await page.getByRole('button', { name: `Put in force again: ${first}` }).click();
    await page.getByText(`Version ${first} is in force.`).waitFor();
    t.equal(await inForce(), first);
  });

  t.strictSame(
    errors.filter((error) => !/401/.test(error)),
    [],
    'no errors in the page',
  );
});
