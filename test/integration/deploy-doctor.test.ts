// `engawa doctor`, check by check, against real parts that are well and real parts that are not: each finding is a sentence
// that says what to do. drachtio-server and FreeSWITCH are in deploy-servers.test.ts.

import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkCertificate } from '../../src/cli/doctor/certificates.ts';
import { checkEmbeddedMedia } from '../../src/cli/doctor/embedded-media.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { checkDrachtio } from '../../src/cli/doctor/sip-servers.ts';
import { checkPostgres, checkRedis } from '../../src/cli/doctor/stores.ts';
import { checkPorts } from '../../src/cli/doctor/this-machine.ts';
import { checkTurnServers } from '../../src/cli/doctor/turn.ts';
import { parseConfig } from '../../src/config.ts';
import { createSipServer } from '../../src/sbc/embedded/sip-server.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { parseRedisUrls } from '../../src/store/redis/addresses.ts';
import { freeTcpPort, skipWithoutRedis, startRedis } from '../support/live/redis.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { testDatabase } from '../support/servers/database.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(240_000);
const folder = t.testdir({});
const lines = (findings: Finding[]): string => findings.map(({ level, sentence }) => `${level} ${sentence}`).join('\n');

t.test('certificates: chain, name, key, time, rights', async (t) => {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    ...['req', '-x509', ...curve, '-days', '90', '-subj', '/CN=An authority'],
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  openssl(...['req', ...curve, '-subj', '/CN=pbx.example'], '-keyout', at('leaf.key'), '-out', at('leaf.csr'));
  writeFileSync(at('names'), 'subjectAltName=DNS:pbx.example\n');
  openssl(
    ...['x509', '-req', '-days', '60', '-in', at('leaf.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
    ...['-CAcreateserial', '-extfile', at('names'), '-out', at('leaf.pem')],
  );
  chmodSync(at('leaf.key'), 0o600);
  const use = {
    what: 'http.tls',
    certFile: at('leaf.pem'),
    keyFile: at('leaf.key'),
    host: 'pbx.example',
    judge: 'browser',
  } as const;

  t.match(lines(await checkCertificate(use)), /^ok .*good for (59|60) days[\s\S]*error .*use the fullchain file/);
  t.match(
    lines(await checkCertificate({ ...use, host: 'other.example' })),
    /error .*is not for other\.example but for DNS:pbx\.example/,
  );
  t.match(lines(await checkCertificate({ ...use, keyFile: at('ca.key') })), /^error .*is not the key of/);
  chmodSync(at('leaf.key'), 0o644);
  t.match(lines(await checkCertificate(use)), /warning .*chmod o-r/);
  const own = makeCertificate();
  writeFileSync(at('own.pem'), own.cert);
  writeFileSync(at('own.key'), own.key, { mode: 0o600 });
  const selfSigned = lines(
    await checkCertificate({ ...use, certFile: at('own.pem'), keyFile: at('own.key'), host: 'localhost' }),
  );
  t.match(selfSigned, /warning .*runs out in 0 days[\s\S]*warning .*browsers refuse the microphone/);
  t.notMatch(selfSigned, /error/);
});

t.test('ports: free, taken, and taken by a running Engawa', async (t) => {
  const port = await freeTcpPort();
  const text = `recording: {recipients: [age1hx9m97tdlgptp89fqrwrsvmh6mluzyrc47gkaq4qghs4mjmcm9eq4wjct7]}
http: {port: ${port}}
sip: {kind: embedded, listen: ['tcp/127.0.0.1:0']}`;
  const { config } = parseConfig(text, 'engawa.yaml');
  t.match(lines(await checkPorts({ config, running: false })), `ok tcp 127.0.0.1:${port} (http) is free.`);
  t.match(
    lines(await checkPorts({ config, running: true })),
    `error tcp 127.0.0.1:${port} (http) is not taken although`,
  );
});

t.test('PostgreSQL: version, clock, and a sentence without the password', async (t) => {
  const url = await testDatabase(t);
  t.match(
    lines(await checkPostgres(url)),
    /ok PostgreSQL answers: version \d+[\s\S]*ok The clock of PostgreSQL agrees/,
  );
  const wrong = new URL(url);
  wrong.port = String(await freeTcpPort());
  wrong.password = 'hidden-one';
  await t.rejects(checkPostgres(wrong.href), /PostgreSQL at .* does not answer: .*ECONNREFUSED/);
  await checkPostgres(wrong.href).catch((error: Error) => t.notMatch(error.message, 'hidden-one'));
});

t.test('Redis: version, clock, and that it forgets nothing', { skip: skipWithoutRedis }, async (t) => {
  const { port } = await startRedis(t, { password: 'open-sesame' });
  const at = (given: string) => parseRedisUrls(given)[0];
  const well = lines(await checkRedis(at(`redis://:open-sesame@127.0.0.1:${port}`)));
  t.match(well, /ok Redis at 127\.0\.0\.1:\d+ answers: version \d[\s\S]*clock of Redis[\s\S]*noeviction/);
  const refused = lines(await checkRedis(at(`redis://:wrong-words@127.0.0.1:${port}`)));
  t.match(refused, /^error Redis at .* does not answer/);
  t.notMatch(refused, 'wrong-words');
  t.match(lines(await checkRedis(at(`redis://127.0.0.1:${await freeTcpPort()}`))), /^error .*ECONNREFUSED/);
});

t.test(
  'TURN: credentials, the way to the media server, nothing private',
  { skip: missing('turnserver') },
  async (t) => {
    const coturn = await startCoturn(t);
    const check = { urls: coturn.urls, secret: coturn.secret, mediaPeers: ['127.0.0.1'], timeoutMs: 20_000 };
    t.match(
      lines(await checkTurnServers(check)),
      /^ok .*takes our credentials[\s\S]*ok .*relays to the media server[\s\S]*ok .*nothing private\.$/,
    );
    t.match(lines(await checkTurnServers({ ...check, secret: 'y'.repeat(40) })), /^error .*static-auth-secret/);
    t.match(
      lines(await checkTurnServers({ ...check, mediaPeers: ['198.51.100.9'] })),
      /error .*add it to TURN_MEDIA_PEERS/,
    );
    t.match(
      lines(await checkTurnServers({ ...check, mediaPeers: [] })),
      /error .*relays to 127\.0\.0\.1: everybody with a desk/,
    );
    const closed = `turn:127.0.0.1:${await freeTcpPort()}?transport=tcp`;
    t.match(lines(await checkTurnServers({ ...check, urls: [closed] })), /^error .*cannot be reached/);
  },
);

t.test('the embedded media engine does a DTLS handshake', async (t) => {
  const { config } = parseConfig('demo: true', 'engawa.yaml');
  if (config.media.kind !== 'embedded') throw new Error('embedded unless told');
  t.same(await checkEmbeddedMedia(config.media, folder, true), [
    { level: 'ok', sentence: 'The media engine does ICE and DTLS at 127.0.0.1.' },
  ]);
});

t.test('a SIP server: the secret, and a port where something else listens', async (t) => {
  const server = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret: 'a good secret' },
    sip: ['udp/127.0.0.1:0', 'ws/127.0.0.1:0'],
  });
  t.teardown(() => server.close());
  const { control } = server.listening;
  t.notMatch(lines(await checkDrachtio({ ...control, secret: 'a good secret' })), /error/);
  t.match(lines(await checkDrachtio({ ...control, secret: 'another' })), /^error .*does not take our secret/);
  const closed = { host: '127.0.0.1', port: await freeTcpPort(), secret: 'x' };
  t.match(lines(await checkDrachtio(closed)), /^error .*ECONNREFUSED/);
});
