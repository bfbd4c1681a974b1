// Trunks: known by credentials or by where we registered, registration and its failure, OPTIONS, number forms, withheld callers.

import t from 'tap';
import { answerChallenge } from '../../src/sbc/digest/answer.ts';
import { createDigestVerifier } from '../../src/sbc/digest/verifier.ts';
import type { TrunkSettings } from '../../src/sbc/trunk-settings.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import {
  type BorderRig,
  callOut,
  carrierCalls,
  carrierTrunk,
  newTag,
  onOwnServer,
  requestText,
  responseText,
  startBorderRig,
  tokyo,
  tollFree,
} from '../support/sip/border-rig.ts';
import { type PartyMessage, type SipParty, sdpText } from '../support/sip/sip-party.ts';

type Test = { teardown: (run: () => unknown) => void };

async function rigWith(test: Test, trunk: (carrier: SipParty) => Partial<TrunkSettings>) {
  const rig = await startBorderRig({ trunks: (carrier) => [carrierTrunk(carrier, trunk(carrier))] });
  test.teardown(async () => {
    // A registrar that still listens lets us unregister.
    await rig.close();
  });
  const states: string[] = [];
  rig.border.on('trunkState', ({ up, because }) => states.push(`${up ? 'up' : 'down'}: ${because}`));
  return { rig, states };
}

const srfView = (message: PartyMessage) => ({
  status: message.status!,
  body: message.body,
  get: (name: string) => message.all(name).join(',') || undefined,
  has: (name: string) => message.all(name).length > 0,
});

t.test('a gateway with credentials is asked for them, strongest first, and wrong ones are refused', async (t) => {
  const { rig } = await rigWith(t, () => ({ addresses: [], digest: { user: 'gateway', password: 'secret' } }));
  const uri = `sip:${tokyo}@${rig.sip.host}:${rig.sip.port}`;
  const base = {
    method: 'INVITE',
    uri,
    from: `<sip:+819012345678@gw>;tag=${newTag()}`,
    to: `<${uri}>`,
    body: sdpText('gw'),
  };
  const attempt = async (user: string, password: string) => {
    const callId = newTag();
    const branch = `z9hG4bK${newTag()}`;
    rig.carrier.send(requestText(rig.carrier, { ...base, callId, branch }));
    const challenge = await rig.carrier.nextResponse(401);
    const { body: _, ...unanswered } = base;
    const to = challenge.get('To')!;
    rig.carrier.send(requestText(rig.carrier, { ...unanswered, method: 'ACK', to, callId, branch }));
    const [best, other] = challenge.all('WWW-Authenticate');
    t.match([best, other], [/algorithm=SHA-256/, /algorithm=MD5/]);
    const credentials = { user, password };
    const answered = answerChallenge(srfView(challenge), { credentials, method: 'INVITE', uri, again: false })!;
    const headers = [`Authorization: ${answered['Authorization']}`];
    rig.carrier.send(requestText(rig.carrier, { ...base, callId, cseq: 2, headers }));
    return rig.carrier.next('an answer', (m) => m.get('CSeq') === '2 INVITE' && m.status !== 100);
  };
  t.equal((await attempt('gateway', 'wrong')).status, 403);
  t.equal((await attempt('nobody', 'secret')).status, 403);
  const taken = attempt('gateway', 'secret');
  const { leg } = await eventually('the call', () => rig.calls[0]);
  leg.reject('busy');
  t.equal((await taken).status, 486);
});

t.test('we register with digest, refresh, and are called at the address we registered', async (t) => {
  const register = { registrar: '', transport: 'udp' as const, user: '0312345678', password: 'pw', expiresSeconds: 60 };
  const { rig, states } = await rigWith(t, (carrier) => ({
    addresses: [],
    calledNumberFrom: 'to',
    formIn: 'national',
    register: { ...register, registrar: `${carrier.host}:${carrier.port}`, authUser: 'auth-name' },
  }));
  const verifier = createDigestVerifier<string>({ clock: systemClock, random: systemRandom, realm: 'carrier' });
  const first = await rig.carrier.nextRequest('REGISTER');
  t.match(rig.border.trunks()[0], { up: false, registered: false });
  rig.carrier.send(responseText(first, 401, { tag: 'r', headers: [`WWW-Authenticate: ${verifier.challenge(false)}`] }));
  const second = await rig.carrier.nextRequest('REGISTER');
  const uri = second.line.split(' ')[1]!;
  const verdict = verifier.check(second.get('Authorization'), { method: 'REGISTER', uri, body: '' }, (user) =>
    user === 'auth-name' ? { password: 'pw', who: user } : undefined,
  );
  t.match(verdict, { kind: 'ok' });
  t.equal(second.get('Call-ID'), first.get('Call-ID'));
  const contact = /<([^>]+)>/.exec(second.get('Contact')!)![1]!;
  // Granted two seconds: the refresh has to come soon.
  rig.carrier.send(responseText(second, 200, { tag: 'r', headers: [`Contact: <${contact}>;expires=2`] }));
  await eventually('registered', () => rig.border.trunks()[0]?.registered === true);
  const refresh = await rig.carrier.nextRequest('REGISTER', 3000);
  t.equal(Number.parseInt(refresh.get('CSeq')!, 10), Number.parseInt(second.get('CSeq')!, 10) + 1);
  rig.carrier.send(responseText(refresh, 200, { tag: 'r', headers: [`Contact: <${contact}>;expires=600`] }));

  const from = `<sip:09012345678@carrier.example>;tag=${newTag()}`;
  const to = '<sip:0312345678@carrier.example>';
  rig.carrier.send(requestText(rig.carrier, { method: 'INVITE', uri: contact, from, to, body: sdpText('caller') }));
  const { caller, companyNumber } = await eventually('the call', () => rig.calls[0]);
  t.strictSame([caller?.reveal(), companyNumber], ['+819012345678', tokyo]);
  t.strictSame(states, ['up: registered']);

  const closing = rig.border.close();
  const last = await rig.carrier.next('unregister', (m) => m.method === 'REGISTER' && m.get('Expires') === '0');
  rig.carrier.send(responseText(last, 200, { tag: 'r' }));
  await closing;
});

t.test('a registration that fails is an alarm, and is tried again', async (t) => {
  const { rig, states } = await rigWith(t, (carrier) => ({
    register: {
      registrar: `${carrier.host}:${carrier.port}`,
      transport: 'udp' as const,
      user: 'company',
      password: 'pw',
      expiresSeconds: 60,
    },
  }));
  const first = await rig.carrier.nextRequest('REGISTER');
  rig.carrier.send(responseText(first, 423, { tag: 'r', headers: ['Min-Expires: 300'] }));
  const longer = await rig.carrier.nextRequest('REGISTER');
  t.equal(longer.get('Expires'), '300');
  rig.carrier.send(responseText(longer, 403, { tag: 'r' }));
  await eventually('the alarm', () => rig.border.trunks()[0]?.because === 'REGISTER 403');
  t.match(rig.border.trunks()[0], { up: false, registered: false });
  t.ok(rig.logLines.some((line) => line.includes('registration with the carrier failed')));
  const again = await rig.carrier.nextRequest('REGISTER', 5000);
  rig.carrier.send(responseText(again, 200, { tag: 'r', headers: ['Expires: 300'] }));
  await eventually('registered', () => rig.border.trunks()[0]?.up === true);
  t.strictSame(states, ['down: REGISTER 403', 'up: registered']);
});

t.test('OPTIONS finds a target dead after two misses and alive after one answer', async (t) => {
  const { rig, states } = await rigWith(t, () => ({ optionsIntervalSeconds: 1 }));
  for (let round = 0; round < 2; round++) {
    const ping = await rig.carrier.nextRequest('OPTIONS', 4000);
    rig.carrier.send(responseText(ping, 503, { tag: 'x' }));
  }
  await eventually('down', () => states.length === 1);
  t.equal(rig.border.trunks()[0]?.up, false);
  // Any answer is a sign of life, also one that refuses OPTIONS.
  rig.carrier.send(responseText(await rig.carrier.nextRequest('OPTIONS', 4000), 405, { tag: 'x' }));
  await eventually('up', () => states.length === 2);
  t.strictSame(states, ['down: no target answers', 'up: answers']);
});

t.test('each trunk writes and reads numbers in its own form', async (t) => {
  const { rig } = await rigWith(t, () => ({ formIn: 'national', formOut: 'national', domain: 'carrier.example' }));
  carrierCalls(rig, { to: '0120123456', fromUser: '0612345678', body: sdpText('caller') });
  const call = await eventually('the call', () => rig.calls[0]);
  t.strictSame([call.companyNumber, call.caller?.reveal()], [tollFree, '+81612345678']);
  const leg = callOut(rig.border, { ringTimeoutSeconds: 5 });
  const invite = await rig.carrier.nextRequest('INVITE');
  t.match(invite.line, /^INVITE sip:09087654321@carrier\.example;user=phone SIP\/2\.0$/);
  t.match(invite.get('From'), /^<sip:0312345678@carrier\.example;user=phone>;tag=/);
  t.match(invite.get('P-Asserted-Identity'), /^<sip:0312345678@carrier\.example;user=phone>$/);
  rig.carrier.send(responseText(invite, 486, { tag: 'x' }));
  await eventually('the end', () => leg.state === 'ended');
});

const withheldCall = async (rig: BorderRig) => {
  callOut(rig.border, { withhold: true, ringTimeoutSeconds: 5 });
  const invite = await rig.carrier.nextRequest('INVITE');
  rig.carrier.send(responseText(invite, 486, { tag: 'x' }));
  return invite;
};

t.test('a withheld number is in the asserted identity alone, or is asked for by prefix', async (t) => {
  const { rig } = await rigWith(t, () => ({}));
  const byPrivacy = await withheldCall(rig);
  t.match(byPrivacy.get('From'), /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=/);
  t.equal(byPrivacy.get('Privacy'), 'id');
  const digits = byPrivacy.text.match(/312345678/g) ?? [];
  t.equal(digits.length, 1, 'the number is nowhere but in P-Asserted-Identity');
  const prefix = await rigWith(t, () => ({
    formOut: 'national',
    identity: {
      trustAsserted: true,
      send: 'from',
      userPhone: false,
      withhold: 'prefix',
      present: 'plain',
      withheldTexts: [],
    },
  }));
  const byPrefix = await withheldCall(prefix.rig);
  t.match(byPrefix.line, /^INVITE sip:18409087654321@/);
  t.strictSame([byPrefix.get('Privacy'), byPrefix.get('P-Asserted-Identity')], [undefined, undefined]);
});

t.test('a caller who withholds has no number, whatever else the INVITE says', async (t) => {
  const { rig } = await rigWith(t, () => ({}));
  carrierCalls(rig, {
    from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
    // Two of them are against RFC 3323; drachtio-server refuses that with 400.
    headers: ['P-Asserted-Identity: <sip:+819012345678@c>', ...(onOwnServer ? ['Privacy: none'] : []), 'Privacy: id'],
    body: sdpText('caller'),
  });
  const call = await eventually('the call', () => rig.calls[0]);
  t.strictSame([call.caller, call.withheld], [undefined, 'user-request']);
});
