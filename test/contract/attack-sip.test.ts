// Strangers on the SIP port: scanners, sweeps, floods, guessed passwords, calls without right. They hear nothing, get nothing, and are
// shut out; a carrier's calls go on meanwhile. Each test looks from outside, over the socket.

import t from 'tap';
import { type GuardedRig, startGuardedRig } from '../support/attack/guarded-rig.ts';
import { eventually } from '../support/eventually.ts';
import {
  callerDialog,
  carrierCalls,
  inDialog,
  newTag,
  onOwnServer,
  openSoftphone,
  requestText,
  tokyo,
} from '../support/sip/border-rig.ts';
import type { SipParty } from '../support/sip/sip-party.ts';
import { sdpText } from '../support/sip/sip-party.ts';

const ourOwn = onOwnServer ? {} : { skip: 'drachtio-server has its own guard' };
t.setTimeout(60_000);

function sends(
  rig: GuardedRig,
  party: SipParty,
  method: string,
  more: { agent?: string; to?: string; from?: string } = {},
) {
  const uri = `sip:${more.to ?? tokyo}@${rig.sip.host}:${rig.sip.port}`;
  const headers = [`User-Agent: ${more.agent ?? 'Telephone/1.0'}`, ...(method === 'REGISTER' ? ['Expires: 60'] : [])];
  const from = more.from ?? `<sip:100@${rig.sip.host}>;tag=${newTag()}`;
  party.send(
    requestText(party, {
      method,
      uri,
      from,
      to: `<${uri}>`,
      headers,
      ...(method === 'INVITE' ? { body: sdpText('x') } : {}),
    }),
  );
}

/** The carrier is answered after everything before was read, so that silence is silence. */
async function carrierIsAnswered(rig: GuardedRig): Promise<number | undefined> {
  sends(rig, rig.carrier, 'OPTIONS');
  return (await rig.carrier.nextResponse()).status;
}

t.test('a stranger hears nothing at all, whatever it asks, and begins nothing', ourOwn, async (t) => {
  const rig = await startGuardedRig(t, { blocks: { points: 1000 } });
  const stranger = await rig.stranger();
  for (const method of [
    'OPTIONS',
    'REGISTER',
    'INVITE',
    'SUBSCRIBE',
    'MESSAGE',
    'PUBLISH',
    'REFER',
    'NOTIFY',
    'BYE',
    'CANCEL',
    'FOO',
  ])
    sends(rig, stranger, method);
  stranger.send(
    requestText(stranger, {
      method: 'BYE',
      uri: `sip:x@${rig.sip.host}`,
      from: '<sip:a@b>;tag=1',
      to: '<sip:c@d>;tag=2',
    }),
  );
  stranger.send('INVITE sip:x SIP/2.0\r\nnonsense\r\n\r\n');
  stranger.send('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\r\n');
  t.equal(await carrierIsAnswered(rig), 200);
  t.same(stranger.received, []);
  t.equal(rig.calls.length, 0);
  t.equal(rig.server.stats().incoming, 0, 'and holds nothing');
});

t.test('who says to be a scanner is shut out by the first message, from whatever method', ourOwn, async (t) => {
  const rig = await startGuardedRig(t);
  const names = ['friendly-scanner', 'sipvicious', 'VaxSIPUserAgent/3.1', 'sipcli/v1.8', 'pplsip'];
  for (const [index, agent] of names.entries()) {
    const scanner = await rig.stranger(`127.66.1.${index + 1}`);
    sends(rig, scanner, ['OPTIONS', 'REGISTER', 'INVITE'][index % 3]!, { agent });
    await eventually(`${agent} is blocked`, () => rig.told.some(({ source }) => source === scanner.host));
    sends(rig, scanner, 'OPTIONS');
    t.same(scanner.received, [], agent);
  }
  t.same(new Set(rig.told.map(({ because }) => because)), new Set(['scanner']));
  const signs = await rig.stranger('127.66.1.99');
  sends(rig, signs, 'OPTIONS', { from: '"sipvicious"<sip:100@1.1.1.1>;tag=1' });
  await eventually('its signature is known in From, too', () => rig.told.length === names.length + 1);
});

for (const method of ['OPTIONS', 'REGISTER', 'INVITE'])
  t.test(`a sweep of ${method} is shut out after some tries, and the rest is not even read`, ourOwn, async (t) => {
    const rig = await startGuardedRig(t);
    const scanner = await rig.stranger();
    for (let number = 100; number < 160; number++) sends(rig, scanner, method, { to: String(number) });
    const block = await eventually('the block', () => rig.blocks.list()[0]);
    t.equal(block.source, '127.66.0.1');
    t.ok(['unknown-source', 'flood'].includes(block.because), block.because);
    await eventually('the rest is dropped', () => (rig.blocks.list()[0]?.dropped ?? 0) > 20);
    t.same(scanner.received, []);
    t.equal(await carrierIsAnswered(rig), 200);
  });

t.test('a carrier is never shut out, whatever it sends, and calls through a flood of strangers', ourOwn, async (t) => {
  const rig = await startGuardedRig(t);
  for (let round = 0; round < 60; round++) {
    rig.carrier.send('garbage');
    sends(rig, rig.carrier, 'REGISTER', { agent: 'friendly-scanner' });
  }
  const flood = await Promise.all([1, 2, 3, 4].map((last) => rig.stranger(`127.66.2.${last}`)));
  for (let round = 0; round < 300; round++) {
    for (const party of flood) sends(rig, party, 'INVITE', { agent: `Phone/${round}` });
    if (round === 150) carrierCalls(rig, { body: sdpText('honest') });
  }
  await eventually('the honest call is there', () => rig.calls.length === 1);
  t.same(
    rig.blocks
      .list()
      .map(({ source }) => source)
      .sort(),
    flood.map(({ host }) => host).sort(),
  );
  for (const party of flood) t.same(party.received, []);
});

t.test('REGISTER from the network takes nobody’s place: the softphone’s binding stays', ourOwn, async (t) => {
  const rig = await startGuardedRig(t);
  const phone = await openSoftphone(rig, { personId: 'p_1' });
  t.equal((await phone.register()).status, 200);
  const hijacker = await rig.stranger();
  const aor = '<sip:p_1@pbx.example>';
  const contact = `<sip:p_1@${hijacker.host}:${hijacker.port}>`;
  const hijack = (party: SipParty) =>
    party.send(
      requestText(party, { method: 'REGISTER', uri: 'sip:pbx.example', from: `${aor};tag=1`, to: aor, contact }),
    );
  hijack(hijacker);
  // A carrier that turned bad has no more right to it.
  hijack(rig.carrier);
  t.equal((await rig.carrier.nextResponse()).status, 403);
  t.same(hijacker.received, []);
  // Another desk, with a session of its own, names somebody else and another's Contact.
  const other = await openSoftphone(rig, { personId: 'p_2', sessionId: 's_2' });
  t.equal((await other.register(300, { user: 'p_1' })).status, 403);
  t.equal(
    (await other.register(300, { contact: `<${phone.contact}>;expires=300` })).status,
    200,
    'a Contact of any name',
  );
  rig.border.callSoftphone({
    callId: 'c_9' as never,
    personId: phone.personId,
    displayName: 'x',
    sdpOffer: sdpText('pbx'),
    ringTimeoutSeconds: 5,
  });
  await phone.party.nextRequest('INVITE');
  t.notOk(
    other.party.received.some(({ method }) => method === 'INVITE'),
    'rings over the flow of its own REGISTER only',
  );
});

t.test(
  'an INVITE with the name of an inside person, or of a company number, in From, To or Host opens nothing',
  ourOwn,
  async (t) => {
    const rig = await startGuardedRig(t, { blocks: { points: 10_000 }, guard: { strangerMessagesPerSecond: 1000 } });
    const stranger = await rig.stranger();
    for (const to of ['p_1', tokyo, '100', 'anonymous', '9196', '0990123456'])
      for (const from of [
        `<sip:p_1@pbx.example>;tag=1`,
        `<sip:${tokyo}@${rig.sip.host}>;tag=1`,
        `<sip:carrier@127.0.0.1>;tag=1`,
      ])
        sends(rig, stranger, 'INVITE', { to, from });
    stranger.send(
      requestText(stranger, {
        method: 'INVITE',
        uri: `sip:${tokyo}@pbx.example`,
        from: '<sip:a@b>;tag=1',
        to: `<sip:${tokyo}@pbx.example>`,
        headers: [
          'P-Asserted-Identity: <sip:p_1@pbx.example>',
          'Remote-Party-ID: <sip:p_1@pbx.example>',
          'Route: <sip:127.0.0.1;lr>',
        ],
        body: sdpText('x'),
      }),
    );
    t.equal(await carrierIsAnswered(rig), 200);
    t.equal(rig.calls.length, 0);
    t.same(stranger.received, []);
  },
);

t.test('passwords of a trunk without an address are guessed a few times only', ourOwn, async (t) => {
  const rig = await startGuardedRig(t, {
    trunk: { addresses: [], digest: { user: 'gateway', password: 'not to be guessed' } },
  });
  const guesser = await rig.stranger();
  let answered = 0;
  for (let guess = 0; guess < 30 && rig.told.length === 0; guess++) {
    const headers = [
      `Authorization: Digest username="gateway", realm="pbx.example", nonce="made-up", uri="sip:${tokyo}@${rig.sip.host}", response="${newTag()}", algorithm=MD5`,
    ];
    const uri = `sip:${tokyo}@${rig.sip.host}:${rig.sip.port}`;
    const callId = newTag();
    guesser.send(
      requestText(guesser, {
        method: 'INVITE',
        uri,
        from: `<sip:gateway@x>;tag=${newTag()}`,
        to: `<${uri}>`,
        callId,
        headers,
        body: sdpText('x'),
      }),
    );
    const answer = await guesser
      .next('an answer or a block', (m) => m.get('Call-ID') === callId && (m.status ?? 0) >= 200, 1500)
      .catch(() => undefined);
    if (answer) answered++;
  }
  t.equal(rig.told[0]?.source, guesser.host);
  t.ok(answered <= 10, `${answered} guesses were answered`);
  t.equal(rig.calls.length, 0);
});

t.test(
  'who is shut out is let in again when its time is over, or by hand; the next block is twice as long',
  ourOwn,
  async (t) => {
    const rig = await startGuardedRig(t, { blocks: { seconds: 1 } });
    const scanner = await rig.stranger();
    sends(rig, scanner, 'OPTIONS', { agent: 'sipvicious' });
    await eventually('the block', () => rig.blocks.list().length === 1);
    await eventually('its time is over', () => rig.blocks.list().length === 0);
    sends(rig, scanner, 'OPTIONS', { agent: 'sipvicious' });
    const again = await eventually('the next block', () => rig.blocks.list()[0]);
    t.equal(again.until - again.since, 2000);
    t.equal(rig.blocks.lift(again.source), true);
    t.equal(rig.blocks.lift(again.source), false);
    t.same(rig.blocks.list(), []);
  },
);

t.test('a request in a call of ours comes through from wherever, as does what we asked for', ourOwn, async (t) => {
  const rig = await startGuardedRig(t);
  const call = carrierCalls(rig, { body: sdpText('caller') });
  await eventually('the call', () => rig.calls.length === 1);
  const { leg } = rig.calls[0]!;
  void leg.answer(sdpText('pbx'));
  const dialog = callerDialog(call, await rig.carrier.nextResponse(200));
  inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
  const gateway = await rig.stranger('127.66.3.1');
  inDialog(gateway, 'BYE', { ...dialog, to: dialog.to.replace(/tag=.*/, 'tag=guessed'), cseq: 2 });
  inDialog(gateway, 'INFO', { ...dialog, cseq: 2 });
  await gateway.next('an answer in the dialog', (m) => m.get('CSeq') === '2 INFO');
  t.equal(gateway.received.length, 1, 'and none to the guessed tag');
  t.equal(leg.state, 'answered');
  const asked = await rig.stranger('127.66.3.2');
  rig.guard.asked(asked.host);
  sends(rig, asked, 'OPTIONS', { agent: 'sipvicious' });
  t.equal((await asked.nextResponse()).status, 403, 'whom we ask is told, so that an operator sees what is missing');
  t.same(rig.blocks.list(), []);
});
