// A supervisor in the centre has a customer's number shown on the wallboard, after a proof and for a purpose; it is gone by itself. A
// supervisor at home sees no way to ask, is refused when asking all the same, and is sent no byte of it. In Chromium, on the built program.

import type { BrowserContext, Page } from 'playwright-core';
import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { eventually } from '../support/eventually.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(420_000);

const canonical = '+819012345678';
const shown = '090-1234-5678';
const homePassword = 'six quiet herons at dusk';
const engawa = await startEngawa(t, { config: { reveal: { shownSeconds: 5 } }, startSeconds: 240 });
const root = await addAdministrator(engawa);
const { browser, close } = await launchChromium();
t.teardown(close);

/** `received`: every body of an answer, and every message of a feed, that this browser was sent. */
async function visit(login: string, password: string) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const received: string[] = [];
  page.on('pageerror', (error) => t.comment(String(error)));
  const devTools = await context.newCDPSession(page);
  await devTools.send('Network.enable');
  devTools.on('Network.eventSourceMessageReceived', ({ data }) => void received.push(data));
  page.on('response', (response) => {
    received.push(JSON.stringify(response.headers()));
    if (!/\/feed$/.test(new URL(response.url()).pathname))
      void response.text().then(
        (text) => received.push(text),
        // Of a redirect, or of a page that was left.
        () => undefined,
      );
  });
  await page.goto(`${engawa.url}/?lang=en`);
  await signIn(page, 'en', login, password);
  await page.getByRole('heading', { name: 'Last calls' }).waitFor();
  return { context, page, received };
}

const show = (page: Page, alias: string) => page.getByRole('button', { name: `Show the number of ${alias}` }).first();

async function askAnyway(context: BrowserContext, alias: string): Promise<{ status: number; text: string }> {
  const { csrfToken } = await (await context.request.get(`${engawa.url}/api/v1/session`)).json();
  const headers = { 'x-csrf-token': csrfToken };
  await context.request.post(`${engawa.url}/api/v1/session/step-up`, { headers, data: { password: homePassword } });
  const answer = await context.request.post(`${engawa.url}/api/v1/customers/${alias}/number-reveals`, {
    ...{ headers, data: { purpose: 'call-back' } },
  });
  return { status: answer.status(), text: await answer.text() };
}

t.test('a number is shown in the centre for a while, and never at home', async (t) => {
  const made = await root.rest('POST', '/api/v1/users', {
    ...{ login: 'kaede', displayName: 'Kaede', role: 'supervisor', place: 'home', clearance: 'sensitive' },
    ...{ queues: [], language: 'en', password: homePassword },
  });
  t.equal(made.status, 201);
  const customer = await startSippCustomer(t, {
    ...{ scenario: 'carrier-calls-in-and-hangs-up', target: engawa.sip, dialled: '0120000111' },
    ...{ customer: '09012345678', toneHz: 440, talkMs: 500 },
  });
  t.equal(await customer.ended, 0);
  const { alias } = await eventually('the call record is complete', async () => {
    const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
    return items.find((one) => one.endedAt !== null);
  });
  if (alias === null) throw new Error('the customer has no alias');

  const atHome = await visit('kaede', homePassword);
  await atHome.page.getByText('Customers’ numbers are shown in the centre only').waitFor();
  await atHome.page.getByRole('cell', { name: alias }).first().waitFor();
  t.equal(await show(atHome.page, alias).count(), 0, 'at home there is nothing to press');

  const { page } = await visit('midori', engawa.passwordOf('midori'));
  await show(page, alias).click();
  const dialog = page.getByRole('dialog');
  const ask = dialog.getByRole('button', { name: 'Show number', exact: true });
  t.ok(await ask.isDisabled(), 'no purpose, no number');
  await page.getByRole('button', { name: /For what/ }).click();
  await page.getByRole('option', { name: 'Something else' }).click();
  t.ok(await ask.isDisabled(), 'this purpose needs words');
  await page.getByLabel(/More about it/).fill('the line broke');
  await ask.click();
  await page.getByLabel('Your password').fill(engawa.passwordOf('midori'));
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  const number = page.getByTestId('revealed-number');
  await number.waitFor();
  t.equal((await number.textContent())?.trim(), shown);
  await number.waitFor({ state: 'hidden' });
  t.notOk((await page.content()).includes(shown), 'the page has forgotten it');

  const refused = await askAnyway(atHome.context, alias);
  t.equal(refused.status, 403);
  t.match(JSON.parse(refused.text), { code: 'number-stays' });
  const { body } = await root.rest<{ items: object[] }>('GET', '/api/v1/audit?act=number-revealed');
  t.match(body.items, [
    { outcome: 'refused', target: { kind: 'alias', id: alias } },
    { outcome: 'done', details: { purpose: 'other: the line broke' } },
  ]);
  // What came after the reveal has arrived as well: this page has read its lists again.
  await atHome.page.reload();
  await atHome.page.getByRole('cell', { name: alias }).first().waitFor();
  const everything = { home: atHome.received.join('\n'), refused: refused.text, log: engawa.log() };
  t.ok(everything.home.includes(alias), 'what was received was kept');
  for (const [where, text] of Object.entries({ ...everything, audit: JSON.stringify(body) }))
    t.same(findNumber(text, canonical), [], where);
});
