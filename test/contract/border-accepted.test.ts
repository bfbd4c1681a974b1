// Outbound control connections: the SIP server dials the border for each new request. On our own server as a process of its own,
// and on drachtio-server when ENGAWA_TEST_DRACHTIO_START says how to start one.

import { connect } from 'node:net';
import t from 'tap';
import type { Border, InboundCall } from '../../src/sbc/border.ts';
import { createBorder } from '../../src/sbc/drachtio-border.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { CallId } from '../../src/shared/ids.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort } from '../support/free-port.ts';
import {
  callerDialog,
  carrierCalls,
  carrierTrunk,
  inDialog,
  openSoftphone,
  responseText,
  tokyo,
} from '../support/sip/border-rig.ts';
import { createUdpParty, sdpText } from '../support/sip/sip-party.ts';
import { type ServerKind, serverKinds } from '../support/sip/sip-server-process.ts';

interface Test {
  teardown(undo: () => unknown): void;
}

const patience = { withinMs: 20_000 };

async function rigOn(t: Test, kind: ServerKind) {
  const dialsPort = await freeTcpPort();
  const server = await kind.start(t, { dialsPort });
  const carrier = await createUdpParty(server.sip);
  const border: Border = createBorder({
    clock: systemClock,
    log: createLogger({ level: process.env['BORDER_LOG'] ? 'debug' : 'silent' }),
    sipServers: [{ ...server.address, name: 'edge' }],
    accept: { host: '127.0.0.1', port: dialsPort },
    trunks: [carrierTrunk(carrier)],
    companyNumbers: [tokyo],
    domain: 'pbx.example',
    linkTiming: { pingIntervalMs: 700 },
    rescueWithinMs: 500,
  });
  const calls: InboundCall[] = [];
  border.on('call', (call) => void calls.push(call));
  t.teardown(async () => {
    await border.close();
    carrier.close();
  });
  await border.start();
  const open = () => border.sipServers()[0]!.accepted;
  return { border, carrier, calls, server, sip: server.sip, dialsPort, open };
}

for (const kind of serverKinds) {
  const on = kind.skip ? { skip: kind.skip } : {};
  const title = (text: string) => `${kind.name}: ${text}`;

  t.test(title('a call comes in over a connection of its own, which lives as long as the dialog'), on, async (t) => {
    const rig = await rigOn(t, kind);
    const call = carrierCalls(rig, { body: sdpText('caller') });
    const { leg } = await eventually('the call', () => rig.calls[0], patience);
    t.equal(rig.open(), 1);
    const ends: string[] = [];
    leg.on('ended', ({ cause, by }) => ends.push(`${cause} ${by}`));
    leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('pbx', 'recvonly', 2) }));
    leg.ring();
    const answered = leg.answer(sdpText('pbx'));
    const ok = await rig.carrier.nextResponse(200);
    const dialog = callerDialog(call, ok);
    inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
    t.match(await answered, { kind: 'ok' });
    inDialog(rig.carrier, 'INVITE', { ...dialog, cseq: 2 }, { body: sdpText('caller', 'sendonly', 2) });
    t.match((await rig.carrier.nextResponse(200)).body, /a=recvonly/);
    inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 2 });
    const offered = leg.renegotiate(sdpText('pbx', 'sendrecv', 3));
    const ours = await rig.carrier.nextRequest('INVITE');
    rig.carrier.send(
      responseText(ours, 200, { contact: `<${dialog.target}>`, body: sdpText('caller', 'sendrecv', 3) }),
    );
    t.match(await offered, { kind: 'ok' });
    t.equal(rig.open(), 1, 'one connection for all of it');
    inDialog(rig.carrier, 'BYE', { ...dialog, cseq: 3 });
    t.equal((await rig.carrier.nextResponse()).status, 200);
    t.strictSame(ends, ['normal far-end']);
    await eventually('the connection is ended', () => rig.open() === 0, patience);
  });

  t.test(title('refused and cancelled calls leave no connection behind'), on, async (t) => {
    const rig = await rigOn(t, kind);
    carrierCalls(rig, { body: sdpText('caller') });
    const refused = (await eventually('the call', () => rig.calls[0], patience)).leg;
    refused.reject('busy');
    t.equal((await rig.carrier.nextResponse()).status, 486);
    const call = carrierCalls(rig, { body: sdpText('caller') });
    const cancelled = (await eventually('another', () => rig.calls[1], patience)).leg;
    cancelled.ring();
    await rig.carrier.nextResponse(180);
    rig.carrier.send(call.invite.replace(/^INVITE /, 'CANCEL ').replace(/CSeq: (\d+) INVITE/, 'CSeq: $1 CANCEL'));
    await eventually('cancelled', () => cancelled.state === 'ended', patience);
    await eventually('the connections are ended', () => rig.open() === 0, patience);
  });

  t.test(title('a softphone registers over one connection and is rung over another'), on, async (t) => {
    const rig = await rigOn(t, kind);
    const phone = await openSoftphone(rig);
    t.teardown(() => phone.party.close());
    t.equal((await phone.register()).status, 200);
    t.ok(rig.border.isSoftphoneRegistered(phone.personId));
    const leg = rig.border.callSoftphone({
      ...{ callId: 'c_1' as CallId, personId: phone.personId, displayName: 'A', sdpOffer: sdpText('pbx') },
      ringTimeoutSeconds: 30,
    });
    const invite = await phone.party.nextRequest('INVITE', 10_000);
    phone.party.send(responseText(invite, 200, { tag: 'x', contact: `<${phone.contact}>`, body: sdpText('browser') }));
    await phone.party.nextRequest('ACK', 10_000);
    await eventually('answered', () => leg.state === 'answered', patience);
  });

  t.test(title('a server that hangs takes its connections with it'), on, async (t) => {
    const rig = await rigOn(t, kind);
    const call = carrierCalls(rig, { body: sdpText('caller') });
    const { leg } = await eventually('the call', () => rig.calls[0], patience);
    const answered = leg.answer(sdpText('pbx'));
    inDialog(rig.carrier, 'ACK', { ...callerDialog(call, await rig.carrier.nextResponse(200)), cseq: 1 });
    await answered;
    await rig.server.signal('SIGSTOP');
    await eventually('the end of the call', () => leg.state === 'ended', patience);
    t.equal(rig.open(), 0);
    await rig.server.signal('SIGCONT');
  });

  t.test(title('who is none of our SIP servers is not told the secret'), on, async (t) => {
    const rig = await rigOn(t, kind);
    const stranger = connect({ host: '127.0.0.1', port: rig.dialsPort, localAddress: '127.0.0.9' });
    let heard = '';
    stranger.on('data', (chunk) => {
      heard += String(chunk);
    });
    stranger.on('error', () => {});
    await new Promise<void>((resolve) => void stranger.once('close', () => resolve()));
    t.equal(heard, '');
    t.equal(rig.open(), 0);
  });
}
