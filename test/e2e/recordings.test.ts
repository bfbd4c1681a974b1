// The supervisor's page of recordings in a real browser: a call is recorded and opened with a passkey that only this page can use (an
// authenticator with the PRF extension), and with a key file; it really sounds. Refused without proof and without purpose, kept in
// the audit log, and nothing of it stays.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { soundPreparation, waitToSound } from '../support/centre/page-sound.ts';
import { openPage } from '../support/centre/signed-in-page.ts';
import { eventually } from '../support/eventually.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(420_000);

const customerTone = 440;
const agentTone = 660;
t.test('a recording is heard in the page, with a passkey and with a key file', async (t) => {
  const engawa = await startEngawa(t);
  const url = `http://localhost:${engawa.port}`;
  const root = await addAdministrator(engawa);
  const { browser, close } = await launchChromium();
  t.teardown(close);
  const midori = await openPage(browser, {
    ...{ url, login: 'midori', password: engawa.passwordOf('midori'), preparation: soundPreparation },
  });
  const { context, page, button, proveUntil, picture } = midori;
  const kept: string[] = [];
  page.on('response', (response) => {
    if (/\/parts\/|\/plays|\/audio/.test(response.url()) && response.headers()['cache-control'] !== 'no-store')
      kept.push(response.url());
  });
  const devTools = await context.newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true },
      ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf: true },
    },
  } as never);
  await button('Recordings').click();
  await t.test('a key under a passkey is registered, and approved by somebody else', async (t) => {
    await button('Register a passkey').click();
    await proveUntil(() => page.getByText('Registered. An administrator approves it now.').isVisible());
    const { body } = await root.rest<{ items: { id: string; displayName: string }[] }>('GET', '/api/v1/listening-keys');
    t.equal(body.items.length, 1);
    const approved = await root.rest('POST', `/api/v1/listening-keys/${body.items[0]!.id}/commands/approve`, {});
    t.equal(approved.status, 200);
  });

  const desk = await openDesk(t, {
    ...{ url: engawa.url, login: 'hanako', password: engawa.passwordOf('hanako'), toneHz: agentTone },
  });
  await desk.available();
  const customer = await startSippCustomer(t, {
    ...{ scenario: 'carrier-calls-in', target: engawa.sip, dialled: '0120000111', customer: '09012345678' },
    toneHz: customerTone,
  });
  await customer.connected();
  await customer.party.sendDigits('2');
  await desk.answer();
  await desk.waitToHear([customerTone]);
  await eventually('the customer hears two seconds of the agent', () => customer.party.hears(2000).includes(agentTone));
  await desk.hangUp();
  t.equal(await customer.ended, 0);
  await desk.close();
  const call = await eventually('the call record is complete', async () => {
    const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
    return items.find((one) => one.endedAt !== null && one.recordingIds.length > 0);
  });
  const recordingId = call.recordingIds[0]!;
  await eventually('the recording is complete', async () => {
    const { state } = await engawa.get<{ state: string }>(`/api/v1/recordings/${recordingId}`);
    return state === 'complete';
  });

  await t.test('without a proof, and without a purpose, it is refused', async (t) => {
    const stranger = await fetch(`${engawa.url}/api/v1/session`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ login: 'midori', password: engawa.passwordOf('midori') }),
    });
    const { csrfToken } = (await stranger.json()) as { csrfToken: string };
    const headers = {
      cookie: stranger.headers.get('set-cookie')!.split(';')[0]!,
      'x-csrf-token': csrfToken,
      'content-type': 'application/json',
    };
    const ask = async (body: object) =>
      (
        await fetch(`${engawa.url}/api/v1/recordings/${recordingId}/plays`, {
          ...{ method: 'POST', headers, body: JSON.stringify(body) },
        })
      ).json() as Promise<{ code: string }>;
    t.equal((await ask({ purpose: 'complaint' })).code, 'step-up-needed');
    const password = engawa.passwordOf('midori');
    await fetch(`${engawa.url}/api/v1/session/step-up`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ password }),
    });
    t.equal((await ask({ purpose: '' })).code, 'purpose-needed');
    t.equal((await ask({ purpose: 'other' })).code, 'purpose-needed');
    await fetch(`${engawa.url}/api/v1/session`, { method: 'DELETE', headers });
  });

  async function listen(choose: () => Promise<void>): Promise<void> {
    await button(/^Listen to the recording of/)
      .first()
      .click();
    await page.getByRole('button', { name: /For what/ }).click();
    await page.getByRole('option', { name: 'A complaint' }).click();
    await choose();
    await page.getByRole('dialog').getByRole('button', { name: 'Listen', exact: true }).click();
    await proveUntil(() => page.getByRole('heading', { name: 'Player' }).isVisible());
  }

  await t.test('with the passkey the page opens it, and both sides sound', async (t) => {
    await button('Search').click();
    await button(/^Listen to the recording of/)
      .first()
      .waitFor();
    await page.getByText(call.alias!).first().waitFor();
    await button(/^Listen to the recording of/)
      .first()
      .click();
    t.ok(
      await page.getByRole('dialog').getByRole('button', { name: 'Listen', exact: true }).isDisabled(),
      'no purpose',
    );
    await picture('purpose', ['English']);
    await button('Cancel').click();
    await listen(async () => {});
    await waitToSound(page, 'both sides sound', [customerTone, agentTone]);
    const player = page.getByRole('region', { name: 'Player' });
    t.match((await player.textContent()) ?? '', /Heard by 高橋 緑 \(midori\)/, 'the watermark');
    t.equal(await player.locator('audio').evaluate((audio: { src: string }) => audio.src.slice(0, 5)), 'blob:');
    await picture('player');
    await page.getByLabel('Balance').fill('-1');
    await waitToSound(page, 'the customer alone', [customerTone]);
    await page.getByRole('heading', { name: 'Player' }).click();
    await player.getByLabel('Position').press('k');
    await player.getByLabel('Position').press('Home');
    await eventually('the keyboard takes it back to its beginning', async () =>
      /0:00 \//.test((await player.textContent()) ?? ''),
    );
  });

  await t.test('with a key file, too', async (t) => {
    await button('Forget it now').click();
    await page.getByRole('heading', { name: 'Player' }).waitFor({ state: 'detached' });
    await listen(async () => {
      await page.getByRole('button', { name: /Open with/ }).click();
      await page.getByRole('option', { name: 'A key file' }).click();
      const chooser = page.waitForEvent('filechooser');
      await button('Choose key file …').click();
      await (await chooser).setFiles(join(engawa.dataFolder, 'recording-identity.txt'));
      await page.getByText('Key file: recording-identity.txt').waitFor();
    });
    await waitToSound(page, 'both sides sound', [customerTone, agentTone]);
    t.ok(existsSync(join(engawa.dataFolder, 'recording-identity.txt')));
    await picture('page');
  });

  await t.test('who listened is in the audit log, and nothing stays behind', async (t) => {
    const { body } = await root.rest<{ items: object[] }>('GET', `/api/v1/recordings/${recordingId}/plays`);
    t.match(body.items, [
      { displayName: '高橋 緑', purpose: 'complaint', outcome: 'done', act: 'recording-played' },
      { displayName: '高橋 緑', purpose: 'complaint', outcome: 'done', act: 'recording-played' },
    ]);
    t.strictSame(kept, [], 'no answer may be kept');
    await page.setViewportSize({ width: 1280, height: 900 });
    const blob = await page.locator('audio').evaluate((audio: { src: string }) => audio.src);
    await button('Sign out').click();
    await button('Sign in').waitFor();
    const left = (await page.evaluate(`(async () => ({
      caches: await caches.keys(),
      databases: (await indexedDB.databases()).map(({ name }) => name),
      local: Object.keys(localStorage).filter((key) => key !== 'engawa.language'),
      session: Object.values(sessionStorage).join(' '),
      blob: await new Promise((resolve) => {
        const audio = new Audio();
        audio.onerror = () => resolve('gone');
        audio.oncanplay = () => resolve('there');
        audio.src = ${JSON.stringify(blob)};
      }),
      audio: document.querySelectorAll('audio').length,
    }))()`)) as { session: string };
    t.match(left, { caches: [], databases: [], local: [], blob: 'gone', audio: 0 });
    t.notMatch(left.session, /AGE-SECRET|age1/);
    t.strictSame(midori.errors(), [], 'nothing went wrong in the page');
  });
});
