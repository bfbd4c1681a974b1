// config/drachtio and config/freeswitch on the real servers, started by their start.sh: what they let in and what not, and
// what `engawa doctor` finds there, the call with ICE and DTLS and the way back included.

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { checkFreeswitch } from '../../src/cli/doctor/freeswitch.ts';
import { checkDrachtio } from '../../src/cli/doctor/sip-servers.ts';
import { connectEventSocket } from '../../src/media/freeswitch/event-socket.ts';
import { ensureIdentity } from '../../src/recording/identity.ts';
import { createSipServer } from '../../src/sbc/embedded/sip-server.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort, skipWithoutRedis, startRedis } from '../support/live/redis.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { testDatabase } from '../support/servers/database.ts';
import {
  drachtioBin,
  freeswitchBin,
  startDrachtio,
  startFreeswitch,
  withoutServer,
} from '../support/servers/installed-servers.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(300_000);
const noDrachtio = withoutServer(drachtioBin, 'ENGAWA_TEST_DRACHTIO_BIN');
const noFreeswitch = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');
const levels = (findings: { level: string; sentence: string }[]) =>
  findings.map(({ level, sentence }) => `${level} ${sentence}`);

const offer = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 9 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

/** One request, an INVITE with an offer; the first final response that comes back. */
async function ask(port: number, method: string, userAgent: string, from = '127.0.0.1'): Promise<string> {
  const socket = createSocket('udp4');
  let answer = '';
  socket.on('message', (data) => {
    const line = data.toString().split('\r\n')[0] ?? '';
    if (!line.startsWith('SIP/2.0 1')) answer ||= line;
  });
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  const { port: own } = socket.address();
  const id = `${Date.now()}-${Math.random()}`;
  const lines = [
    `${method} sip:x@127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from}:${own};branch=z9hG4bK${id};rport`,
    'Max-Forwards: 70',
    `From: <sip:a@${from}>;tag=${id}`,
    `To: <sip:x@127.0.0.1>`,
    `Call-ID: ${id}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:a@${from}:${own}>`,
    `User-Agent: ${userAgent}`,
    ...(method === 'INVITE' ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${method === 'INVITE' ? offer.length : 0}`,
    '',
    method === 'INVITE' ? offer : '',
  ];
  try {
    return await eventually(
      `an answer to ${method}`,
      () => {
        if (answer === '') socket.send(lines.join('\r\n'), port, '127.0.0.1');
        return answer;
      },
      { withinMs: 20_000, everyMs: 500 },
    );
  } finally {
    socket.close();
  }
}

t.test('drachtio-server with our configuration', { skip: noDrachtio }, async (t) => {
  const drachtio = await startDrachtio(t);
  t.notMatch(drachtio.printed(), /error|warning/i);
  t.same(
    (await checkDrachtio(drachtio.control)).filter(({ level }) => level !== 'ok'),
    [],
    'the doctor finds nothing to mend',
  );
  t.match(levels(await checkDrachtio({ ...drachtio.control, secret: 'wrong' })), [/^error .*does not take our secret/]);
  t.match(levels(await checkDrachtio({ ...drachtio.control, port: await freeTcpPort() })), [/^error .*ECONNREFUSED/]);
  t.match(
    await ask(drachtio.sipPort, 'REGISTER', 'a telephone'),
    /^SIP\/2\.0 (403|400)/,
    'nobody registers by an IP address',
  );
});

t.test('FreeSWITCH with our configuration', { skip: noFreeswitch }, async (t) => {
  const freeswitch = await startFreeswitch(t, { FS_CONTROL_HOSTS: '127.0.0.1/32' });
  const connected = await connectEventSocket(freeswitch.eventSocket);
  if (connected.kind !== 'connected') throw new Error(connected.because);
  t.teardown(() => connected.socket.close());
  const api = (command: string) => connected.socket.api(command);

  await t.test('everything that modules.conf.xml names is loaded, and nothing went wrong', async (t) => {
    const file = readFileSync(join(projectRoot, 'config/freeswitch/autoload_configs/modules.conf.xml'), 'utf8');
    const modules = [...file.matchAll(/<load module="(\w+)"/g)].map(([, name]) => name!);
    t.ok(modules.length > 8);
    for (const module of modules) t.equal((await api(`module_exists ${module}`)).trim(), 'true', module);
    t.notMatch(freeswitch.printed(), /\[(ERR|CRIT|ALERT)\]/);
  });

  await t.test('programs cannot be run, cores are not written, nobody signs in without the password', async (t) => {
    t.match(await api('system true'), /not found/);
    t.match(await api('bgsystem true'), /not found/);
    t.match(await connectEventSocket({ ...freeswitch.eventSocket, password: 'ClueCon' }), {
      failure: 'wrong-password',
    });
    const limits = readFileSync(`/proc/${freeswitch.child.pid}/limits`, 'utf8');
    t.match(limits, /Max core file size\s+0\s+0/);
  });

  await t.test('only a node’s calls are answered, and only from hosts that may', async (t) => {
    t.match(await ask(freeswitch.sipPort, 'INVITE', 'a telephone'), 'SIP/2.0 403');
    t.match(await ask(freeswitch.sipPort, 'INVITE', 'drachtio-fsmrf:1', '127.0.0.9'), 'SIP/2.0 403');
    t.match(await api('show channels count'), /^\s*0 total/m);
  });

  const sip = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret: 'x'.repeat(20) },
    sip: ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0'],
  });
  t.teardown(() => sip.close());
  const check = {
    eventSocket: freeswitch.eventSocket,
    sip: { ...sip.listening.control, secret: 'x'.repeat(20) },
    reverse: { host: '127.0.0.1', port: 0 },
  };

  await t.test(
    'the doctor finds nothing to mend: version, clock, a call with ICE and DTLS, and the way back',
    async (t) => {
      const findings = await checkFreeswitch(check);
      t.same(
        levels(findings).filter((line) => !line.startsWith('ok ')),
        [],
      );
      t.match(
        levels(findings).join('\n'),
        /takes our password: version 1\.[\s\S]*clock[\s\S]*does ICE and DTLS[\s\S]*reaches this program/,
      );
    },
  );

  await t.test('the doctor says what to do when something is wrong', async (t) => {
    const wrong = await checkFreeswitch({ ...check, eventSocket: { ...check.eventSocket, password: 'wrong' } });
    t.match(levels(wrong), [/^error .*password/]);
    const closed = await freeTcpPort();
    const unreached = await checkFreeswitch({
      ...check,
      reverse: { host: '127.0.0.1', port: 0, advertised: '127.0.0.77' },
    });
    t.match(levels(unreached).join('\n'), /error .*does not reach this program at 127\.0\.0\.77/);
    const absent = await checkFreeswitch({ ...check, profile: 'internal' });
    t.match(levels(absent).join('\n'), /error .*no SIP profile internal/);
    const gone = await checkFreeswitch({ ...check, eventSocket: { ...check.eventSocket, port: closed } });
    t.match(levels(gone), [/^error .*cannot be used/]);
  });

  await t.test('with drachtio-server between them', { skip: noDrachtio }, async (t) => {
    const drachtio = await startDrachtio(t);
    const findings = await checkFreeswitch({ ...check, sip: drachtio.control });
    t.same(
      levels(findings).filter((line) => !line.startsWith('ok ')),
      [],
    );
  });
});

t.test(
  'the command, with config/deployed.yaml on drachtio-server, FreeSWITCH, Redis and coturn',
  { skip: noDrachtio || noFreeswitch || missing('turnserver') || skipWithoutRedis },
  async (t) => {
    const [drachtio, freeswitch, coturn] = await Promise.all([startDrachtio(t), startFreeswitch(t), startCoturn(t)]);
    const redis = await startRedis(t);
    const folder = t.testdir({ 'engawa.yaml': '' });
    const deployed = parse(readFileSync(join(projectRoot, 'config/deployed.yaml'), 'utf8'));
    const config = {
      ...deployed,
      dataFolder: join(folder, 'data'),
      http: { port: 0 },
      sip: { kind: 'drachtio', servers: [{ host: '127.0.0.1', port: drachtio.control.port }] },
      media: { kind: 'freeswitch', servers: [{ host: '127.0.0.1', port: freeswitch.eventSocket.port }] },
      turn: { urls: coturn.urls },
      // That of the example opens nothing.
      recording: { recipients: (await ensureIdentity(join(folder, 'identity.txt'))).recipients },
    };
    writeFileSync(join(folder, 'engawa.yaml'), stringify(config));
    const environment = {
      ENGAWA_DRACHTIO_SECRET: drachtio.control.secret,
      ENGAWA_FREESWITCH_SECRET: freeswitch.eventSocket.password,
      ENGAWA_TURN_SECRET: coturn.secret,
      ENGAWA_REDIS_URL: redis.url,
      ENGAWA_DATABASE_URL: await testDatabase(t),
    };
    const doctor = (overrides: Record<string, string> = {}) =>
      spawnSync(
        process.execPath,
        ['--import', 'tsx', 'src/cli/engawa.ts', 'doctor', '--config', join(folder, 'engawa.yaml')],
        { cwd: projectRoot, encoding: 'utf8', env: { ...process.env, ...environment, ...overrides } },
      );
    const well = doctor();
    t.equal(well.status, 0, well.stdout + well.stderr);
    for (const line of [
      /^ok +PostgreSQL answers/m,
      /^ok +Redis at /m,
      /^ok +drachtio-server at .* takes our secret/m,
      /^ok +FreeSWITCH at .* does ICE and DTLS/m,
      /^ok +It reaches this program at /m,
      /^ok +turn:.* relays to the media server at 127\.0\.0\.1/m,
      /^warning +FreeSWITCH at .* takes SIP at 127\.0\.0\.1, which desks reach by way of the TURN server/m,
      /^Calls can be taken\.$/m,
    ])
      t.match(well.stdout, line);
    const ill = doctor({ ENGAWA_FREESWITCH_SECRET: 'wrong', ENGAWA_TURN_SECRET: 'w'.repeat(40) });
    t.equal(ill.status, 1);
    t.match(ill.stdout, /^error +FreeSWITCH at .*password/m);
    t.match(ill.stdout, /^error +turn:.*static-auth-secret/m);
    t.match(ill.stdout, /^2 things to mend\.$/m);
  },
);
