// The control connection: refused, absent, lost with calls on it, back again, and a SIP server that hangs.

import { createServer } from 'node:net';
import t from 'tap';
import type { Border } from '../../src/sbc/border.ts';
import { createBorder } from '../../src/sbc/drachtio-border.ts';
import { createSipServer } from '../../src/sbc/embedded/sip-server.ts';
import { trunkSettings } from '../../src/sbc/trunk-settings.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { PersonId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import {
  callerDialog,
  callOut,
  carrierCalls,
  carrierTrunk,
  contactOf,
  inDialog,
  ownServer,
  responseText,
  secret,
  startBorderRig,
  tokyo,
} from '../support/sip/border-rig.ts';
import { createUdpParty, sdpText } from '../support/sip/sip-party.ts';

const borderAt = (port: number, password = secret) =>
  createBorder({
    clock: systemClock,
    log: silentLogger,
    sipServers: [{ host: '127.0.0.1', port, secret: password }],
    trunks: [trunkSettings({ name: 'a', optionsIntervalSeconds: 0, targets: [{ host: '127.0.0.1', port: 9 }] })],
    companyNumbers: [tokyo],
    domain: 'pbx.example',
    connectTimeoutMs: 500,
  });

const dial = (border: Border) => {
  const leg = callOut(border, { ringTimeoutSeconds: 30 });
  const ended = new Promise<string>((resolve) => leg.on('ended', ({ cause, by }) => resolve(`${cause} ${by}`)));
  return { leg, ended };
};

t.test('start fails with a sentence when nobody listens, and when the secret is wrong', async (t) => {
  const nobody = borderAt(1);
  await t.rejects(nobody.start(), { code: 'sip-server-unavailable', message: /127\.0\.0\.1:1.*Check that it runs/ });
  await nobody.close();
  const server = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret },
    sip: ['udp/127.0.0.1:0'],
  });
  t.teardown(() => server.close());
  const stranger = borderAt(server.listening.control.port, 'wrong');
  await t.rejects(stranger.start(), { code: 'sip-server-unavailable', message: /secret/ });
  t.match(stranger.health(), { ok: false, because: /no control connection/ });
  await stranger.close();
});

t.test('a lost connection ends every call on it, fails new ones at once, and heals by itself', ownServer, async (t) => {
  // Nobody takes the calls up: border-server-loss.test.ts has what happens when somebody does.
  const rig = await startBorderRig({ border: { rescueWithinMs: 200 } });
  t.teardown(() => rig.close());
  const call = carrierCalls(rig, { body: sdpText('caller') });
  const answered = (await eventually('the call', () => rig.calls[0])).leg;
  void answered.answer(sdpText('pbx'));
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, await rig.carrier.nextResponse(200)), cseq: 1 });
  await eventually('answered', () => answered.state === 'answered');
  carrierCalls(rig, { body: sdpText('caller') });
  const offered = (await eventually('another call', () => rig.calls[1])).leg;
  const out = dial(rig.border);
  const invite = await rig.carrier.nextRequest('INVITE');
  rig.carrier.send(responseText(invite, 180, { tag: 'x', contact: contactOf(rig.carrier) }));
  await eventually('ringing', () => out.leg.state === 'ringing');
  const ends: string[] = [];
  for (const leg of [answered, offered]) leg.on('ended', ({ cause, by }) => ends.push(`${cause} ${by}`));

  const { control } = rig.server.listening;
  await rig.stopServer();
  t.match(await out.ended, /^unreachable/);
  await eventually('all ended', () => ends.length === 2);
  t.strictSame(ends, ['fault us', 'fault us']);
  t.equal(rig.border.health().ok, false);
  t.match(await dial(rig.border).ended, /^unreachable/);
  t.equal(rig.border.isSoftphoneRegistered('p_1' as PersonId), false);
  await answered.end();
  t.strictSame(await answered.renegotiate(sdpText('x')), { kind: 'ended' });

  const again = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { ...control, secret },
    sip: [`udp/${rig.sip.host}:${rig.sip.port}`],
  });
  t.teardown(() => again.close());
  await eventually('healed', () => rig.border.health().ok, { withinMs: 8000 });
  carrierCalls(rig, { body: sdpText('caller') });
  await eventually('a call after the repair', () => rig.calls[2], { withinMs: 8000 });
});

t.test('a SIP server that takes commands and does nothing is given up in time', async (t) => {
  const sockets = new Set<import('node:net').Socket>();
  const hung = createServer((socket) => {
    sockets.add(socket);
    // It says who it is and that it has heard the routes, and nothing after that.
    const reply = (text: string) => socket.write(`${text.length}#${text}`);
    let greeted = false;
    socket.on('data', (data) => {
      const [, id, command] = /#([^|#]+)\|(authenticate|ping)/.exec(String(data)) ?? [];
      if (command === 'authenticate') reply(`x|response|${id}|OK|udp/127.0.0.1:5060|v0.9.10|udp/127.0.0.1:5060`);
      if (command === 'ping' && !greeted) {
        greeted = true;
        reply(`x|response|${id}|OK|pong`);
      }
    });
  });
  await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
  const border = borderAt((hung.address() as import('node:net').AddressInfo).port);
  t.teardown(async () => {
    await border.close();
    for (const socket of sockets) socket.destroy();
    hung.close();
  });
  await border.start();
  const began = Date.now();
  const { leg, ended } = dial(border);
  t.match(await ended, /^unreachable/);
  t.ok(Date.now() - began < 9000, `given up after ${Date.now() - began} ms`);
  await leg.end();
});

t.test('of several SIP servers one is enough, and calls come and go through those that are there', async (t) => {
  const servers = await Promise.all(
    [1, 2].map(() =>
      createSipServer({
        clock: systemClock,
        log: silentLogger,
        control: { host: '127.0.0.1', port: 0, secret },
        sip: ['udp/127.0.0.1:0'],
      }),
    ),
  );
  const carrier = await createUdpParty({ host: '127.0.0.1', port: 9 });
  const border = createBorder({
    clock: systemClock,
    log: silentLogger,
    sipServers: [
      ...servers.map((server) => ({ ...server.listening.control, secret })),
      { host: '127.0.0.1', port: 1, secret },
    ],
    trunks: [carrierTrunk(carrier)],
    companyNumbers: [tokyo],
    domain: 'pbx.example',
    connectTimeoutMs: 500,
  });
  t.teardown(async () => {
    await border.close();
    await Promise.all(servers.map((server) => server.close()));
    carrier.close();
  });
  let calls = 0;
  border.on('call', ({ leg }) => {
    calls++;
    leg.reject('busy');
  });
  await border.start();
  t.equal(border.health().ok, true);
  const ways = new Set<string>();
  for (const server of servers) {
    const [udp] = server.listening.sip;
    const sip = { host: udp!.localAddress, port: udp!.localPort };
    carrier.remote = sip;
    carrierCalls({ carrier, sip }, { body: sdpText('caller') });
    t.equal((await carrier.nextResponse()).status, 486);
    const { ended } = dial(border);
    const invite = await carrier.nextRequest('INVITE');
    ways.add(invite.get('Contact') ?? '');
    carrier.remote = { host: '127.0.0.1', port: Number(/:(\d+)[;>]/.exec(invite.get('Contact')!)![1]) };
    carrier.send(responseText(invite, 486, { tag: 'x' }));
    t.match(await ended, /^busy/);
  }
  t.strictSame([calls, ways.size], [2, 2], 'both servers took their turn');
});

t.test('an ACK that never comes ends the call in time', ownServer, async (t) => {
  const rig = await startBorderRig({ server: { timers: { t1Ms: 20, t2Ms: 160 } } });
  t.teardown(() => rig.close());
  carrierCalls(rig, { body: sdpText('caller') });
  const { leg } = await eventually('the call', () => rig.calls[0]);
  const ends: string[] = [];
  leg.on('ended', ({ cause, by }) => ends.push(`${cause} ${by}`));
  t.strictSame(await leg.answer(sdpText('pbx')), { kind: 'ended' });
  t.strictSame(ends, ['unreachable timeout']);
  await rig.carrier.nextRequest('BYE');
});

t.test('a session that nobody refreshes ends as expired', ownServer, async (t) => {
  const rig = await startBorderRig({ server: { sessionTimers: { minSeconds: 1, offerSeconds: 0 } } });
  t.teardown(() => rig.close());
  const leg = callOut(rig.border, { ringTimeoutSeconds: 30 });
  const ends: string[] = [];
  leg.on('ended', ({ cause, by }) => ends.push(`${cause} ${by}`));
  const invite = await rig.carrier.nextRequest('INVITE');
  const headers = ['Session-Expires: 2;refresher=uas', 'Require: timer'];
  rig.carrier.send(
    responseText(invite, 200, { tag: 'x', contact: contactOf(rig.carrier), body: sdpText('callee'), headers }),
  );
  await rig.carrier.nextRequest('ACK');
  await rig.carrier.nextRequest('BYE', 6000);
  await eventually('the end', () => ends.length === 1);
  t.strictSame(ends, ['session-expired timeout']);
});
