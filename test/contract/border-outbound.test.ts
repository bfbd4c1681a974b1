// Calls out to carriers: refusals, redirection, early media, PRACK, CANCEL in every order, forks, failover, credentials.

import t from 'tap';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import type { TrunkCall } from '../../src/sbc/border.ts';
import { createDigestVerifier } from '../../src/sbc/digest/verifier.ts';
import type { Leg } from '../../src/sbc/leg.ts';
import { trunkSettings } from '../../src/sbc/trunk-settings.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { seededRandom, systemRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import {
  type BorderRig,
  callOut,
  carrierTrunk,
  contactOf,
  newTag,
  onOwnServer,
  type RigOptions,
  responseText,
  startBorderRig,
} from '../support/sip/border-rig.ts';
import { createUdpParty, type PartyMessage, type SipParty, sdpText } from '../support/sip/sip-party.ts';

type Test = { teardown: (run: () => unknown) => void };

async function rigFor(test: Test, options: RigOptions = {}): Promise<BorderRig> {
  const rig = await startBorderRig(options);
  test.teardown(() => rig.close());
  return rig;
}

function dial(rig: BorderRig, more: Partial<TrunkCall> = {}): { leg: Leg; events: string[] } {
  const leg = callOut(rig.border, { offer: async (profile) => sdpText(`pbx-${profile}`), ...more });
  const events: string[] = [];
  leg.on('ringing', () => events.push('ringing'));
  leg.on('earlyMedia', ({ sdpAnswer }) => events.push(`early ${name(sdpAnswer)}`));
  leg.on('answered', ({ sdpAnswer }) => events.push(`answered ${name(sdpAnswer)}`));
  leg.on('ended', ({ cause, by, sipStatus }) => events.push(`ended ${cause} ${by} ${sipStatus}`));
  return { leg, events };
}

const name = (sdp: string | undefined) => /s=(.*)\r/.exec(sdp ?? '')?.[1];
const over = (events: string[]) => eventually('the end', () => events.at(-1)?.startsWith('ended'));

function answer(
  party: SipParty,
  invite: PartyMessage,
  status: number,
  more: { tag?: string; body?: string; headers?: string[] } = {},
) {
  party.send(responseText(invite, status, { tag: more.tag ?? newTag(), contact: contactOf(party), ...more }));
}

t.test('each refusal has its cause, and none but a fault of the target is tried elsewhere', async (t) => {
  const rig = await rigFor(t);
  const expected: [number, string][] = [
    [486, 'busy'],
    [603, 'rejected'],
    [404, 'not-found'],
    [480, 'no-answer'],
    [302, 'rejected'],
    [403, 'forbidden'],
    [488, 'incompatible-media'],
    [503, 'overload'],
  ];
  for (const [status, cause] of expected) {
    const { events } = dial(rig);
    answer(rig.carrier, await rig.carrier.nextRequest('INVITE'), status, {
      headers: status === 302 ? ['Contact: <sip:+88299999999@elsewhere.example>'] : [],
    });
    await over(events);
    t.strictSame(events, [`ended ${cause} far-end ${status}`]);
  }
  t.equal(rig.border.trunks()[0]?.activeCalls, 0);
});

t.test('early media, then the answer, with a reliable provisional response acknowledged', async (t) => {
  const rig = await rigFor(t);
  const { leg, events } = dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE');
  const tag = newTag();
  const headers = ['Require: 100rel', 'RSeq: 7'];
  answer(rig.carrier, invite, 183, { tag, headers, body: sdpText('early') });
  const prack = await rig.carrier.nextRequest('PRACK');
  t.equal(prack.get('RAck'), `7 ${invite.get('CSeq')}`);
  rig.carrier.send(responseText(prack, 200));
  answer(rig.carrier, invite, 180, { tag });
  answer(rig.carrier, invite, 200, { tag });
  await rig.carrier.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  t.strictSame(events, ['early early', 'ringing', 'answered early'], 'a 200 without SDP keeps the early answer');
});

t.test('a 200 with no SDP anywhere is acknowledged and ended', async (t) => {
  const rig = await rigFor(t);
  const { events } = dial(rig);
  answer(rig.carrier, await rig.carrier.nextRequest('INVITE'), 200);
  await rig.carrier.nextRequest('ACK');
  rig.carrier.send(responseText(await rig.carrier.nextRequest('BYE'), 200));
  await over(events);
  t.strictSame(events, ['ended incompatible-media far-end 200']);
});

t.test('nobody answers: CANCEL, and the leg says so', async (t) => {
  const rig = await rigFor(t);
  const { events } = dial(rig, { ringTimeoutSeconds: 1 });
  const invite = await rig.carrier.nextRequest('INVITE');
  answer(rig.carrier, invite, 180);
  const cancel = await rig.carrier.nextRequest('CANCEL');
  rig.carrier.send(responseText(cancel, 200));
  answer(rig.carrier, invite, 487);
  await over(events);
  t.strictSame(events, ['ringing', 'ended no-answer timeout null']);
});

t.test('we give up before anything came back: the CANCEL waits for a provisional response', async (t) => {
  const rig = await rigFor(t);
  const { leg, events } = dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE');
  const ending = leg.end();
  t.strictSame(events, ['ended cancelled us null']);
  answer(rig.carrier, invite, 180);
  const cancel = await rig.carrier.nextRequest('CANCEL');
  t.equal(cancel.get('CSeq')?.split(' ')[0], invite.get('CSeq')?.split(' ')[0]);
  rig.carrier.send(responseText(cancel, 200));
  answer(rig.carrier, invite, 487);
  await ending;
});

t.test('a 200 that crosses our CANCEL is acknowledged and ended with BYE within a second', async (t) => {
  const rig = await rigFor(t);
  const { leg, events } = dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE');
  const tag = newTag();
  answer(rig.carrier, invite, 180, { tag });
  await eventually('ringing', () => leg.state === 'ringing');
  const ending = leg.end();
  answer(rig.carrier, invite, 200, { tag, body: sdpText('callee') });
  await rig.carrier.nextRequest('ACK');
  const ackAt = Date.now();
  const bye = await rig.carrier.nextRequest('BYE');
  t.ok(Date.now() - ackAt < 1000, 'within a second');
  rig.carrier.send(responseText(bye, 200));
  await ending;
  t.strictSame(events, ['ringing', 'ended cancelled us null']);
});

t.test('whatever the order of ring, cancel, answer and refusal, the leg ends once and nothing is left', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const rig = await rigFor(t);
  for (let round = 0; round < 25; round++) {
    const { leg, events } = dial(rig);
    const invite = await rig.carrier.nextRequest('INVITE');
    const tag = newTag();
    const final = random.pick([200, 486, 487]);
    const acts = [
      () => answer(rig.carrier, invite, 180, { tag }),
      () => void leg.end(),
      () => answer(rig.carrier, invite, final, { tag, body: final === 200 ? sdpText('callee') : '' }),
    ].sort(() => random.next() - 0.5);
    for (const act of acts) {
      act();
      if (random.next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    }
    await over(events);
    const mine = (m: PartyMessage, method: string) => m.method === method && m.get('Call-ID') === invite.get('Call-ID');
    if (final === 200) {
      const bye = await rig.carrier.next('BYE', (m) => mine(m, 'BYE'), 3000);
      rig.carrier.send(responseText(bye, 200));
    }
    if (events.filter((event) => event.startsWith('ended')).length !== 1) t.fail(`round ${round}: ${events}`);
    for (const cancel of rig.carrier.received.filter((m) => mine(m, 'CANCEL')))
      rig.carrier.send(responseText(cancel, 200));
  }
  await eventually('no dialog left', () => rig.server.stats().dialogs === 0, { withinMs: 8000 });
  t.equal(rig.border.trunks()[0]?.activeCalls, 0);
});

t.test('of two answers from a forking carrier the first wins and the other is ended', async (t) => {
  const rig = await rigFor(t);
  const { leg, events } = dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE');
  answer(rig.carrier, invite, 200, { tag: 'one', body: sdpText('one') });
  answer(rig.carrier, invite, 200, { tag: 'two', body: sdpText('two') });
  // drachtio-server leaves the second one to the far end's timers (docs/drachtio-server.md).
  if (onOwnServer) {
    const bye = await rig.carrier.nextRequest('BYE');
    t.match(bye.get('To'), /tag=two/);
    rig.carrier.send(responseText(bye, 200));
  } else t.match((await rig.carrier.nextRequest('ACK')).get('To'), /tag=one/);
  t.strictSame(events, ['answered one']);
  t.equal(leg.state, 'answered');
});

async function twoCarriers(test: Test, more: Parameters<typeof carrierTrunk>[1] = {}) {
  const second = await createUdpParty({ host: '127.0.0.1', port: 1 });
  test.teardown(() => second.close());
  const rig = await rigFor(test, {
    trunks: (first) => [
      carrierTrunk(first, {
        targets: [
          { host: first.host, port: first.port, transport: 'udp', priority: 1, weight: 1 },
          { host: second.host, port: second.port, transport: 'udp', priority: 2, weight: 1 },
        ],
        ...more,
      }),
    ],
  });
  second.remote = rig.sip;
  return { rig, first: rig.carrier, second };
}

t.test('a target that fails is followed by the next, with an offer and a Call-ID of its own', async (t) => {
  const { rig, first, second } = await twoCarriers(t);
  let offers = 0;
  const { leg, events } = dial(rig, { offer: async () => sdpText(`offer-${++offers}`) });
  const one = await first.nextRequest('INVITE');
  answer(first, one, 503);
  const two = await second.nextRequest('INVITE');
  t.strictSame([one.body, two.body], [sdpText('offer-1'), sdpText('offer-2')]);
  t.not(one.get('Call-ID'), two.get('Call-ID'));
  answer(second, two, 200, { body: sdpText('callee') });
  await second.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  t.strictSame(events, ['answered callee']);
  t.equal(rig.border.trunks()[0]?.activeCalls, 1);
});

t.test('a silent target is passed over, and its late answer is acknowledged and ended', async (t) => {
  const { rig, first, second } = await twoCarriers(t, { firstResponseTimeoutSeconds: 1 });
  const { leg, events } = dial(rig);
  const one = await first.nextRequest('INVITE');
  const two = await second.nextRequest('INVITE', 4000);
  answer(second, two, 200, { body: sdpText('second') });
  await second.nextRequest('ACK');
  answer(first, one, 200, { body: sdpText('first') });
  await first.nextRequest('ACK');
  first.send(responseText(await first.nextRequest('BYE'), 200));
  t.equal(leg.state, 'answered');
  t.strictSame(events, ['answered second']);
});

t.test('busy is not tried elsewhere, nor is a failure after the telephone rang', async (t) => {
  const { rig, first, second } = await twoCarriers(t);
  const busy = dial(rig);
  answer(first, await first.nextRequest('INVITE'), 486);
  await over(busy.events);
  const rang = dial(rig);
  const invite = await first.nextRequest('INVITE');
  answer(first, invite, 180, { tag: 'x' });
  answer(first, invite, 500, { tag: 'x' });
  await over(rang.events);
  t.strictSame([busy.events, rang.events], [['ended busy far-end 486'], ['ringing', 'ended unreachable far-end 500']]);
  t.equal(second.received.length, 0);
});

t.test('when all fail the last cause is told, and a target that failed goes last', async (t) => {
  const { rig, first, second } = await twoCarriers(t);
  const { events } = dial(rig);
  answer(first, await first.nextRequest('INVITE'), 503);
  answer(second, await second.nextRequest('INVITE'), 500);
  await over(events);
  t.strictSame(events, ['ended unreachable far-end 500']);
  const next = dial(rig);
  answer(second, await second.nextRequest('INVITE'), 486);
  await over(next.events);
  t.equal(first.received.filter(({ method }) => method === 'INVITE').length, 1, 'the first rests');
});

t.test('a number goes out only through a trunk that carries it, and a full trunk says overload', async (t) => {
  const rig = await rigFor(t, {
    trunks: (carrier) => [carrierTrunk(carrier, { numbers: ['+81661234567'], maxCalls: 1 })],
  });
  const foreign = dial(rig);
  await over(foreign.events);
  t.strictSame(foreign.events, ['ended forbidden us null']);
  const own = dial(rig, { presentedNumber: '+81661234567' });
  await rig.carrier.nextRequest('INVITE');
  const second = dial(rig, { presentedNumber: '+81661234567' });
  await over(second.events);
  t.strictSame(second.events, ['ended overload us null']);
  void own.leg.end();
});

t.test('an offer that cannot be made ends the leg with a fault', async (t) => {
  const rig = await rigFor(t);
  const { events } = dial(rig, { offer: () => Promise.reject(new Error('no media')) });
  await over(events);
  t.strictSame(events, ['ended fault us null']);
});

t.test('a challenge is answered with SHA-256, and refused credentials are not repeated', async (t) => {
  const rig = await rigFor(t, { trunk: { credentials: { user: 'company', password: 'secret' } } });
  const verifier = createDigestVerifier<string>({ clock: systemClock, random: systemRandom, realm: 'carrier' });
  const find = (password: string) => (user: string) => (user === 'company' ? { password, who: user } : undefined);
  const challenge = () => [`WWW-Authenticate: ${verifier.challenge(false)}`];
  const { leg } = dial(rig);
  const first = await rig.carrier.nextRequest('INVITE');
  answer(rig.carrier, first, 401, { headers: challenge() });
  const second = await rig.carrier.next(
    'credentials',
    (m) => m.method === 'INVITE' && m.get('Authorization') !== undefined,
  );
  const uri = second.line.split(' ')[1]!;
  t.match(verifier.check(second.get('Authorization'), { method: 'INVITE', uri, body: second.body }, find('secret')), {
    kind: 'ok',
  });
  t.match(second.get('Authorization'), /algorithm=SHA-256/);
  t.equal(second.get('Call-ID'), first.get('Call-ID'));
  t.equal(Number.parseInt(second.get('CSeq')!, 10), Number.parseInt(first.get('CSeq')!, 10) + 1);
  answer(rig.carrier, second, 200, { body: sdpText('callee') });
  await rig.carrier.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');

  const refused = dial(rig);
  answer(rig.carrier, await rig.carrier.nextRequest('INVITE'), 401, { headers: challenge() });
  answer(rig.carrier, await rig.carrier.nextRequest('INVITE'), 401, { headers: challenge() });
  await over(refused.events);
  t.strictSame(refused.events, ['ended forbidden far-end 401']);
});

t.test('a session timer that is too short for the carrier is asked again with its minimum', async (t) => {
  const rig = await rigFor(t, { border: { sessionExpiresSeconds: 120 } });
  dial(rig);
  const first = await rig.carrier.nextRequest('INVITE');
  t.equal(first.get('Session-Expires'), '120');
  answer(rig.carrier, first, 422, { headers: ['Min-SE: 600'] });
  const second = await rig.carrier.nextRequest('INVITE');
  t.strictSame([second.get('Session-Expires'), second.get('Min-SE')], ['600', '600']);
  answer(rig.carrier, second, 486);
});

t.test('a carrier that wants SRTP is offered it', async (t) => {
  const rig = await rigFor(t, { trunk: { media: 'srtp' } });
  dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE');
  t.equal(invite.body, sdpText('pbx-srtp'));
  answer(rig.carrier, invite, 486);
});

t.test('a trunk whose target refuses the connection fails over to one that takes it', async (t) => {
  const rig = await rigFor(t, {
    trunks: (carrier) => [
      trunkSettings({
        name: 'nowhere',
        priority: 1,
        optionsIntervalSeconds: 0,
        targets: [{ host: '127.0.0.1', port: 1, transport: 'tcp' }],
      }),
      carrierTrunk(carrier, { priority: 2 }),
    ],
  });
  const { leg } = dial(rig);
  const invite = await rig.carrier.nextRequest('INVITE', 8000);
  t.equal(leg.trunk, 'carrier');
  answer(rig.carrier, invite, 486);
});

t.test('emergency, international and premium numbers do not go out unless the rules say so', async (t) => {
  const to = (text: string) => ({ to: PhoneNumber.fromCanonical(text)! });
  const closed = await rigFor(t);
  for (const number of ['110', '118', '119', '117', '+12125550123', '0990123456', '0570000111']) {
    const { events } = dial(closed, to(number));
    await over(events);
    t.strictSame(events, ['ended forbidden us null'], number);
  }
  t.equal(closed.carrier.received.length, 0);
  const open = await rigFor(t, {
    trunks: (carrier) => [
      carrierTrunk(carrier, { name: 'other' }),
      carrierTrunk(carrier, { name: 'office', priority: 99 }),
    ],
    border: { dialRules: { allow: [], allowCountryCodes: ['1'], emergencyTrunk: 'office' } },
  });
  for (const [number, dialled] of [
    ['119', 'sip:119@'],
    ['+12125550123', 'sip:+12125550123@'],
  ] as const) {
    const { leg } = dial(open, to(number));
    const invite = await open.carrier.nextRequest('INVITE');
    t.ok(invite.line.includes(dialled), invite.line);
    if (number === '119') t.equal(leg.trunk, 'office', 'the site trunk, although another comes first');
    answer(open.carrier, invite, 486);
  }
});
