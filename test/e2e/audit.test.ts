// The log of who did what in Chromium: what people do in pages is there with place, browser and reason; who was looked at sees
// it; a row that is altered in PostgreSQL is found and named, in the page and by the command, and an export verifies offline.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Page } from 'playwright-core';
import t from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';
import { urlOfRunningCluster } from '../../src/store/embedded/running.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';

t.setTimeout(420_000);

t.test('who did what, in the pages', async (t) => {
  const engawa = await startEngawa(t);
  const administrator = await addAdministrator(engawa, 'kanri');
  const { browser, close } = await launchChromium();
  t.teardown(close);

  async function open(login: string, password: string, section: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(new URL('/?lang=en', engawa.url).href);
    await signIn(page, 'en', login, password);
    await page.getByRole('navigation').getByRole('button', { name: section, exact: true }).click();
    return page;
  }
  const engawaCommand = (...args: string[]) => {
    const entry = join(projectRoot, 'dist/src/cli/engawa.js');
    return spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' });
  };

  await t.test('a supervisor switches the mode of operation, with a reason', async () => {
    const page = await open('midori', engawa.passwordOf('midori'), 'Wallboard');
    await page.getByRole('button', { name: 'Switch', exact: true }).click();
    await page.getByText('All from home').click();
    await page.getByLabel('Why? It is kept with your name.').fill('台風14号');
    await page.getByRole('button', { name: 'Switch now' }).click();
    await page.locator('[data-operation="all-home"]').waitFor();
    await page.context().close();
  });
  const { body } = await administrator.rest<{ items: { id: string; login: string }[] }>('GET', '/api/v1/users');
  const hanako = body.items.find(({ login }) => login === 'hanako')!;
  await administrator.rest('PATCH', `/api/v1/users/${hanako.id}`, { displayName: '花子' });

  const page = await open('kanri', 'correct horse battery staple', 'Who did what');
  await t.test('an administrator sees who, where from, by which browser and why', async (t) => {
    const row = page.getByRole('row').filter({ hasText: '台風14号' });
    await row.waitFor();
    t.match((await row.textContent())!, /Switched the mode of operation/);
    t.match((await row.textContent())!, /In the centre|At home/);
    await row.getByRole('button', { name: /Details of entry/ }).click();
    const details = page.locator('.audit-details');
    await details.waitFor();
    for (const known of ['127.0.0.1', 'Chrome', 'all-home', 's_', 'a_']) t.match((await details.textContent())!, known);
    await page.getByRole('row').filter({ hasText: 'Added a person' }).filter({ hasText: 'engawa user add' }).waitFor();
  });

  await t.test('a search shows what fits, and leaves an entry itself', async () => {
    await page.getByRole('button', { name: /What was done/ }).click();
    await page.getByRole('option', { name: 'Changed a person', exact: true }).click();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('row').filter({ hasText: 'Switched the mode' }).waitFor({ state: 'detached' });
    await page.getByRole('row').filter({ hasText: 'Person: 花子' }).waitFor();
    await page.getByRole('button', { name: 'Everything', exact: true }).click();
    await page.getByRole('row').filter({ hasText: 'Searched this log' }).first().waitFor();
  });

  await t.test('who was changed sees by whom', async () => {
    const own = await open('hanako', engawa.passwordOf('hanako'), 'My account');
    const part = own.getByRole('region', { name: 'Who looked at your data' });
    await part.getByRole('row').filter({ hasText: 'kanri' }).filter({ hasText: 'Changed a person' }).waitFor();
    await own.context().close();
  });

  await t.test('an export asks why, and verifies without the server', async (t) => {
    await page.getByRole('button', { name: 'Export …' }).click();
    await page.getByLabel('Why do you need it?').fill('Yearly audit');
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    await page.getByLabel('Your password').fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Go on' }).click();
    const file = join(t.testdir(), 'export.csv');
    await (await coming).saveAs(file);
    const publicKey = (await page.locator('.audit-key code').textContent())!;
    const verify = () => engawaCommand('audit', 'verify', '--export', file, '--public-key', publicKey);
    t.match(verify(), { status: 0, stdout: /good: nothing was changed/ });
    writeFileSync(file, readFileSync(file, 'utf8').replace('台風14号', '晴れ'));
    t.match(verify(), { status: 1, stdout: /BAD/ });
  });

  await t.test('a row that is altered in PostgreSQL is found and named', async (t) => {
    const look = async () => {
      await page.getByRole('button', { name: 'Look through all of it' }).click();
      await page.getByRole('button', { name: 'Look through all of it' }).waitFor();
    };
    await look();
    await page.getByText('none was changed, removed, inserted or moved').waitFor();
    const client = new pg.Client({ connectionString: urlOfRunningCluster(join(engawa.dataFolder, 'postgres'))! });
    await client.connect();
    await client.query('SET session_replication_role = replica');
    const { rows } = await client.query(
      "UPDATE audit_entries SET act = 'signed-out' WHERE act = 'operation-changed' RETURNING seq, id",
    );
    await client.end();
    await look();
    const named = new RegExp(`Entry ${rows[0].seq} \\(${rows[0].id}, signed-out.*was changed`);
    await page.getByText(named).waitFor();
    t.match(engawaCommand('audit', 'verify', '--config', join(engawa.dataFolder, 'engawa.yaml')), {
      status: 1,
      stdout: named,
    });
  });
});
