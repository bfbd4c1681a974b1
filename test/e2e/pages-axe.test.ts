// Every page as its people see it, in both languages and at both widths: axe (axe-core) finds no violation of WCAG 2.2 A and AA, and
// nothing is wider than the screen.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Page } from 'playwright-core';
import t from 'tap';
import { addAdministrator, administratorPassword } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { openPage } from '../support/centre/signed-in-page.ts';

t.setTimeout(600_000);

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const engawa = await startEngawa(t);
await addAdministrator(engawa);
const { browser, close } = await launchChromium();
t.teardown(close);

/** In a line each: the rule, where, and why. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const { violations: found } = (await page.evaluate(
    // The announcements of react-aria come and go, each an element that is named by what may be gone already.
    `axe.run({ exclude: ['[data-live-announcer]'] }, { runOnly: ${JSON.stringify(tags)} })`,
  )) as axe.AxeResults;
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

const tooWide = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth') as Promise<number>;

const people = [
  { login: 'hanako', password: engawa.passwordOf('hanako') },
  { login: 'midori', password: engawa.passwordOf('midori') },
  { login: 'kanri', password: administratorPassword },
];
for (const { login, password } of people)
  for (const lang of ['ja', 'en'] as const)
    t.test(`${login} sees pages without violations (${lang})`, async (t) => {
      const shown = await openPage(browser, { url: engawa.url, login, password, lang });
      const { page } = shown;
      const views = page.locator('nav.views button');
      await page.locator('.shell-main :is(h1, h2):visible').first().waitFor();
      const count = await views.count();
      for (let at = 0; at < Math.max(1, count); at++) {
        const name = count > 0 ? ((await views.nth(at).textContent()) ?? '') : 'desk';
        if (count > 0) await views.nth(at).click();
        await page.locator('.shell-main :is(h1, h2):visible').first().waitFor();
        for (const width of [1280, 400]) {
          await page.setViewportSize({ width, height: 900 });
          t.same(await violations(page), [], `${name}, ${width}`);
          t.equal(await tooWide(page), 0, `${name} fits ${width}`);
        }
        await shown.picture(`${login}-${at}`, [lang]);
      }
      t.same(shown.errors(), []);
      await shown.context.close();
    });

t.test('the page to sign in on, too', async (t) => {
  const page = await browser.newPage();
  for (const lang of ['ja', 'en'])
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${engawa.url}/?lang=${lang}`);
      await page.getByRole('button').first().waitFor();
      t.same(await violations(page), [], `${lang}, ${width}`);
      t.equal(await tooWide(page), 0);
    }
});
