// What each party reads, byte by byte: no softphone learns of the customer, no carrier of the agent, no log of a number.

import t from 'tap';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import type { CallId } from '../../src/shared/ids.ts';
import { numberTraces } from '../support/centre/number-traces.ts';
import { eventually } from '../support/eventually.ts';
import {
  calleeDialog,
  callerDialog,
  callOut,
  carrierCalls,
  contactOf,
  inDialog,
  newTag,
  openSoftphone,
  responseText,
  startBorderRig,
} from '../support/sip/border-rig.ts';
import { type PartyMessage, sdpText } from '../support/sip/sip-party.ts';

const customer = '+819012345678';

t.test('the search finds a number in every form it looks for', async (t) => {
  const sealed = (shift: number) => Buffer.from('x'.repeat(shift) + '09012345678 and more').toString('base64');
  const leaks = ['tel:+819012345678', '090-1234-5678', '090 1234 5678', '%39%30%31%32%33%34%35%36%37%38'];
  leaks.push(sealed(0), sealed(1), sealed(2), '８１９０１２３４５６７８', Buffer.from('9012345678').toString('hex'));
  for (const leak of leaks) t.not(numberTraces(leak, customer).length, 0, leak);
  t.strictSame(numberTraces('nothing 9012345670 here', customer), []);
});

/** What differs from run to run, taken out. */
function golden(message: PartyMessage): string {
  return message.text
    .replace(/branch=[^;\r]+/g, 'branch=BRANCH')
    .replace(/;tag=[^;\r]+/g, ';tag=TAG')
    .replace(/(Call-ID: )\S+/i, '$1CALL-ID')
    .replace(/(CSeq: )\d+/i, '$1N')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/sip:[0-9a-f]{8}@df7/g, 'sip:CONTACT@df7');
}

t.test('the INVITE that a softphone reads is this and nothing more', async (t) => {
  const rig = await startBorderRig();
  const phone = await openSoftphone(rig);
  t.teardown(() => [phone.party.close(), rig.close()][1]);
  await phone.register();
  rig.border.callSoftphone({
    callId: 'c_9' as CallId,
    personId: phone.personId,
    displayName: 'K7Q4-M2XD',
    sdpOffer: sdpText('pbx'),
    autoAnswer: 'attach',
    ringTimeoutSeconds: 20,
  });
  const lines = golden(await phone.party.nextRequest('INVITE'))
    .split('\r\n\r\n')[0]!
    .split('\r\n');
  const allowed = [
    /^INVITE sip:CONTACT@df7jal23ls0d\.invalid;transport=ws SIP\/2\.0$/,
    /^Via: SIP\/2\.0\/WS 127\.0\.0\.1:PORT;rport;branch=BRANCH$|^Via: SIP\/2\.0\/WS 127\.0\.0\.1:PORT;branch=BRANCH(;rport)?$/,
    /^Max-Forwards: 70$/,
    /^From: "K7Q4-M2XD" <sip:engawa@pbx\.example>;tag=TAG$/,
    /^To: <sip:p_1@pbx\.example>$/,
    /^Call-ID: CALL-ID$/,
    /^CSeq: N INVITE$/,
    /^Contact: <sip:127\.0\.0\.1:PORT;transport=ws>$/,
    /^Allow: [A-Z, ]+$/,
    /^Supported: (100rel|timer|, )+$/,
    /^(Session-Expires|Min-SE): /,
    /^Call-Info: <sip:pbx\.example>;answer-after=0$/,
    /^X-Engawa-Call: c_9$/,
    /^X-Engawa-Purpose: attach$/,
    /^Content-Type: application\/sdp$/,
    /^Content-Length: \d+$/,
  ];
  for (const line of lines)
    t.ok(
      allowed.some((form) => form.test(line)),
      line,
    );
});

t.test(
  'a whole call leaves no trace of the customer with the softphone, of the agent with the carrier, or in the log',
  async (t) => {
    const rig = await startBorderRig();
    const phone = await openSoftphone(rig, { personId: 'p_agentname', sessionId: 's_secretsession' });
    t.teardown(() => [phone.party.close(), rig.close()][1]);
    await phone.register();

    // The customer's INVITE says the number in every header that could carry it.
    const call = carrierCalls(rig, {
      from: `"09012345678" <sip:${customer}@carrier.example;user=phone>;tag=${newTag()}`,
      headers: [
        `P-Asserted-Identity: "090-1234-5678" <sip:${customer}@carrier.example>`,
        `P-Preferred-Identity: <tel:${customer}>`,
        `Remote-Party-ID: <sip:${customer}@carrier.example>;party=calling`,
        `Diversion: <sip:${customer}@carrier.example>;reason=unconditional`,
        `History-Info: <sip:${customer}@carrier.example>;index=1`,
        `Referred-By: <sip:${customer}@carrier.example>`,
        'X-Customer: 09012345678',
        'Subject: call from 09012345678',
        `Call-Info: <sip:${customer}@carrier.example>`,
        'User-Agent: carrier-of-09012345678',
      ],
      body: sdpText('caller'),
    });
    const inbound = await eventually('the call', () => rig.calls[0]);
    t.equal(inbound.caller?.reveal(), customer);
    const desk = rig.border.callSoftphone({
      callId: 'c_9' as CallId,
      personId: phone.personId,
      displayName: 'K7Q4-M2XD',
      sdpOffer: sdpText('pbx-to-desk'),
      ringTimeoutSeconds: 20,
    });
    const invite = await phone.party.nextRequest('INVITE');
    const agent = [
      'User-Agent: SIP.js/0.21.2 SecretBrowser/1.0',
      'Server: SecretBrowser',
      'P-Asserted-Identity: <sip:p_agentname@home>',
    ];
    const tag = newTag();
    phone.party.send(responseText(invite, 180, { tag, contact: `<${phone.contact}>`, headers: agent }));
    phone.party.send(
      responseText(invite, 200, {
        tag,
        contact: `<${phone.contact}>`,
        headers: agent,
        body: sdpText('agentname-home'),
      }),
    );
    await phone.party.nextRequest('ACK');
    await eventually('answered', () => desk.state === 'answered');
    inbound.leg.ring({ sdpAnswer: sdpText('pbx') });
    void inbound.leg.answer(sdpText('pbx'));
    const dialog = callerDialog(call, await rig.carrier.nextResponse(200));
    inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });

    // Hold from both sides, an error on both sides, and the end.
    inbound.leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('pbx') }));
    desk.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('pbx-to-desk') }));
    inDialog(
      rig.carrier,
      'INVITE',
      { ...dialog, cseq: 2 },
      { body: sdpText('caller', 'sendonly', 2), headers: [`P-Asserted-Identity: <sip:${customer}@c>`] },
    );
    await rig.carrier.next('the answer to hold', (m) => m.get('CSeq') === '2 INVITE' && m.status === 200);
    inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 2 });
    const deskDialog = calleeDialog(invite, tag);
    inDialog(
      phone.party,
      'INVITE',
      { ...deskDialog, cseq: 1 },
      { body: sdpText('agentname-home', 'sendonly', 2), headers: agent },
    );
    await phone.party.next('the answer to hold', (m) => m.get('CSeq') === '1 INVITE' && m.status === 200);
    inDialog(phone.party, 'ACK', { ...deskDialog, cseq: 1 });
    inDialog(rig.carrier, 'MESSAGE', { ...dialog, cseq: 3 }, { body: 'from 09012345678', contentType: 'text/plain' });
    await rig.carrier.next('the refusal', (m) => m.get('CSeq') === '3 MESSAGE');
    inDialog(
      rig.carrier,
      'BYE',
      { ...dialog, cseq: 4 },
      { headers: ['Reason: Q.850;cause=16;text="09012345678 hung up"'] },
    );
    await eventually('the end', () => inbound.leg.state === 'ended');
    void desk.end('normal');
    phone.party.send(responseText(await phone.party.nextRequest('BYE'), 200));

    // The agent calls back.
    const out = callOut(rig.border, { callId: 'c_10' as CallId, to: PhoneNumber.fromCanonical(customer)! });
    const outInvite = await rig.carrier.nextRequest('INVITE');
    rig.carrier.send(
      responseText(outInvite, 200, { tag: 'c', contact: contactOf(rig.carrier), body: sdpText('callee') }),
    );
    await rig.carrier.nextRequest('ACK');
    await eventually('answered', () => out.state === 'answered');
    void out.end();
    rig.carrier.send(responseText(await rig.carrier.nextRequest('BYE'), 200));

    t.strictSame(numberTraces(phone.party.bytes(), customer), [], 'the softphone');
    t.strictSame(numberTraces(rig.logLines.join('\n'), customer), [], 'the log');
    const carrierRead = rig.carrier.bytes();
    for (const secret of [
      'agentname',
      'secretsession',
      'SIP.js',
      'SecretBrowser',
      'df7jal23ls0d',
      phone.contact,
      'K7Q4',
      'c_9',
      'c_10',
    ])
      t.notOk(carrierRead.toLowerCase().includes(secret.toLowerCase()), `the carrier did not read ${secret}`);
    t.notOk(carrierRead.includes(`:${phone.party.port}`), 'nor the port of the WebSocket');
    t.ok(numberTraces(carrierRead, customer).length > 0, 'the carrier does read the number: the search works');
  },
);
