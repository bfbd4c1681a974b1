// coturn with our configuration and credentials that the API makes: who is let in, for how long, and whom it relays to.

import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { turnCredential } from '../../src/api/turn-credentials.ts';
import { cancelAllocations, endTurnSessions } from '../../src/app/turn-sessions.ts';
import { openTurnClient, type TurnClient, type TurnUrl } from '../../src/cli/doctor/turn-client.ts';
import { createCloser } from '../../src/shared/closer.ts';
import { createEmitter } from '../../src/shared/emitter.ts';
import type { SessionId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(180_000);
const certificate = makeCertificate();

t.test('coturn as config/coturn has it', { skip: missing('turnserver') }, async (t) => {
  const coturn = await startCoturn(t, { certificate });
  const udp: TurnUrl = { host: coturn.host, port: coturn.port, transport: 'udp' };

  async function client(
    test: Test,
    options: { expiresAt?: number; server?: TurnUrl; secret?: string } = {},
  ): Promise<TurnClient> {
    const { expiresAt = Date.now() + 600_000, server = udp, secret = coturn.secret } = options;
    const opened = await openTurnClient({
      server,
      ...turnCredential(secret, 'ses_test', expiresAt),
      timeoutMs: 20_000,
      ca: certificate.cert,
    });
    test.teardown(() => opened.close());
    return opened;
  }

  /** A media server that sends back what it gets. */
  async function echo(test: Test, address: string): Promise<{ socket: Socket; port: number; heard: () => number }> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    test.teardown(() => socket.close());
    let heard = 0;
    socket.on('message', (data, from) => {
      heard += 1;
      socket.send(data, from.port, from.address);
    });
    return { socket, port: socket.address().port, heard: () => heard };
  }

  for (const server of [
    udp,
    { host: coturn.host, port: coturn.port, transport: 'tcp' },
    { host: 'localhost', port: coturn.tlsPort, transport: 'tls' },
  ] as const) {
    t.test(
      `a credential of the API begins an allocation over ${server.transport}, and data go both ways`,
      async (t) => {
        const turn = await client(t, { server });
        t.match(await turn.allocate(), { kind: 'ok', message: { relayedAddress: { address: '127.0.0.1' } } });
        const peer = await echo(t, '127.0.0.1');
        const address = { address: '127.0.0.1', port: peer.port };
        t.match(await turn.permit(address), { kind: 'ok' });
        await eventually('the echo of the media server', () => {
          turn.send(address, Buffer.from('a voice'));
          return turn.received.some(({ data }) => data.toString() === 'a voice');
        });
        t.same(turn.received[0]?.peer, address);
        t.match(await turn.refresh(0), { kind: 'ok' });
      },
    );
  }

  t.test('a credential that is over, or made with another secret, is refused', async (t) => {
    t.match(await (await client(t, { expiresAt: Date.now() - 2000 })).allocate(), { kind: 'refused', code: 401 });
    t.match(await (await client(t, { secret: 'x'.repeat(40) })).allocate(), { kind: 'refused', code: 401 });
  });

  t.test('a credential that was made to last, given another name, or is not there, begins nothing', async (t) => {
    const { username, credential } = turnCredential(coturn.secret, 'ses_test', Date.now() + 600_000);
    for (const changed of [
      { username: `${Number(username.split(':')[0]) + 86_400}:ses_test`, credential },
      { username: username.replace('ses_test', 'ses_other'), credential },
      { username: 'ses_test', credential },
      { username: '', credential: '' },
    ]) {
      const thief = await openTurnClient({ server: udp, ...changed, timeoutMs: 20_000 });
      t.teardown(() => thief.close());
      t.match(await thief.allocate(), { kind: 'refused' }, changed.username);
    }
  });

  t.test('one credential holds so many allocations and no more, and others are still served', async (t) => {
    const conf = readFileSync(join(projectRoot, 'config/coturn/turnserver.conf'), 'utf8');
    const quota = Number(/^user-quota=(\d+)$/m.exec(conf)?.[1]);
    const credential = turnCredential(coturn.secret, 'ses_flood', Date.now() + 600_000);
    const outcomes: string[] = [];
    for (let count = 0; count < quota + 5; count++) {
      const flood = await openTurnClient({ server: udp, ...credential, timeoutMs: 20_000 });
      t.teardown(() => flood.close());
      const answer = await flood.allocate();
      outcomes.push(answer.kind === 'refused' ? `${answer.code}` : answer.kind);
    }
    t.strictSame(outcomes, [...Array(quota).fill('ok'), ...Array(5).fill('486')]);
    t.match(await (await client(t)).allocate(), { kind: 'ok' });
  });

  t.test('an allocation outlives its credential: a long call is not cut', async (t) => {
    const expiresAt = Date.now() + 3000;
    const turn = await client(t, { expiresAt });
    t.match(await turn.allocate(), { kind: 'ok' });
    await eventually(
      'the same credential begins nothing new',
      async () => (await (await client(t, { expiresAt })).allocate()).kind === 'refused',
      { withinMs: 30_000, everyMs: 500 },
    );
    t.match(await turn.refresh(600), { kind: 'ok', message: { lifetimeSeconds: 600 } });
  });

  t.test('what a session holds ends with it, be it refreshed or begun again', async (t) => {
    const guarded = await startCoturn(t, { control: true });
    const server: TurnUrl = { host: guarded.host, port: guarded.port, transport: 'udp' };
    const control = { host: '127.0.0.1', port: guarded.controlPort };
    const of = async (bearer: string) => {
      const credential = turnCredential(guarded.secret, bearer, Date.now() + 600_000);
      const opened = await openTurnClient({ server, ...credential, timeoutMs: 20_000 });
      t.teardown(() => opened.close());
      return opened;
    };
    const [gone, again, other] = [await of('ses_gone'), await of('ses_gone'), await of('ses_other')];
    for (const client of [gone, again, other]) t.match(await client.allocate(), { kind: 'ok' });
    await t.rejects(cancelAllocations(control, 'wrong', 'ses_gone'), /the password is refused/);
    t.match(await gone.refresh(600), { kind: 'ok' });

    const clock = createFakeClock();
    const closer = createCloser();
    const ended = createEmitter<{ ended: { session: { id: SessionId } } }>(() => {});
    endTurnSessions({
      ...{ clock, closer, log: silentLogger, secret: guarded.secret, credentialMinutes: 10 },
      identity: { onSessionEnded: (listener) => ended.on('ended', listener) },
      servers: [`127.0.0.1:${guarded.controlPort}`],
    });
    t.teardown(() => closer.close());
    ended.emit('ended', { session: { id: 'ses_gone' as SessionId } });
    const isOver = async (client: TurnClient) => (await client.refresh(600)).kind === 'refused';
    for (const client of [gone, again]) await eventually('its allocations are gone', () => isOver(client));
    t.match(await other.refresh(600), { kind: 'ok' }, 'others go on');
    t.match(await gone.allocate(), { kind: 'ok' }, 'the credential lasts its minutes yet');
    clock.advance(30_000);
    await eventually('what it began anew is gone as well', () => isOver(gone));
    t.match(await other.refresh(600), { kind: 'ok' });
  });

  t.test('nothing private is relayed to, nor anything else but the media server', async (t) => {
    const turn = await client(t);
    t.match(await turn.allocate(), { kind: 'ok' });
    const other = await echo(t, '127.0.0.2');
    for (const address of [
      '127.0.0.2', // loopback beside the media server
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1', // carrier-grade NAT
      '169.254.169.254', // link-local: cloud metadata
      '172.16.0.1',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1', // multicast
      '255.255.255.255',
      '203.0.113.9', // the Internet
    ]) {
      const answer = await turn.permit({ address, port: other.port });
      t.match(answer, { kind: 'refused', code: 403 }, address);
      turn.send({ address, port: other.port }, Buffer.from('knock'));
    }
    // The last two are 127.0.0.2 and 10.0.0.1 written as IPv6.
    for (const address of ['::1', 'fe80::1', 'fd00::1', 'ff02::1', '2001:db8::1', '::ffff:7f00:2', '::ffff:a00:1'])
      t.match(await turn.permit({ address, port: other.port }), { kind: 'refused' }, address);
    const peer = await echo(t, '127.0.0.1');
    const media = { address: '127.0.0.1', port: peer.port };
    t.match(await turn.permit(media), { kind: 'ok' });
    await eventually('the media server is reached all the while', () => {
      turn.send(media, Buffer.from('voice'));
      return peer.heard() > 0;
    });
    t.equal(other.heard(), 0, 'not a packet came through to another');
  });
});
