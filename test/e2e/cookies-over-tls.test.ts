// The built program over TLS in Chromium: the browser takes the cookies that are of this host alone, and pages, feed and softphone work
// with them; one that plain http or a sibling name tries to plant is not taken.

import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { launchChromium } from '../support/centre/chromium.ts';
import { signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { makeCertificate } from '../support/servers/certificate.ts';

t.setTimeout(420_000);

t.test('a browser holds our cookies as __Host-, and nobody else can plant them', async (t) => {
  const { cert, key } = makeCertificate();
  const folder = t.testdir({});
  t.teardown(() => rmSync(join(folder, 'key.pem'), { force: true }));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const engawa = await startEngawa(t, { config: { http: { port: 0, tls: { certFile, keyFile } } }, startSeconds: 200 });
  const url = `https://localhost:${engawa.port}`;
  const { browser, close } = await launchChromium({ toneHz: 440 });
  t.teardown(close);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.grantPermissions(['microphone'], { origin: url });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const sent: string[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload.toString())));

  // What a page of plain http on the same host sets is sent to every port of it.
  const planted = createServer((_request, response) => {
    response.setHeader('set-cookie', ['engawa_session=planted; Path=/', '__Host-engawa_session=planted; Path=/']);
    response.end('planted');
  });
  await new Promise<void>((resolve) => planted.listen(0, '127.0.0.1', resolve));
  t.teardown(() => planted.close());
  await page.goto(`http://localhost:${(planted.address() as AddressInfo).port}/`);
  t.strictSame(
    (await context.cookies()).map(({ name }) => name),
    ['engawa_session'],
    'the browser refuses the prefix without TLS',
  );

  await page.goto(`${url}/?lang=en`);
  await signIn(page, 'en', 'hanako', engawa.passwordOf('hanako'));
  await page.getByRole('button', { name: 'Start shift', exact: true }).click();
  await page.getByRole('button', { name: 'Available', exact: true }).click();
  // Only a desk whose softphone is registered becomes available, and the feed tells the page that it is.
  await page.locator('[data-testid="agent-state"][data-state="available"]').waitFor();
  const registers = sent.filter((each) => each.startsWith('REGISTER '));
  t.ok(
    registers.length > 0 && registers.every((each) => each.includes('\r\nVia: SIP/2.0/WS ')),
    'TLS ends at the node',
  );
  const ours = (await context.cookies(url)).filter(({ name }) => name.startsWith('__Host-'));
  t.match(ours, [{ name: '__Host-engawa_session', secure: true, httpOnly: true, sameSite: 'Strict', path: '/' }]);
  t.ok(
    ours.every(({ domain }) => domain === 'localhost'),
    'of this host, without a Domain',
  );
  await page.reload();
  await page.locator('[data-testid="agent-state"]').waitFor();
});
