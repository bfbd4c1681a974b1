// What several nodes need of the border: SIP servers that come and go at run time, softphones that registered through another node,
// several applications on one server, and a control port that takes nobody without the secret.

import t from 'tap';
import type { Border, InboundCall } from '../../src/sbc/border.ts';
import { type BorderOptions, createBorder } from '../../src/sbc/drachtio-border.ts';
import { createSipServer, type SipServer } from '../../src/sbc/embedded/sip-server.ts';
import { createMemoryRegistrations } from '../../src/sbc/softphones/registrations.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { type CallId, newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import {
  callOut,
  carrierCalls,
  carrierTrunk,
  openSoftphone,
  responseText,
  secret,
  tokyo,
} from '../support/sip/border-rig.ts';
import { createUdpParty, type SipParty, sdpText } from '../support/sip/sip-party.ts';

interface Test {
  teardown(undo: () => unknown): void;
}

async function serverOn(t: Test, tls?: { cert: string; key: string }): Promise<SipServer> {
  const server = await createSipServer({
    clock: systemClock,
    log: silentLogger,
    control: { host: '127.0.0.1', port: 0, secret, ...(tls ? { tls } : {}) },
    sip: ['udp/127.0.0.1:0', 'ws/127.0.0.1:0'],
  });
  t.teardown(() => server.close());
  return server;
}

const addressOf = (server: SipServer, name: string) => ({ name, ...server.listening.control, secret });
const udpOf = (server: SipServer) => {
  const flow = server.listening.sip.find(({ protocol }) => protocol === 'udp')!;
  return { host: flow.localAddress, port: flow.localPort };
};

async function nodeOn(t: Test, carrier: SipParty, options: Pick<BorderOptions, 'sipServers'> & Partial<BorderOptions>) {
  const border: Border = createBorder({
    clock: systemClock,
    log: silentLogger,
    trunks: [carrierTrunk(carrier)],
    companyNumbers: [tokyo],
    domain: 'pbx.example',
    linkTiming: { firstRetryMs: 50 },
    rescueWithinMs: 300,
    ...options,
  });
  const calls: InboundCall[] = [];
  border.on('call', (call) => void calls.push(call));
  t.teardown(() => border.close());
  await border.start();
  return { border, calls };
}

async function carrierAt(t: Test, server: SipServer): Promise<SipParty> {
  const carrier = await createUdpParty(udpOf(server));
  t.teardown(() => carrier.close());
  return carrier;
}

/** Calls out and refuses; the SIP port that the call went out from. */
async function wayOut(border: Border, carrier: SipParty): Promise<number> {
  const leg = callOut(border);
  const invite = await carrier.nextRequest('INVITE');
  const port = Number(/:(\d+)[;>]/.exec(invite.get('Contact')!)![1]);
  carrier.remote = { host: '127.0.0.1', port };
  carrier.send(responseText(invite, 486, { tag: 'x' }));
  await eventually('refused', () => leg.state === 'ended');
  return port;
}

t.test('a SIP server is added, used, and removed again', async (t) => {
  const [first, second] = [await serverOn(t), await serverOn(t)];
  const carrier = await carrierAt(t, first);
  const { border, calls } = await nodeOn(t, carrier, { sipServers: [addressOf(first, 'first')] });
  const states: string[] = [];
  border.on('sipServerState', ({ server, up, because }) => states.push(`${server} ${up ? 'up' : because}`));
  t.equal(await wayOut(border, carrier), udpOf(first).port);

  border.addServer(addressOf(second, 'second'));
  await eventually('it is up', () => states.includes('second up'));
  carrierCalls({ carrier, sip: udpOf(second) }, { body: sdpText('caller') });
  const other = await createUdpParty(udpOf(second));
  t.teardown(() => other.close());
  carrierCalls({ carrier: other, sip: udpOf(second) }, { body: sdpText('caller') });
  const { leg } = await eventually('a call through it', () => calls[0]);
  leg.reject('busy');
  const ways = new Set([await wayOut(border, carrier), await wayOut(border, carrier)]);
  t.equal(ways.size, 2, 'both take turns');

  t.equal(border.removeServer('first'), true);
  t.equal(border.removeServer('first'), false);
  t.ok(states.includes('first it was removed'));
  t.strictSame(
    border.sipServers().map(({ server, up }) => `${server} ${up}`),
    ['second true'],
  );
  for (const _ of [1, 2]) t.equal(await wayOut(border, carrier), udpOf(second).port);
});

t.test('a softphone that registered through another node is rung through the server that has it', async (t) => {
  const [first, second] = [await serverOn(t), await serverOn(t)];
  const carrier = await carrierAt(t, first);
  const registrations = createMemoryRegistrations(systemClock);
  const shared = (nodeId = newId('node')) => ({ registrations, nodeId });
  const one = await nodeOn(t, carrier, { sipServers: [addressOf(first, 'first')], ...shared() });
  const two = await nodeOn(t, carrier, {
    sipServers: [addressOf(second, 'second'), { ...addressOf(first, 'first'), takesRequests: false }],
    ...shared(),
  });
  const told: string[] = [];
  two.border.on('softphoneRegistered', ({ personId }) => told.push(`+ ${personId}`));
  two.border.on('softphoneGone', ({ personId, because }) => told.push(`- ${personId} ${because}`));
  const phone = await openSoftphone(one);
  t.teardown(() => phone.party.close());
  t.equal((await phone.register()).status, 200);
  t.ok(two.border.isSoftphoneRegistered(phone.personId));
  t.match(registrations.find(phone.personId), { server: 'first', contactUri: phone.contact });

  const leg = two.border.callSoftphone({
    ...{ callId: 'c_1' as CallId, personId: phone.personId, displayName: 'A', sdpOffer: sdpText('pbx') },
    ringTimeoutSeconds: 30,
  });
  const invite = await phone.party.nextRequest('INVITE');
  phone.party.send(responseText(invite, 200, { tag: 'x', contact: `<${phone.contact}>`, body: sdpText('browser') }));
  await phone.party.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  const ending = leg.end();
  phone.party.send(responseText(await phone.party.nextRequest('BYE'), 200));
  await ending;

  const other = await createUdpParty(udpOf(first));
  t.teardown(() => other.close());
  for (const n of [1, 2, 3]) {
    carrierCalls({ carrier: other, sip: udpOf(first) }, { body: sdpText('caller') });
    (await eventually(`call ${n}`, () => one.calls[n - 1])).leg.reject('busy');
  }
  t.equal(two.calls.length, 0, 'it takes no calls of that server');
  t.equal(await wayOut(two.border, carrier), udpOf(second).port, 'nor makes any there');
  phone.undoAdmission();
  t.strictSame(told, [`+ ${phone.personId}`, `- ${phone.personId} closed`]);
});

t.test('two applications on one server take calls in turns, and either registers what the other let in', async (t) => {
  const server = await serverOn(t);
  const carrier = await carrierAt(t, server);
  const registrations = createMemoryRegistrations(systemClock);
  const nodes = [
    await nodeOn(t, carrier, { sipServers: [addressOf(server, 'shared')], registrations, nodeId: newId('node') }),
    await nodeOn(t, carrier, { sipServers: [addressOf(server, 'shared')], registrations, nodeId: newId('node') }),
  ];
  for (const count of [1, 2, 3, 4]) {
    carrierCalls({ carrier, sip: udpOf(server) }, { body: sdpText('caller') });
    await eventually(`call ${count}`, () => nodes.flatMap(({ calls }) => calls).length === count);
  }
  t.strictSame(
    nodes.map(({ calls }) => calls.length),
    [2, 2],
  );
  const phone = await openSoftphone(nodes[0]!);
  t.teardown(() => phone.party.close());
  for (const _ of [1, 2, 3]) t.equal((await phone.register()).status, 200, 'whichever node is asked');
  t.ok(nodes.every(({ border }) => border.isSoftphoneRegistered(phone.personId)));
});

t.test('the control port takes nobody without the secret, in TLS too', async (t) => {
  const { cert, key } = makeCertificate();
  const server = await serverOn(t, { cert, key });
  const carrier = await carrierAt(t, server);
  const address = { ...addressOf(server, 'secure'), tls: { ca: cert, anyName: true } };
  const open = (given: typeof address) =>
    createBorder({
      ...{ clock: systemClock, log: silentLogger, sipServers: [given], trunks: [carrierTrunk(carrier)] },
      ...{ companyNumbers: [tokyo], domain: 'pbx.example', connectTimeoutMs: 1_500 },
    });
  const right = open(address);
  t.teardown(() => right.close());
  await right.start();
  t.equal(await wayOut(right, carrier), udpOf(server).port);
  const wrong = open({ ...address, secret: 'wrong' });
  t.teardown(() => wrong.close());
  await t.rejects(wrong.start(), { message: /refused the secret/ });
  const unsigned = open({ ...address, tls: { ca: makeCertificate().cert, anyName: true } });
  t.teardown(() => unsigned.close());
  await t.rejects(unsigned.start(), { message: /connection failed/ });
});
