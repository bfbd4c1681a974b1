// How FreeSWITCH and drachtio-fsmrf fail, and what the program makes of it: each is noticed in a stated time, said in a sentence,
// and over when the server is back. With a FreeSWITCH of the tests' own, which they kill and stop: ENGAWA_TEST_FREESWITCH_BIN.

import { createServer, type Server } from 'node:net';
import t, { type Test } from 'tap';
import { type FreeswitchMedia, noticesHangWithinMs } from '../../src/media/freeswitch/freeswitch-media.ts';
import { newId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { freeswitchRig } from '../support/media/freeswitch-media.ts';
import { MediaParty } from '../support/media/media-party.ts';
import {
  freeswitchBin,
  freeTcpPort,
  type StartedFreeswitch,
  startFreeswitch,
  withoutServer,
} from '../support/servers/installed-servers.ts';

t.setTimeout(300_000);
const skip = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');
const rig = await freeswitchRig(t);

async function party(test: Test, media: FreeswitchMedia, toneHz = 440) {
  const party = await MediaParty.open({ toneHz });
  test.teardown(() => party.close());
  const made = await media.createEndpoint({ callId: newId('call'), sdpOffer: party.sdp() });
  if (made.kind !== 'created') throw new Error(made.because);
  party.useRemote(made.endpoint.localSdp);
  return { party, endpoint: made.endpoint };
}

async function whyDown(media: FreeswitchMedia): Promise<string> {
  const { ok, because } = await media.health();
  return ok ? 'up' : (because ?? '');
}

const isUp = (media: FreeswitchMedia) => async () => (await media.health()).ok;

async function open(test: Test, more: Parameters<typeof rig.open>[0]): Promise<FreeswitchMedia> {
  const media = await rig.open(more);
  test.teardown(() => media.close());
  return media;
}

/** Something that takes connections and is no FreeSWITCH. */
async function listen(test: Test, onConnection: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(onConnection as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.teardown(() => server.close());
  return (server.address() as { port: number }).port;
}

t.test('a closed port: said at once, and tried again with pauses', async (test) => {
  const startedAt = performance.now();
  const media = await open(test, { server: { host: '127.0.0.1', port: await freeTcpPort(), password: 'x' } });
  test.ok(performance.now() - startedAt < 4000, 'creating it does not hang');
  test.match(await whyDown(media), /ECONNREFUSED/);
  const askedAt = performance.now();
  await test.rejects(media.createEndpoint({ callId: newId('call'), profile: 'rtp' }), { code: 'media-unavailable' });
  test.ok(performance.now() - askedAt < 500, 'nothing waits for a server that is not there');
});

t.test('a port that closes each connection is not tried hundreds of times a second', async (test) => {
  let tries = 0;
  const port = await listen(test, (socket) => {
    tries++;
    socket.destroy();
  });
  const media = await open(test, { server: { host: '127.0.0.1', port, password: 'x' } });
  await eventually('tried again', () => tries > 2, { withinMs: 15_000 });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  test.ok(tries < 8, `${tries} tries`);
  test.not(await whyDown(media), 'up');
});

t.test('a port that accepts and says nothing: given up in time', async (test) => {
  const port = await listen(test, () => {});
  const startedAt = performance.now();
  const media = await open(test, { server: { host: '127.0.0.1', port, password: 'x' } });
  test.match(await whyDown(media), /does not speak/);
  test.ok(performance.now() - startedAt < 8000);
});

t.test('with a FreeSWITCH of our own', { skip }, async (t) => {
  const started = await startFreeswitch(t);
  const { eventSocket: server } = started;

  await t.test('a wrong password, a profile that is not there', async (test) => {
    const wrong = await open(test, { server: { ...server, password: 'not-the-password' } });
    test.match(await whyDown(wrong), /does not take the password/);
    const missing = await open(test, { server, profile: 'nobody' });
    test.match(await whyDown(missing), /no running SIP profile “nobody”/);
  });

  await t.test('a node that it cannot connect back to is told so before it takes calls', async (test) => {
    const advertised = { address: '127.0.0.1', port: 0, advertisedPort: await freeTcpPort() };
    const media = await open(test, { server, listen: advertised });
    test.match(await whyDown(media), /has not connected back to 127\.0\.0\.1/);
  });

  await t.test('drained: no new call, the old ones stay, and calls again when it is over', async (test) => {
    const media = await open(test, { server });
    const before = await party(test, media, 330);
    const other = await party(test, media, 550);
    await before.endpoint.bridge(other.endpoint);
    await media.drain(true);
    await test.rejects(party(test, media), { code: 'media-unavailable', message: /503/ });
    await eventually('the old ones hear each other', () => before.party.hears(550) && other.party.hears(330));
    await media.drain(false);
    await (await party(test, media)).endpoint.close();
  });

  await t.test('what an earlier run of the same node left there is ended, unless it shall be left', async (test) => {
    const earlier = await open(test, { server, node: 'one' });
    const left = await party(test, earlier);
    const another = await open(test, { server, node: 'two' });
    const untouched = await party(test, another);
    const ended: string[] = [];
    left.endpoint.on('ended', ({ because }) => ended.push(because));
    const leaving = await open(test, { server, node: 'one', strangers: 'leave' });
    test.same([await whyDown(leaving), ended], ['up', []]);
    await open(test, { server, node: 'one' });
    await eventually('the stranger is ended', () => ended.length > 0);
    await untouched.endpoint.setMuted(true);
    test.pass('another node’s channel is not');
  });

  await t.test('a conference without members, and one that is closed under a member, end at once', async (test) => {
    const media = await open(test, { server });
    const startedAt = performance.now();
    await (await media.createConference(newId('call'))).close();
    const member = await party(test, media);
    const room = await media.createConference(newId('call'));
    await room.join(member.endpoint);
    await room.close();
    test.equal(await member.endpoint.play({ kind: 'tone', frequencyHz: 500, durationMs: 100 }).finished, 'finished');
    test.ok(performance.now() - startedAt < 10_000);
  });

  await t.test(
    'hung: noticed within the stated time, its endpoints lost, and used again when it goes on',
    async (test) => {
      const media = await open(test, { server, node: 'hang' });
      const { endpoint } = await party(test, media);
      const ended = new Promise<string>((resolve) => endpoint.once('ended', ({ because }) => resolve(because)));
      const states: boolean[] = [];
      media.on('engineState', ({ up }) => states.push(up));
      const playing = endpoint.play({ kind: 'tone', frequencyHz: 500 });
      process.kill(started.child.pid!, 'SIGSTOP');
      const stoppedAt = performance.now();
      try {
        test.equal(await ended, 'lost');
        test.ok(
          performance.now() - stoppedAt < noticesHangWithinMs + 3000,
          `${Math.round(performance.now() - stoppedAt)} ms`,
        );
        test.equal(await playing.finished, 'stopped');
        test.same((await media.health()).ok, false);
        const askedAt = performance.now();
        await test.rejects(media.createEndpoint({ callId: newId('call'), profile: 'rtp' }), {
          code: 'media-unavailable',
        });
        test.ok(performance.now() - askedAt < 500);
      } finally {
        process.kill(started.child.pid!, 'SIGCONT');
      }
      await eventually('up again', isUp(media), { withinMs: 30_000 });
      test.same(states, [false, true]);
      await (await party(test, media)).endpoint.close();
      await eventually('what was there before has gone', () => media.load()?.sessions === 0, { withinMs: 45_000 });
    },
  );
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(`${signal}: endpoints are lost, and a server that comes back is used again`, { skip }, async (test) => {
    const ports = await fixedPorts();
    const first = await startFreeswitch(test, ports.environment);
    const server = { ...first.eventSocket, port: ports.eventSocket };
    const media = await open(test, { server });
    const [a, b] = [await party(test, media, 330), await party(test, media, 550)];
    await a.endpoint.bridge(b.endpoint);
    const ended: string[] = [];
    for (const { endpoint } of [a, b]) endpoint.on('ended', ({ because }) => ended.push(because));
    const muting = Promise.allSettled([a.endpoint.setMuted(true), b.endpoint.stats()]);
    process.kill(first.child.pid!, signal);
    const killedAt = performance.now();
    await eventually('both are lost', () => ended.length === 2, { withinMs: 15_000 });
    if (signal === 'SIGKILL') test.ok(performance.now() - killedAt < 3000, 'within seconds');
    test.same(ended, ['lost', 'lost']);
    await muting;
    test.pass('what was being asked is answered or refused, and not forgotten');
    await eventually('down', async () => !(await media.health()).ok, { withinMs: 15_000 });
    await test.rejects(a.endpoint.setMuted(false), { code: 'not-found' });
    await eventually('it has gone', () => first.child.exitCode !== null || first.child.signalCode !== null, {
      withinMs: 20_000,
    });
    await startFreeswitch(test, ports.environment);
    await eventually('up again', isUp(media), { withinMs: 60_000 });
    const again = await party(test, media);
    again.endpoint.play({ kind: 'echo' });
    await eventually('and carries audio', () => again.party.hears(440));
  });
}

t.test('a host that may not: said with what to do', { skip }, async (test) => {
  const { eventSocket: server }: StartedFreeswitch = await startFreeswitch(test, { FS_CONTROL_HOSTS: '127.0.0.9/32' });
  const media = await open(test, { server });
  test.match(await whyDown(media), /add it to apply-inbound-acl/);
});

/** For a server that is started twice. */
async function fixedPorts() {
  const [eventSocket, sip] = [await freeTcpPort(), await freeTcpPort()];
  return {
    eventSocket,
    environment: { FS_EVENT_SOCKET_PORT: String(eventSocket), FS_SIP_PORT: String(sip) },
  };
}
