// The supervisor's page of recordings in a real browser: a call is recorded and opened with a passkey that only this page can use (an
// authenticator with the PRF extension), and with a key file; it really sounds. Refused without proof and without purpose, kept in
// the audit log, and nothing of it stays.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { heardTones } from '../support/media/tones.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(420_000);

const customerTone = 440;
const agentTone = 660;
/** Where pictures of the page go when somebody wants to look at it. */
const pictures = process.env['PAGE_PICTURES'];

/** Runs before the page's code: what is sent to the speaker goes past an analyser, too. */
const preparation = `(() => {
  const connect = AudioNode.prototype.connect;
  let analyser;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode) {
      if (analyser?.context !== this.context) {
        analyser = this.context.createAnalyser();
        analyser.fftSize = 16384;
      }
      connect.call(this, analyser);
    }
    return connect.call(this, to, ...more);
  };
  window.__sounds = () => {
    if (!analyser) return { sampleRateHz: 48000, samples: [] };
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return { sampleRateHz: analyser.context.sampleRate, samples: Array.from(samples, (one) => Math.round(one * 32767)) };
  };
})();`;

async function sounds(page: Page): Promise<number[]> {
  const { sampleRateHz, samples } = (await page.evaluate('window.__sounds()')) as {
    sampleRateHz: number;
    samples: number[];
  };
  return heardTones(Int16Array.from(samples), { sampleRateHz });
}

const waitToSound = (page: Page, what: string, wanted: number[]) =>
  eventually(what, async () => JSON.stringify(await sounds(page)) === JSON.stringify(wanted), { withinMs: 60_000 });

t.test('a recording is heard in the page, with a passkey and with a key file', async (t) => {
  const engawa = await startEngawa(t);
  const url = `http://localhost:${engawa.port}`;
  const root = await addAdministrator(engawa);
  const { browser, close } = await launchChromium();
  t.teardown(close);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript(preparation);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
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
  await page.goto(`${url}/?lang=en`);
  await signIn(page, 'en', 'midori', engawa.passwordOf('midori'));

  const button = (name: string | RegExp) =>
    page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) });
  /** Proves to be there when the page asks for it, until `there` is seen. */
  async function proveUntil(there: () => Promise<boolean>): Promise<void> {
    await eventually(
      'what comes after the proof',
      async () => {
        if (await there()) return true;
        const password = page.getByLabel('Your password');
        if (!(await password.isVisible().catch(() => false))) return false;
        await password.fill(engawa.passwordOf('midori'));
        await button('Go on').click();
        await password.waitFor({ state: 'hidden' });
        return false;
      },
      { withinMs: 60_000 },
    );
  }
  async function picture(name: string, languages = ['日本語', 'English']): Promise<void> {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    for (const language of languages) {
      if (languages.length > 1) await page.getByRole('radio', { name: language }).click();
      for (const width of [400, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: join(pictures, `${name}-${language}-${width}.png`), fullPage: true });
      }
    }
  }

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
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByLabel('Balance').fill('-1');
    // It lasts two seconds: whenever it has come to its end, it is played again.
    const play = player.getByRole('button', { name: 'Play', exact: true });
    const soundsAlone = async () => {
      if (await play.isVisible()) {
        await player.getByLabel('Position').fill('300');
        await play.click();
      }
      return JSON.stringify(await sounds(page)) === JSON.stringify([customerTone]);
    };
    await eventually('the customer alone', soundsAlone, { withinMs: 60_000 });
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
    t.strictSame(
      errors.filter((text) => !/Failed to load resource/.test(text)),
      [],
      'nothing went wrong in the page',
    );
  });
});
