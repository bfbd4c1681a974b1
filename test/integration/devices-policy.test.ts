// Who may come in from where: networks, an access proxy with real JWTs, mutual TLS with real certificates, versions, hours. On the real
// API and a real database; what blocks is seen as a browser sees it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import t from 'tap';
import { deviceSite } from '../support/centre/device-site.ts';
import { createSoftwareDevice } from '../support/centre/software-device.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeCertificate } from '../support/servers/certificate.ts';

const minute = 60_000;
const rule = (needs: string, otherwise = 'block-sign-in', about = 'role: agent') =>
  `rules: { r: { for: { ${about} }, needs: { ${needs} }, otherwise: ${otherwise} } }\n`;
const known = 'device: [enrolled, managed]';

const { publicKey, privateKey } = await generateKeyPair('ES256');
const site = await deviceSite(t, {
  // Tuesday, ten minutes before six in the evening in Tokyo.
  clock: createFakeClock(Date.parse('2026-11-24T08:50Z')),
  files: { 'jwks.json': JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }) },
  api: { listen: { host: '127.0.0.1', port: 0, trustedProxies: ['10.0.0.0/8'] } },
});

/** These rules hold from now. */
async function inForce(rules: string): Promise<void> {
  site.write('devices.yaml', site.contact + rules);
  const problems = await site.needs.reload();
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
}

t.test(
  'an address that is not allowed: a page that says why, and nothing else, also when it is loaded again',
  async (t) => {
    await inForce(rule('networks: [198.51.100.0/24]'));
    const blocked = await site.enter('taro', { address: '192.0.2.7' });
    t.equal(blocked.signedIn.status, 403);
    t.match(blocked.signedIn.body, {
      code: 'device-blocked',
      blocked: {
        reference: /^[A-Z2-9]{4}-[A-Z2-9]{4}$/,
        because: [
          { ja: '会社が認めたネットワークではありません', en: 'this is not a network that the company allows' },
        ],
        contact: { ja: '情報システム部 内線1234', en: 'IT help desk on 1234' },
      },
    });
    t.same(Object.keys(blocked.signedIn.body).sort(), ['blocked', 'code', 'detail', 'status', 'title', 'type']);
    t.match(
      site.audited.filter(({ act }) => act === 'device-refused'),
      [
        {
          outcome: 'refused',
          details: { reference: (blocked.signedIn.body['blocked'] as { reference: string }).reference, rules: 'r' },
        },
      ],
    );
    t.match(
      (await blocked.rest('GET', '/session')).body,
      blocked.signedIn.body,
      'the reason stays when the page is loaded again',
    );
    t.match((await blocked.rest('GET', '/desk')).body, { code: 'device-blocked' });
    const allowed = await site.enter('taro', { address: '198.51.100.9' });
    t.equal(allowed.signedIn.status, 200);
    t.equal((await site.enter('midori')).signedIn.status, 200, 'the rule is about agents');
  },
);

t.test('a session whose address changes is over, but not under a customer', async (t) => {
  await inForce(rule('networks: [198.51.100.0/24]'));
  const taro = await site.enter('taro', { address: '198.51.100.9' });
  const person = (await site.store.people.byId(site.people.taro.id))!;
  t.same((await site.devices.provenOf(person)).keptAway, undefined);
  site.busy.add(person.id);
  taro.from.address = '192.0.2.7';
  t.equal((await taro.rest('GET', '/desk')).status, 200, 'the call goes on');
  t.match(
    (await site.devices.provenOf(person)).keptAway,
    [{ rule: 'device:r', classAtLeast: null }],
    'and no further call is offered',
  );
  const stranger = await site.enter('taro', { address: '192.0.2.8' });
  t.match(stranger.signedIn.body, { code: 'device-blocked' }, 'a new session has no such grace');
  site.busy.clear();
  await site.needs.door.sweep();
  t.match(
    (await taro.rest('GET', '/desk')).body,
    { code: 'device-blocked' },
    'when the call is over, so is the session',
  );
});

t.test('when the hour has passed the session ends; a rule for the desk leaves the rest', async (t) => {
  await inForce(rule('while-open: office'));
  const taro = await site.enter('taro');
  t.equal(taro.signedIn.status, 200);
  site.clock.advance(10 * minute);
  await site.needs.door.sweep();
  t.match((await taro.rest('GET', '/desk')).body, { blocked: { because: [{ en: 'not at this hour' }] } });

  await inForce(rule('networks: [198.51.100.0/24]', 'block-desk'));
  const hanako = await site.enter('hanako');
  t.equal(hanako.signedIn.status, 200);
  const refused = await hanako.rest('GET', '/desk');
  t.match(refused.body, { code: 'desk-blocked', blocked: { because: [{ en: /network/ }] } });
  t.equal((await hanako.rest('POST', '/desk/softphone/ticket', {})).status, 403);
  t.equal((await hanako.rest('GET', '/home-work')).status, 200);
  const person = (await site.store.people.byId(site.people.hanako.id))!;
  t.match((await site.devices.provenOf(person)).keptAway, [{ classAtLeast: null }]);
});

t.test('a rule may only keep calls of some classes away', async (t) => {
  await inForce(rule(known, '{ keep-away: personal }'));
  const taro = await site.enter('taro');
  t.equal(taro.signedIn.status, 200);
  const person = (await site.store.people.byId(site.people.taro.id))!;
  t.match((await site.devices.provenOf(person)).keptAway, [
    { rule: 'device:r', classAtLeast: 'personal', words: { en: 'this device is not enrolled' } },
  ]);
  const device = createSoftwareDevice();
  const midori = await site.enter('midori');
  await midori.steppedUp();
  const { code } = (await midori.rest('POST', '/device-codes', { state: 'enrolled' })).body;
  await device.enrol(taro.rest, { code });
  t.equal((await site.devices.provenOf(person)).keptAway, undefined);
});

t.test('a softphone connects right after its device has proven itself, not later', async (t) => {
  await inForce('rules: {}\n');
  const hanako = await site.enter('hanako');
  const midori = await site.enter('midori');
  await midori.steppedUp();
  const { code } = (await midori.rest('POST', '/device-codes', { state: 'enrolled' })).body;
  const device = createSoftwareDevice();
  await device.enrol(hanako.rest, { code });
  t.equal((await hanako.rest('POST', '/desk/softphone/ticket', {})).status, 200);
  site.clock.advance(minute + 1);
  t.match((await hanako.rest('POST', '/desk/softphone/ticket', {})).body, { code: 'device-needed' });
  await device.prove(hanako.rest);
  t.equal((await hanako.rest('POST', '/desk/softphone/ticket', {})).status, 200);
});

t.test(
  'an identity-aware proxy vouches by what it signed: issuer, audience, time, person, and no other key',
  async (t) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const { privateKey: otherKey } = await generateKeyPair('ES256');
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] });
    const proxies = `access-proxies:
  corp: { header: X-Access-Jwt, issuer: "https://access.example", audience: engawa, keys: { file: jwks.json }, person: email, screen-lock: device.screen_lock }
`;
    const site = await deviceSite(t, {
      rules: proxies + rule('access-proxy: corp, screen-lock: access-proxy'),
      files: { 'jwks.json': jwks },
    });
    const seconds = () => Math.floor(site.clock.now() / 1000);
    const token = (change: Record<string, unknown> = {}, key = privateKey) =>
      new SignJWT({ email: 'Taro', device: { screen_lock: true }, ...change })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer((change['iss'] as string) ?? 'https://access.example')
        .setAudience((change['aud'] as string) ?? 'engawa')
        .setExpirationTime((change['exp'] as number) ?? seconds() + 300)
        .sign(key);
    const enter = async (jwt?: string) =>
      (await site.enter('taro', { headers: jwt ? { 'x-access-jwt': jwt } : {} })).signedIn;
    t.equal((await enter(await token())).status, 200);
    const refused = async (jwt: string | undefined, words: RegExp) =>
      t.match((await enter(jwt)).body, { code: 'device-blocked', blocked: { because: [{ en: words }] } });
    await refused(undefined, /did not come through/);
    await refused(await token({}, otherKey), /did not come through/);
    await refused(await token({ iss: 'https://evil.example' }), /did not come through/);
    await refused(await token({ aud: 'another-program' }), /did not come through/);
    await refused(await token({ exp: seconds() - 60 }), /did not come through/);
    await refused(await token({ email: 'hanako' }), /knows you as somebody else/);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const [, payload] = (await token()).split('.');
    await refused(`${none}.${payload}.`, /did not come through/);
    await refused(await token({ device: { screen_lock: false } }), /nothing attests that the screen/);
  },
);

t.test('a running session is asked for what the proxy signs when the token has run out', async (t) => {
  const proxies = 'access-proxies: { corp: { header: X-Jwt, issuer: i, audience: a, keys: { file: jwks.json } } }\n';
  await inForce(proxies + rule('access-proxy: corp'));
  const fresh = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime(Math.floor(site.clock.now() / 1000) + 120)
      .sign(privateKey);
  const taro = await site.enter('taro', { headers: { 'x-jwt': await fresh() } });
  t.equal(taro.signedIn.status, 200);
  site.clock.advance(minute);
  taro.from.headers['x-jwt'] = await fresh();
  t.equal((await taro.rest('GET', '/desk')).status, 200);
  site.clock.advance(3 * minute);
  t.match((await taro.rest('GET', '/desk')).body, { code: 'device-blocked' });
});

t.test('headers of a certificate are believed from the reverse proxy alone', async (t) => {
  const headers = 'client-certificates: { headers: { verified: X-SSL-Verify, subject: X-SSL-Subject } }\n';
  await inForce(headers + rule('certificate: shown'));
  const shown = { 'x-ssl-verify': 'SUCCESS', 'x-ssl-subject': 'CN=pc-17,O=Example' };
  const from = (address: string, given: Record<string, string>) => site.enter('taro', { address, headers: given });
  t.equal((await from('10.0.0.7', { ...shown, 'x-forwarded-for': '203.0.113.5' })).signedIn.status, 200);
  t.match((await from('203.0.113.5', shown)).signedIn.body, { code: 'device-blocked' }, 'anybody can send a header');
  t.match((await from('10.0.0.7', { ...shown, 'x-ssl-verify': 'FAILED' })).signedIn.body, { code: 'device-blocked' });
});

t.test('old browsers stay outside; systems are known by their hints', async (t) => {
  await inForce(rule('browser: { chrome: 130 }, system: { windows: 11, linux: 0 }'));
  const agent = (system: string, version: number) => ({
    'user-agent': `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`,
  });
  const enter = async (headers: Record<string, string>) => (await site.enter('taro', { headers })).signedIn;
  t.equal((await enter(agent('X11; Linux x86_64', 130))).status, 200);
  t.match((await enter(agent('X11; Linux x86_64', 129))).body, {
    blocked: { because: [{ en: /Chrome 130 or later/ }] },
  });
  const windows = agent('Windows NT 10.0; Win64; x64', 131);
  t.match((await enter(windows)).body, { blocked: { because: [{ en: /Windows 11/ }] } }, 'a version that is not told');
  const hints = { 'sec-ch-ua-platform': '"Windows"', 'sec-ch-ua-platform-version': '"15.0.0"' };
  t.equal((await enter({ ...windows, ...hints })).status, 200);
  const page = await site.app.inject({ method: 'GET', url: '/api/v1/session' });
  t.match(page.headers['accept-ch'], /Sec-CH-UA-Platform-Version/, 'browsers are asked for them');
});

t.test('a file with a mistake does not replace the rules in force', async (t) => {
  await inForce(rule('networks: [198.51.100.0/24]'));
  site.write('devices.yaml', `${site.contact}rules: { r: { needs: { devic: managed }, otherwise: block-sign-in } }\n`);
  const problems = await site.needs.reload();
  t.match(problems, [{ line: 2, message: /"devic" is not known here; did you mean "device"\?/ }]);
  t.match((await site.enter('taro')).signedIn.body, { code: 'device-blocked' });
  site.write('devices.yaml', `${site.contact}rules: {}\n`);
  t.same(await site.needs.reload(), []);
  t.equal((await site.enter('taro')).signedIn.status, 200);
});

t.test('our own listener asks for a certificate, and the device it belongs to has proven itself by it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-mtls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }).toString();
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...ec,
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  const client = (name: string, ca: string) => {
    openssl('req', ...ec, '-subj', `/O=Example/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '1'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`);
  };
  authority('company');
  authority('strangers');
  client('pc-17', 'company');
  client('pc-18', 'company');
  client('pc-99', 'strangers');
  const fingerprint = openssl('x509', '-in', 'pc-17.pem', '-noout', '-fingerprint', '-sha256').split('=')[1]!.trim();
  const pem = (file: string) => readFileSync(join(folder, file));
  const { cert, key } = makeCertificate();
  writeFileSync(join(folder, 'server.pem'), cert);
  writeFileSync(join(folder, 'server.key'), key);
  const site = await deviceSite(t, {
    rules: `client-certificates: { ca-file: ca.pem }\n${rule('device: managed')}`,
    files: { 'ca.pem': pem('company.pem').toString() },
    config: `http: { tls: { certFile: ${join(folder, 'server.pem')}, keyFile: ${join(folder, 'server.key')} } }`,
    api: { listen: { host: '127.0.0.1', port: 0, tls: { cert, key }, clientCa: pem('company.pem') } },
  });
  await site.api.listen();
  const midori = await site.enter('midori');
  await midori.steppedUp();
  const body = { name: 'pc-17', certificate: fingerprint, state: 'managed' };
  t.match((await midori.rest('POST', '/devices', body)).body, { provesBy: 'certificate', shared: true });
  t.equal((await midori.rest('POST', '/devices', body)).status, 409, 'one certificate is one device');

  /** A browser with this certificate, over a connection of its own. */
  const signIn = (name: string | undefined) =>
    new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
      const shown = name ? { cert: pem(`${name}.pem`), key: pem(`${name}.key`) } : {};
      const headers = { 'content-type': 'application/json' };
      const to = { host: '127.0.0.1', port: site.api.port, path: '/api/v1/session', method: 'POST' };
      const sent = requestTls(
        { ...to, headers, ca: cert, servername: 'localhost', agent: false, ...shown },
        (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
        },
      );
      sent.on('error', reject);
      sent.end(JSON.stringify({ login: 'taro', password: 'correct horse battery' }));
    });
  t.equal((await signIn('pc-17')).status, 200, 'no key in the browser is needed');
  const person = (await site.store.people.byId(site.people.taro.id))!;
  t.equal((await site.devices.provenOf(person)).device, 'managed');
  t.match((await signIn('pc-18')).body, { code: 'device-needed' }, 'of the company, but no device that is let in');
  t.match((await signIn('pc-99')).body, { code: 'device-needed' }, 'signed by somebody else');
  t.match((await signIn(undefined)).body, { code: 'device-needed' });
  const [row] = await site.store.devices.list();
  await midori.rest('POST', `/devices/${row!.id}/revocation`, { why: 'stolen' });
  t.match((await signIn('pc-17')).body, { code: 'device-needed' }, 'revoked is revoked');
});
