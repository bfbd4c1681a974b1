// Coming in, in Chromium against the built program: an invitation, a passkey (the browser's virtual authenticator), an authenticator app,
// a recovery code, and proving again to be there.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TOTP, URI } from 'otpauth';
import type { BrowserContext, Page } from 'playwright-core';
import t from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort } from '../support/free-port.ts';
import { startProvider } from '../support/sign-in/provider.ts';

t.setTimeout(420_000);

const cli = join(projectRoot, 'dist/src/cli/engawa.js');
const password = 'four swallows under the eaves';

t.test('coming in with more than a password', async (t) => {
  // Passkeys need a name: the address of loopback is none. And the provider must know where browsers come back to.
  const port = await freeTcpPort();
  const url = `http://localhost:${port}`;
  const clientSecret = 'between the provider and us';
  const provider = await startProvider(t, { clientSecret, publicUrl: url });
  const singleSignOn = {
    ...{ issuer: provider.issuer, clientId: 'engawa', secondFactor: { amr: ['mfa'] } },
    create: { role: { claim: 'groups', values: { leads: 'supervisor' } } },
  };
  const engawa = await startEngawa(t, {
    environment: { ENGAWA_OIDC_SECRET: clientSecret },
    config: {
      http: { port, publicUrl: url },
      signIn: { secondFactor: { demo: true }, singleSignOn },
      outgoing: { privateNetworks: ['127.0.0.0/8'] },
    },
  });
  const { browser, close } = await launchChromium();
  t.teardown(close);
  const context = await browser.newContext({ locale: 'en-US' });
  // Whatever language a person prefers: chosen in this browser before.
  await context.addInitScript("if (location.port) localStorage.setItem('engawa.language', 'en')");
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' && line.location().url.startsWith(url)) errors.push(line.text());
  });
  await addVirtualAuthenticator(context, page);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const signOut = async () => {
    await button('Sign out').click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  };
  const givePassword = async (login: string, given: string) => {
    await page.getByLabel('Login', { exact: true }).fill(login);
    await page.getByLabel('Password', { exact: true }).fill(given);
    await button('Sign in').click();
  };
  let codes: string[] = [];

  await t.test('an invited administrator sets a password and a passkey, and prints recovery codes', async (t) => {
    const file = join(engawa.dataFolder, 'engawa.yaml');
    const added = spawnSync(process.execPath, [cli, 'user', 'add', 'kanri', '--config', file], { encoding: 'utf8' });
    const link = /\/#invitation=[\w-]{43}$/m.exec(added.stdout)?.[0] ?? '';
    t.ok(link, added.stdout + added.stderr);
    await page.goto(`${url}/${link.slice(1)}`);
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
    t.notMatch(page.url(), 'invitation', 'the link does not stay in the address');
    await page.getByLabel('New password').fill('password123456789');
    await page.getByLabel('The same once more').fill('password123456789');
    await button('Set password').click();
    await page.getByRole('alert').getByText('lists of stolen passwords').waitFor();
    await page.getByLabel('New password').fill(password);
    await page.getByLabel('The same once more').fill(password);
    await button('Set password').click();
    await page.getByRole('heading', { name: 'Protect your account' }).waitFor();
    await button('Set up a passkey').click();
    await page.getByLabel('Name of this passkey').fill('Work laptop');
    await button('Set up a passkey').click();
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
    codes = await page.locator('.recovery-codes code').allTextContents();
    t.equal(codes.length, 10);
    await button('I have them on paper').click();
    await button('Sign out').waitFor();
    await page.goto(`${url}/${link.slice(1)}`);
    await page.getByRole('heading', { name: 'This invitation cannot be used' }).waitFor();
    await page.goto(`${url}/`);
  });

  await t.test('a passkey alone lets them in', async () => {
    await signOut();
    await button('Use a passkey').click();
    await button('Sign out').waitFor();
  });

  let app: TOTP | undefined;

  await t.test('an authenticator app is added, and stands in for the passkey', async (t) => {
    await button('My account').click();
    await page.getByText('Work laptop').waitFor();
    await button('Set up an app').click();
    await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
    const secret = (await page.locator('.secret').textContent())?.replaceAll(' ', '') ?? '';
    app = URI.parse(`otpauth://totp/Engawa:kanri?secret=${secret}&issuer=Engawa`) as TOTP;
    await page.getByLabel('The code that it shows now').fill(app.generate());
    await button('Confirm').click();
    await button('Remove the app').waitFor();
    await signOut();
    await givePassword('kanri', password);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    const nothing = await page.evaluate("fetch('/api/v1/users').then((response) => response.status)");
    t.equal(nothing, 401, 'until then there is nothing to see');
    await button('Use the authenticator app').click();
    // The code that confirmed it counts no more: the next one does, within the tolerance for clocks that are fast.
    const next = app.generate({ timestamp: Date.now() + 30_000 });
    await page.getByLabel('Code from your authenticator app').fill(next);
    await button('Sign in').click();
    await button('Sign out').waitFor();
  });

  await t.test('a printed code lets them in once', async () => {
    for (const worksStill of [true, false]) {
      await signOut();
      await givePassword('kanri', password);
      await button('Use a recovery code').click();
      await page.getByLabel('Recovery code').fill(codes[0]!.toLowerCase());
      await button('Sign in').click();
      if (worksStill) await button('Sign out').waitFor();
      else await page.getByRole('alert').getByText('That is not right').waitFor();
    }
    await button('Back to sign-in').click();
  });

  await t.test('the page asks to prove it again, and then goes on by itself', async (t) => {
    await givePassword('taro', engawa.passwordOf('taro'));
    await button('My account').click();
    await button('Set up an app').click();
    const dialog = page.getByRole('dialog', { name: 'Is it still you?' });
    await dialog.getByLabel('Your password').fill('not the password');
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.getByRole('alert').getByText('That is not right').waitFor();
    await dialog.getByLabel('Your password').fill(engawa.passwordOf('taro'));
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
    t.equal(await dialog.count(), 0);
    await button('Cancel').click();
    await signOut();
  });

  await t.test('who works at home needs a second factor, and has no desk until then', async (t) => {
    await givePassword('hanako', engawa.passwordOf('hanako'));
    await page.getByRole('heading', { name: 'Protect your account' }).waitFor();
    const { items } = await engawa.get<{ items: { person: { login: string }; state: string }[] }>('/api/v1/agents');
    t.equal(items.find(({ person }) => person.login === 'hanako')?.state ?? 'offline', 'offline');
  });

  const bySingleSignOn = async (account: string | undefined, how: { amr?: string[] } = {}) => {
    provider.next = { account, ...how };
    await page.goto('about:blank');
    await context.clearCookies();
    await page.goto(`${url}/`);
    await button('Sign in with your company account').click();
  };
  const session = async () =>
    (await page.evaluate("fetch('/api/v1/session').then((answer) => answer.json())")) as {
      person?: { login: string; role: string; place: string; queues: string[] };
    };

  await t.test(
    'single sign-on: a person who is known, with the second factor that the provider vouches for',
    async (t) => {
      await bySingleSignOn('hanako', { amr: ['pwd', 'mfa'] });
      await button('Sign out').waitFor();
      t.match(await session(), { person: { login: 'hanako' } });
      t.match(provider.begun.at(-1), { account: 'hanako' });
      await button('Sign out').click();
      await page.waitForURL(`${provider.issuer}/session/end**`);
    },
  );

  await t.test('without it the second factor is asked for here, and a stranger is turned away', async () => {
    await bySingleSignOn('hanako', { amr: ['pwd'] });
    await page.getByRole('heading', { name: 'Protect your account' }).waitFor();
    await bySingleSignOn(undefined);
    await page.getByRole('alert').getByText('did not let you in').waitFor();
    await bySingleSignOn('Not A Login!');
    await page.getByRole('alert').getByText('not known here').waitFor();
  });

  await t.test('somebody new is added, as the strictest unless the claims say more', async (t) => {
    await bySingleSignOn('jiro', { amr: ['mfa'] });
    await button('Sign out').waitFor();
    t.match(await session(), { person: { login: 'jiro', role: 'agent', place: 'home', queues: [] } });
    provider.claims.set('sachiko', { groups: ['staff', 'leads'] });
    await bySingleSignOn('sachiko', { amr: ['mfa'] });
    await button('Sign out').waitFor();
    t.match(await session(), { person: { login: 'sachiko', role: 'supervisor', place: 'home' } });
  });

  await t.test('who has no password here steps up at the provider, who asks again', async (t) => {
    const popup = context.waitForEvent('page');
    await page.evaluate("void window.open('/api/v1/single-sign-on?for=step-up')");
    await (await popup).waitForEvent('close');
    t.equal(provider.prompts.at(-1), 'login');
  });

  await t.test('who signs out at the provider is signed out here at once', async (t) => {
    const forged = await fetch(`${url}/api/v1/single-sign-on/logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJzYWNoaWtvIn0.' }),
    });
    t.equal(forged.status, 400);
    t.match(await session(), { person: { login: 'sachiko' } }, 'only the provider can say so');
    await provider.logOut(provider.begun.at(-1)!);
    t.notOk((await session()).person, 'the session is over');
  });

  const expected = /status of (401|403|422|404)/;
  t.strictSame(
    errors.filter((error) => !expected.test(error)),
    [],
    'nothing else went wrong, and the content security policy had nothing to stop',
  );
});

/** As if this computer had a fingerprint sensor that always says yes. */
async function addVirtualAuthenticator(context: BrowserContext, page: Page): Promise<void> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await eventually('the browser has passkeys', () =>
    page.evaluate("typeof PublicKeyCredential !== 'undefined' || true"),
  );
}
