// SIP servers that die, hang and come back, with calls on them. Each test runs on our own server as a process of its own, and on
// drachtio-server when ENGAWA_TEST_DRACHTIO_START says how to start one.

import t from 'tap';
import type { Border, InboundCall } from '../../src/sbc/border.ts';
import { type BorderOptions, createBorder } from '../../src/sbc/drachtio-border.ts';
import type { DialogFacts } from '../../src/sbc/leg.ts';
import { systemClock } from '../../src/shared/clock.ts';
import type { CallId } from '../../src/shared/ids.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import {
  callerDialog,
  callOut,
  carrierCalls,
  carrierTrunk,
  contactOf,
  inDialog,
  openSoftphone,
  responseText,
  tokyo,
} from '../support/sip/border-rig.ts';
import { createUdpParty, type PartyMessage, type SipParty, sdpText } from '../support/sip/sip-party.ts';
import { type SipServerProcess, serverKinds } from '../support/sip/sip-server-process.ts';

interface Test {
  teardown(undo: () => unknown): void;
}

/** Quicker than in life, so that a hung server is found in three seconds instead of twelve. */
const linkTiming = { pingIntervalMs: 700, connectTimeoutMs: 2_000, firstRetryMs: 100, lastRetryMs: 500 };
const patience = { withinMs: 20_000 };

interface Rig {
  border: Border;
  carrier: SipParty;
  calls: InboundCall[];
  states: string[];
}

async function rigOn(t: Test, servers: SipServerProcess[], more: Partial<BorderOptions> = {}): Promise<Rig> {
  const carrier = await createUdpParty(servers[0]!.sip);
  const border = createBorder({
    clock: systemClock,
    log: createLogger({ level: process.env['BORDER_LOG'] ? 'debug' : 'silent' }),
    sipServers: servers.map(({ address }, index) => ({ ...address, name: `server-${index + 1}` })),
    trunks: [carrierTrunk(carrier)],
    companyNumbers: [tokyo],
    domain: 'pbx.example',
    linkTiming,
    ...more,
  });
  const calls: InboundCall[] = [];
  const states: string[] = [];
  border.on('call', (call) => void calls.push(call));
  border.on('sipServerState', ({ server, up }) => void states.push(`${server} ${up ? 'up' : 'down'}`));
  t.teardown(async () => {
    await border.close();
    carrier.close();
  });
  await border.start();
  return { border, carrier, calls, states };
}

/** A customer in conversation, called in through `server`. */
async function talking(rig: Rig, server: SipServerProcess, elsewhere: InboundCall[] = []) {
  rig.carrier.remote = server.sip;
  const call = carrierCalls({ ...rig, sip: server.sip }, { body: sdpText('caller') });
  const { leg } = await eventually('the call', () => rig.calls.at(-1) ?? elsewhere.at(-1), patience);
  const answered = leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200, 10_000);
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, ok), cseq: 1 });
  await answered;
  const ends: string[] = [];
  leg.on('ended', ({ cause, by }) => ends.push(`${cause} ${by}`));
  return { call, leg, ok, ends };
}

/** The carrier takes the re-INVITE that makes the dialog anew. */
async function takesUp(rig: Rig, from: SipServerProcess, call: { callId: string }): Promise<PartyMessage> {
  const again = await rig.carrier.nextRequest('INVITE', 20_000);
  rig.carrier.remote = from.sip;
  rig.carrier.send(responseText(again, 200, { contact: contactOf(rig.carrier), body: sdpText('caller') }));
  await rig.carrier.nextRequest('ACK', 10_000);
  if (again.get('Call-ID') !== call.callId) throw new Error(`another call: ${again.text}`);
  return again;
}

for (const kind of serverKinds) {
  const on = kind.skip ? { skip: kind.skip } : {};
  const title = (text: string) => `${kind.name}: ${text}`;

  t.test(title('killed in mid-call with another beside it, the call goes on at the other'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    const { call, leg, ok, ends } = await talking(rig, first);
    await first.signal('SIGKILL');
    const again = await takesUp(rig, second, call);
    t.equal(again.get('From'), ok.get('To'), 'our tag');
    t.equal(again.get('To'), call.from, 'their tag');
    t.match(again.get('Contact'), new RegExp(`:${second.sip.port}`), 'they reach us through the other server now');
    t.equal(again.body.trim(), sdpText('pbx').trim(), 'the offer is what was agreed');

    const target = /<([^>]+)>/.exec(again.get('Contact')!)![1]!;
    const dialog = { callId: call.callId, from: call.from, to: ok.get('To')!, target };
    inDialog(rig.carrier, 'INFO', { ...dialog, cseq: 2 }, { contentType: 'application/dtmf', body: '5' });
    t.equal((await rig.carrier.nextResponse()).status, 200, 'they are heard');
    const offered = leg.renegotiate(sdpText('pbx', 'sendonly', 2));
    const hold = await rig.carrier.nextRequest('INVITE');
    rig.carrier.send(responseText(hold, 200, { contact: contactOf(rig.carrier), body: sdpText('caller') }));
    t.match(await offered, { kind: 'ok' }, 'and asked');
    await rig.carrier.nextRequest('ACK');
    t.strictSame(ends, []);
    inDialog(rig.carrier, 'BYE', { ...dialog, cseq: 3 });
    t.equal((await rig.carrier.nextResponse()).status, 200);
    t.strictSame(ends, ['normal far-end']);
    t.match(rig.border.health(), { ok: true, because: /server-1/ });
    t.ok(rig.states.includes('server-1 down'));
  });

  t.test(title('killed and started again, it takes up a call out, and we hang up'), on, async (t) => {
    const server = await kind.start(t);
    const rig = await rigOn(t, [server]);
    const leg = callOut(rig.border);
    const invite = await rig.carrier.nextRequest('INVITE', 10_000);
    rig.carrier.send(responseText(invite, 200, { tag: 'x', contact: contactOf(rig.carrier), body: sdpText('callee') }));
    await rig.carrier.nextRequest('ACK');
    await eventually('answered', () => leg.state === 'answered', patience);
    await server.signal('SIGKILL');
    await eventually('noticed', () => !rig.border.health().ok, patience);
    await server.start();
    const again = await takesUp(rig, server, { callId: invite.get('Call-ID')! });
    t.match([again.get('From'), again.get('To')], [invite.get('From'), /tag=x/]);
    t.equal(rig.border.health().ok, true);
    t.equal(leg.state, 'answered');
    const ending = leg.end();
    const bye = await rig.carrier.nextRequest('BYE', 10_000);
    rig.carrier.send(responseText(bye, 200));
    await ending;
    t.match([bye.get('From'), bye.get('To')], [invite.get('From'), /tag=x/]);
    t.ok(Number.parseInt(bye.get('CSeq')!, 10) > Number.parseInt(again.get('CSeq')!, 10), 'CSeq grows');
  });

  t.test(title('killed for good, its calls end, and new ones fail at once'), on, async (t) => {
    const server = await kind.start(t);
    const rig = await rigOn(t, [server], { rescueWithinMs: 1_000 });
    const phone = await openSoftphone(rig);
    t.equal((await phone.register()).status, 200);
    const { ends } = await talking(rig, server);
    const gone: string[] = [];
    rig.border.on('softphoneGone', ({ personId, because }) => gone.push(`${personId} ${because}`));
    await server.signal('SIGKILL');
    await eventually('the end', () => ends.length > 0, patience);
    t.strictSame(ends, ['fault us']);
    t.strictSame(gone, ['p_1 server-lost']);
    t.equal(rig.border.isSoftphoneRegistered(phone.personId), false);
    t.equal(rig.border.webSocketTarget.port, 0, 'no softphone is led there');
    const began = Date.now();
    const refused = callOut(rig.border);
    await eventually('the refusal', () => refused.state === 'ended', patience);
    t.ok(Date.now() - began < 2_000, 'at once');
    t.match(rig.border.health(), { ok: false, because: /server-1/ });
  });

  t.test(title('hung, it is given up, its call goes on at the other and the softphone is let go'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    const phones = [await openSoftphone(rig, { personId: 'p_1' }), await openSoftphone(rig, { personId: 'p_2' })];
    for (const phone of phones) await phone.register();
    const { call, ends } = await talking(rig, first);
    await first.signal('SIGSTOP');
    await takesUp(rig, second, call);
    t.strictSame(ends, []);
    t.match(rig.border.sipServers()[0], { up: false, because: /hangs/ });
    await eventually(
      'one softphone of two is gone',
      () => phones.filter(({ personId }) => rig.border.isSoftphoneRegistered(personId)).length === 1,
      patience,
    );
    const out = callOut(rig.border);
    const invite = await rig.carrier.nextRequest('INVITE', 10_000);
    t.match(invite.get('Contact'), new RegExp(`:${second.sip.port}`), 'new calls go elsewhere');
    rig.carrier.send(responseText(invite, 486, { tag: 'y' }));
    await eventually('refused', () => out.state === 'ended', patience);

    await first.signal('SIGCONT');
    await eventually('it is back', () => rig.border.sipServers()[0]!.up, patience);
    t.strictSame(ends, [], 'and the call stays where it is');
  });

  t.test(title('a call being made when the server hangs is made through the other'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second], { linkTiming: { ...linkTiming, pingIntervalMs: 2_000 } });
    await first.signal('SIGSTOP');
    const legs = [callOut(rig.border, { callId: 'c_1' as CallId }), callOut(rig.border, { callId: 'c_2' as CallId })];
    for (const _ of legs) {
      const invite = await rig.carrier.nextRequest('INVITE', 20_000);
      t.match(invite.get('Contact'), new RegExp(`:${second.sip.port}`));
      rig.carrier.remote = second.sip;
      rig.carrier.send(responseText(invite, 486, { tag: 'x' }));
    }
    await eventually('both are refused by the callee', () => legs.every(({ state }) => state === 'ended'), patience);
    t.ok(rig.border.trunks()[0]!.up, 'the carrier is not to blame');
    await first.signal('SIGCONT');
  });

  t.test(title('a softphone that was in a call comes back through the other server'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    const phone = await openSoftphone(rig);
    await phone.register();
    const processes = new Map([
      ['server-1', first],
      ['server-2', second],
    ]);
    const ring = () =>
      rig.border.callSoftphone({
        ...{ callId: 'c_1' as CallId, personId: phone.personId, displayName: 'A', sdpOffer: sdpText('pbx') },
        ringTimeoutSeconds: 30,
      });
    const leg = ring();
    const invite = await phone.party.nextRequest('INVITE', 10_000);
    phone.party.send(responseText(invite, 200, { tag: 'x', contact: `<${phone.contact}>`, body: sdpText('browser') }));
    await phone.party.nextRequest('ACK');
    const its = rig.border
      .sipServers()
      .find(({ addresses }) => addresses.some(({ port }) => port === phone.party.remote.port));
    await processes.get(its!.server)!.signal('SIGKILL');
    await eventually('the registration is gone', () => !rig.border.isSoftphoneRegistered(phone.personId), patience);
    t.equal(leg.state, 'answered', 'its audio may still flow; the call decides');
    const back = await openSoftphone(rig);
    t.teardown(() => back.party.close());
    t.equal((await back.register()).status, 200);
    const fresh = ring();
    const second2 = await back.party.nextRequest('INVITE', 10_000);
    back.party.send(responseText(second2, 200, { tag: 'y', contact: `<${back.contact}>`, body: sdpText('browser') }));
    await eventually('answered anew', () => fresh.state === 'answered', patience);
    const began = Date.now();
    await leg.end('transferred');
    t.ok(Date.now() - began < 2_000, 'the old leg goes without waiting for anybody');
  });

  t.test(title('a call whose ACK was still missing is taken up, and lives'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    rig.carrier.remote = first.sip;
    const call = carrierCalls({ ...rig, sip: first.sip }, { body: sdpText('caller') });
    const { leg } = await eventually('the call', () => rig.calls[0], patience);
    const answered = leg.answer(sdpText('pbx'));
    await rig.carrier.nextResponse(200, 10_000);
    await eventually('the server has the answer', () => leg.dialogFacts!() !== undefined, patience);
    await first.signal('SIGKILL');
    await takesUp(rig, second, call);
    t.match(await answered, { kind: 'ok' });
    t.equal(leg.state, 'answered');
    const ending = leg.end();
    rig.carrier.send(responseText(await rig.carrier.nextRequest('BYE', 10_000), 200));
    await ending;
  });

  t.test(
    title('a registration with a carrier moves to the other server, and its old binding is removed'),
    on,
    async (t) => {
      const [first, second] = [await kind.start(t), await kind.start(t)];
      const carrier = await createUdpParty(first.sip);
      t.teardown(() => carrier.close());
      const register = { registrar: `127.0.0.1:${carrier.port}`, transport: 'udp' as const, user: 'u', password: 'p' };
      const rig = await rigOn(t, [first, second], {
        trunks: [carrierTrunk(carrier, { register: { ...register, expiresSeconds: 600 } })],
      });
      const portOf = (request: PartyMessage) => Number(/@127\.0\.0\.1:(\d+)/.exec(request.get('Contact')!)![1]);
      const accept = async () => {
        const request = await carrier.nextRequest('REGISTER', 20_000);
        carrier.remote = {
          host: '127.0.0.1',
          port: Number(/Via: SIP\/2\.0\/UDP 127\.0\.0\.1:(\d+)/.exec(request.text)![1]),
        };
        carrier.send(responseText(request, 200, { headers: [`Contact: ${request.get('Contact')}`] }));
        return request;
      };
      const before = await accept();
      await eventually('registered', () => rig.border.trunks()[0]!.registered, patience);
      const [its, other] = portOf(before) === first.sip.port ? [first, second] : [second, first];
      await its.signal('SIGKILL');
      const after = await accept();
      t.equal(portOf(after), other.sip.port);
      t.equal(after.get('Call-ID'), before.get('Call-ID'));
      const removal = await accept();
      t.match(removal.get('Contact'), new RegExp(`:${its.sip.port}[^,]*>;expires=0`));
      t.equal(rig.border.trunks()[0]!.registered, true);
    },
  );

  t.test(title('the application dies, and another adopts its leg through another server'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first]);
    const { call, leg, ok } = await talking(rig, first);
    const dialog = JSON.parse(JSON.stringify(leg.dialogFacts!())) as DialogFacts;
    const other = await rigOn(t, [second]);
    await first.signal('SIGKILL');
    const adopted = other.border.adoptLeg({
      ...{ id: leg.id, callId: 'c_1' as CallId, direction: 'inbound', trunk: 'carrier' },
      dialog: { ...dialog, localSdp: sdpText('pbx-2') },
    });
    const answers: string[] = [];
    adopted.on('answerReceived', ({ sdpAnswer }) => answers.push(sdpAnswer));
    const again = await takesUp(rig, second, call);
    t.equal(again.body.trim(), sdpText('pbx-2').trim(), 'with the offer of the new media');
    t.strictSame([again.get('From'), again.get('To')], [ok.get('To'), call.from]);
    await eventually('the answer', () => answers.length === 1, patience);
    t.equal(other.border.trunks()[0]!.activeCalls, 1);
    const ending = adopted.end();
    const bye = await rig.carrier.nextRequest('BYE', 10_000);
    rig.carrier.send(responseText(bye, 200));
    await ending;
    t.equal(bye.get('Call-ID'), call.callId);
    t.equal(other.border.trunks()[0]!.activeCalls, 0);
    t.ok(adopted.state === 'ended' && leg.state === 'answered', 'the first would wait for its server still');
  });

  t.test(title('the application dies, and another adopts its leg through the same server'), on, async (t) => {
    const server = await kind.start(t);
    const rig = await rigOn(t, [server]);
    const other = await rigOn(t, [server]);
    const { call, leg, ok } = await talking(rig, server, other.calls);
    const [had, has] = rig.calls.length > 0 ? [rig, other] : [other, rig];
    const dialog = leg.dialogFacts!()!;
    await had.border.close();
    const adopted = has.border.adoptLeg({
      ...{ id: leg.id, callId: 'c_1' as CallId, direction: 'inbound', trunk: 'carrier', dialog },
    });
    const again = await takesUp(rig, server, call);
    const target = /<([^>]+)>/.exec(again.get('Contact')!)![1]!;
    const far = { callId: call.callId, from: call.from, to: ok.get('To')!, target };
    inDialog(rig.carrier, 'INFO', { ...far, cseq: 2 }, { contentType: 'application/dtmf', body: '5' });
    t.equal((await rig.carrier.nextResponse()).status, 200, 'they are heard');
    inDialog(rig.carrier, 'BYE', { ...far, cseq: 3 });
    t.equal((await rig.carrier.nextResponse()).status, 200);
    await eventually('the end', () => adopted.state === 'ended', patience);
    t.equal(rig.carrier.received.filter(({ method }) => method === 'BYE').length, 0, 'and nobody else ends it');
  });

  t.test(title('a leg is handed over between two that live, and who had it says nothing more'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first]);
    const other = await rigOn(t, [second]);
    const { call, leg, ends } = await talking(rig, first);
    const dialog = leg.handOver!()!;
    t.equal(leg.state, 'ended');
    const adopted = other.border.adoptLeg({
      ...{ id: leg.id, callId: 'c_1' as CallId, direction: 'inbound', trunk: 'carrier', dialog },
    });
    const again = await takesUp(rig, second, call);
    await leg.end();
    await rig.border.close();
    const target = /<([^>]+)>/.exec(again.get('Contact')!)![1]!;
    inDialog(rig.carrier, 'BYE', { callId: call.callId, from: call.from, to: again.get('From')!, target, cseq: 3 });
    t.equal((await rig.carrier.nextResponse()).status, 200);
    t.equal(adopted.state, 'ended');
    t.strictSame([rig.border.trunks()[0]!.activeCalls, ends], [0, []]);
    t.equal(rig.carrier.received.filter(({ method }) => method === 'BYE').length, 0);
  });

  t.test(title('a call whose far end has gone meanwhile ends as hung up by it'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    const { ends } = await talking(rig, first);
    await first.signal('SIGKILL');
    const again = await rig.carrier.nextRequest('INVITE', 20_000);
    rig.carrier.remote = second.sip;
    rig.carrier.send(responseText(again, 481));
    await eventually('the end', () => ends.length > 0, patience);
    t.strictSame(ends, ['normal far-end']);
  });

  t.test(title('a call that cannot be taken up is ended with BYE'), on, async (t) => {
    const [first, second] = [await kind.start(t), await kind.start(t)];
    const rig = await rigOn(t, [first, second]);
    const { call, ends, ok } = await talking(rig, first);
    await first.signal('SIGKILL');
    const again = await rig.carrier.nextRequest('INVITE', 20_000);
    rig.carrier.remote = second.sip;
    rig.carrier.send(responseText(again, 488));
    const bye = await rig.carrier.nextRequest('BYE', 10_000);
    rig.carrier.send(responseText(bye, 200));
    t.strictSame(ends, ['fault us']);
    t.strictSame([bye.get('Call-ID'), bye.get('From'), bye.get('To')], [call.callId, ok.get('To'), call.from]);
  });
}
