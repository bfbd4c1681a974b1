// Calls from a carrier: with and without SDP, CANCEL early and late, refusals, lost messages, requests we must not take.

import t from 'tap';
import type { EndCause } from '../../src/shared/events.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import {
  type BorderRig,
  callerDialog,
  carrierCalls,
  inDialog,
  newTag,
  requestText,
  responseText,
  startBorderRig,
  tollFree,
} from '../support/sip/border-rig.ts';
import { createUdpParty, type PartyMessage, sdpText } from '../support/sip/sip-party.ts';

async function offered(rig: BorderRig, options: Parameters<typeof carrierCalls>[1] = { body: sdpText('caller') }) {
  const before = rig.calls.length;
  const call = carrierCalls(rig, options);
  const inbound = await eventually('the call', () => rig.calls[before]);
  const ends: { cause: EndCause; by: string }[] = [];
  inbound.leg.on('ended', ({ cause, by }) => void ends.push({ cause, by }));
  const cancel = () => {
    const { uri, from, to, callId, branch } = call;
    rig.carrier.send(requestText(rig.carrier, { method: 'CANCEL', uri, from, to, callId, branch }));
  };
  return { call, inbound, leg: inbound.leg, ends, cancel };
}

t.test('an INVITE without SDP gets our offer in the 200 and its answer from the ACK', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg } = await offered(rig, {});
  t.equal(leg.sdpOffer, undefined);
  const answering = leg.answer(sdpText('our-offer'));
  const ok = await rig.carrier.nextResponse(200);
  t.equal(ok.body, sdpText('our-offer'));
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, ok), cseq: 1 }, { body: sdpText('their-answer') });
  t.strictSame(await answering, { kind: 'ok', sdpAnswer: sdpText('their-answer') });
});

t.test('a late offer that the ACK does not answer ends the call', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg, ends } = await offered(rig, {});
  const answering = leg.answer(sdpText('our-offer'));
  const ok = await rig.carrier.nextResponse(200);
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, ok), cseq: 1 });
  t.strictSame(await answering, { kind: 'ended' });
  await rig.carrier.nextRequest('BYE');
  t.strictSame(ends, [{ cause: 'incompatible-media', by: 'far-end' }]);
});

t.test('CANCEL before we ring ends the leg, and a later answer changes nothing', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { leg, ends, cancel } = await offered(rig);
  cancel();
  await rig.carrier.next('200 to CANCEL', (m) => m.status === 200 && m.get('CSeq') === '1 CANCEL');
  await rig.carrier.nextResponse(487);
  await eventually('the end', () => ends.length > 0);
  t.strictSame(await leg.answer(sdpText('pbx')), { kind: 'ended' });
  leg.reject('busy');
  await leg.end();
  t.strictSame(ends, [{ cause: 'cancelled', by: 'far-end' }]);
  t.equal(rig.border.trunks()[0]?.activeCalls, 0);
});

t.test('CANCEL while ringing ends the leg', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { leg, ends, cancel } = await offered(rig);
  leg.ring();
  await rig.carrier.nextResponse(180);
  cancel();
  await rig.carrier.nextResponse(487);
  await eventually('the end', () => ends.length > 0);
  t.strictSame(ends, [{ cause: 'cancelled', by: 'far-end' }]);
});

t.test('CANCEL that crosses our 200 leaves no half call: the leg ends within a second after the ACK', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg, ends, cancel } = await offered(rig);
  const answering = leg.answer(sdpText('pbx'));
  cancel();
  const final = await rig.carrier.next(
    'a final response',
    (m) => (m.status ?? 0) >= 200 && m.get('CSeq') === '1 INVITE',
  );
  if (final.status === 200) inDialog(rig.carrier, 'ACK', { ...callerDialog(call, final), cseq: 1 });
  await eventually('the end', () => ends.length === 1 || leg.state === 'answered', { withinMs: 2000 });
  await answering;
  // RFC 3261 §9.2: a CANCEL after the final response changes nothing; the caller then says BYE.
  if (ends.length === 0) inDialog(rig.carrier, 'BYE', { ...callerDialog(call, final), cseq: 2 });
  await eventually('the end', () => ends.length === 1, { withinMs: 1000 });
  t.equal(leg.state, 'ended');
});

t.test('a refusal carries the status of its cause, and 503 when to come back', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const expected: [EndCause, number][] = [
    ['busy', 486],
    ['rejected', 603],
    ['incompatible-media', 488],
    ['not-found', 404],
    ['overload', 503],
  ];
  for (const [cause, status] of expected) {
    const { call, leg, ends } = await offered(rig);
    leg.reject(cause);
    const refusal = await rig.carrier.next(`${status}`, (m) => m.get('Call-ID') === call.callId && m.status === status);
    t.equal(refusal.get('Retry-After') !== undefined, status === 503, cause);
    t.strictSame(ends, [{ cause, by: 'us' }]);
  }
});

t.test('early media is a 183 with our answer; a 100rel caller gets it reliably and its PRACK an answer', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg } = await offered(rig, {
    body: sdpText('caller'),
    headers: ['Require: 100rel', 'Supported: 100rel'],
  });
  leg.ring({ sdpAnswer: sdpText('early') });
  const early = await rig.carrier.nextResponse(183);
  t.equal(early.body, sdpText('early'));
  t.match(early.get('Require'), /100rel/);
  const rack = [`RAck: ${early.get('RSeq')} 1 INVITE`];
  inDialog(rig.carrier, 'PRACK', { ...callerDialog(call, early), cseq: 2 }, { headers: rack });
  await rig.carrier.next('200 to PRACK', (m) => m.status === 200 && m.get('CSeq') === '2 PRACK');
  const answering = leg.answer(sdpText('early'));
  const ok = await rig.carrier.nextResponse(200);
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, ok), cseq: 1 });
  t.strictSame(await answering, { kind: 'ok' });
});

t.test('an UPDATE before the answer gets a final response', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg } = await offered(rig);
  leg.ring();
  const ringing = await rig.carrier.nextResponse(180);
  const dialog = callerDialog(call, ringing);
  inDialog(rig.carrier, 'UPDATE', { ...dialog, cseq: 2 });
  const refreshed = await rig.carrier.next('an answer', (m) => m.get('CSeq') === '2 UPDATE');
  t.equal(refreshed.status, 200);
  inDialog(rig.carrier, 'UPDATE', { ...dialog, cseq: 3 }, { body: sdpText('caller', 'sendonly', 2) });
  const refused = await rig.carrier.next('an answer', (m) => m.get('CSeq') === '3 UPDATE');
  t.strictSame([refused.status, refused.get('Retry-After') !== undefined], [500, true]);
});

t.test('a retransmitted INVITE makes no second call, and a lost ACK is waited for', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg } = await offered(rig);
  rig.carrier.send(call.invite);
  const answering = leg.answer(sdpText('pbx'));
  const again = await rig.carrier.again(await rig.carrier.nextResponse(200), 3000);
  t.equal(again.get('CSeq'), '1 INVITE', 'the 200 comes again until the ACK does');
  inDialog(rig.carrier, 'ACK', { ...callerDialog(call, again), cseq: 1 });
  t.strictSame(await answering, { kind: 'ok' });
  t.equal(rig.calls.length, 1);
});

t.test('BYE before the ACK ends the call cleanly', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const { call, leg, ends } = await offered(rig);
  const answering = leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200);
  inDialog(rig.carrier, 'BYE', { ...callerDialog(call, ok), cseq: 2 });
  t.strictSame(await answering, { kind: 'ended' });
  t.strictSame(ends, [{ cause: 'normal', by: 'far-end' }]);
});

t.test('we hang up in each state', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const early = await offered(rig);
  await early.leg.end('shutting-down');
  t.equal((await rig.carrier.nextResponse()).status, 503);
  const answered = await offered(rig);
  void answered.leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200);
  const ending = answered.leg.end();
  t.equal(answered.leg.state, 'ended');
  inDialog(rig.carrier, 'ACK', { ...callerDialog(answered.call, ok), cseq: 1 });
  rig.carrier.send(responseText(await rig.carrier.nextRequest('BYE'), 200));
  await ending;
  t.strictSame(
    [...early.ends, ...answered.ends],
    [
      { cause: 'shutting-down', by: 'us' },
      { cause: 'normal', by: 'us' },
    ],
  );
});

t.test('what is not ours to take is refused with the status that says why', async (t) => {
  const rig = await startBorderRig({ trunk: { addresses: ['127.0.0.1'] } });
  t.teardown(() => rig.close());
  const stranger = await createUdpParty(rig.sip, '127.0.0.2');
  t.teardown(() => stranger.close());
  const status = async (options: Parameters<typeof carrierCalls>[1]) => {
    carrierCalls(rig, { body: sdpText('caller'), ...options });
    return (await (options?.party ?? rig.carrier).nextResponse()).status;
  };
  t.equal(await status({ to: '+81399999999' }), 404);
  t.equal(await status({ to: 'bob' }), 404);
  t.equal(await status({ headers: ['Require: recipient-list-invite'] }), 420);
  t.equal(await status({ party: stranger }), 403);
  carrierCalls(rig, { body: sdpText('caller'), to: tollFree });
  await eventually('the call for the toll-free number', () => rig.calls.length === 1);
  t.equal(rig.calls[0]?.companyNumber, tollFree);
  t.equal(rig.logLines.join('\n').includes('9012345678'), false, 'no number of a caller in the log');
});

t.test('a short number of the company is taken as it is written', async (t) => {
  const rig = await startBorderRig({ border: { companyNumbers: ['9196'] } });
  t.teardown(() => rig.close());
  carrierCalls(rig, { body: sdpText('caller'), to: '9196' });
  await eventually('the call', () => rig.calls.length === 1);
  t.equal(rig.calls[0]?.companyNumber, '9196');
  carrierCalls(rig, { body: sdpText('caller'), to: '9197' });
  t.equal((await rig.carrier.nextResponse(404)).status, 404);
});

t.test('a body that is no SDP gets 415, a malformed message 400, a request to a dead dialog 481', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const uri = `sip:+81312345678@${rig.sip.host}`;
  const [from, to] = [`<sip:+819012345678@x>;tag=${newTag()}`, `<${uri}>`];
  const base = { uri, from, to, callId: newTag() };
  rig.carrier.send(requestText(rig.carrier, { ...base, method: 'INVITE', body: 'hi', contentType: 'text/plain' }));
  t.equal((await rig.carrier.nextResponse()).status, 415);
  rig.carrier.send(
    requestText(rig.carrier, { ...base, callId: newTag(), method: 'INVITE' }).replace(/CSeq: .*/, 'CSeq: many INVITE'),
  );
  t.equal((await rig.carrier.nextResponse()).status, 400);
  for (const method of ['BYE', 'INFO', 'UPDATE', 'INVITE']) {
    rig.carrier.send(requestText(rig.carrier, { ...base, callId: newTag(), method, to: `${to};tag=dead` }));
    t.equal((await rig.carrier.nextResponse()).status, 481, method);
  }
  t.equal(rig.calls.length, 0);
});

t.test(
  'OPTIONS from the carrier is answered, and while draining 503 with when to come back, as are new calls',
  async (t) => {
    const rig = await startBorderRig();
    t.teardown(() => rig.close());
    const uri = `sip:${rig.sip.host}:${rig.sip.port}`;
    const options = () =>
      requestText(rig.carrier, { method: 'OPTIONS', uri, from: `<sip:ping@x>;tag=${newTag()}`, to: `<${uri}>` });
    rig.carrier.send(options());
    const alive = await rig.carrier.nextResponse();
    t.strictSame([alive.status, alive.get('Accept')], [200, 'application/sdp']);
    const { leg } = await offered(rig);
    rig.border.drain();
    t.match(rig.border.health(), { ok: false, because: 'draining' });
    rig.carrier.send(options());
    t.equal((await rig.carrier.nextResponse()).status, 503);
    const call = carrierCalls(rig, { body: sdpText('caller') });
    const refused = await rig.carrier.next('503', (m) => m.get('Call-ID') === call.callId && (m.status ?? 0) >= 200);
    t.strictSame([refused.status, refused.get('Retry-After')], [503, '10']);
    t.equal(leg.state, 'offered', 'the call that was there goes on');
  },
);

t.test('a full trunk and calls that come too fast get 503, and a free place is given again', async (t) => {
  const rig = await startBorderRig({ trunk: { maxCalls: 1 } });
  const first = await offered(rig);
  carrierCalls(rig, { body: sdpText('second') });
  t.equal((await rig.carrier.nextResponse()).status, 503);
  first.leg.reject('busy');
  t.equal((await rig.carrier.nextResponse()).status, 486);
  await offered(rig);
  await rig.close();
  const fast = await startBorderRig({ trunk: { maxCallsPerSecond: 1 } });
  t.teardown(() => fast.close());
  await offered(fast);
  carrierCalls(fast, { body: sdpText('second') });
  t.equal((await fast.carrier.nextResponse()).status, 503);
});

t.test('a listener that throws ends that leg with a fault, and no other', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const [bad, good] = [await offered(rig), await offered(rig)];
  bad.leg.on('answered', () => {
    throw new Error('a fault in the call room');
  });
  void bad.leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200);
  inDialog(rig.carrier, 'ACK', { ...callerDialog(bad.call, ok), cseq: 1 });
  const bye = await rig.carrier.nextRequest('BYE');
  t.equal(bye.get('Call-ID'), bad.call.callId);
  t.strictSame(bad.ends, [{ cause: 'fault', by: 'us' }]);
  t.equal(good.leg.state, 'offered');
});

t.test(
  'whatever the order of ring, answer, CANCEL and hang-up, the caller gets one final response and the leg one end',
  async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
    t.comment(`seed ${seed}`);
    const random = seededRandom(seed);
    const rig = await startBorderRig();
    t.teardown(() => rig.close());
    for (let round = 0; round < 30; round++) {
      const { call, leg, ends, cancel } = await offered(rig);
      const acts = [() => leg.ring(), () => void leg.answer(sdpText('pbx')), cancel, () => void leg.end()]
        .filter(() => random.next() < 0.8)
        .sort(() => random.next() - 0.5);
      for (const act of acts) {
        act();
        if (random.next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
      }
      if (!acts.length || leg.state !== 'ended') void leg.end();
      const mine = (m: PartyMessage) => m.get('Call-ID') === call.callId;
      const final = await rig.carrier.next(
        'a final response',
        (m) => mine(m) && (m.status ?? 0) >= 200 && m.get('CSeq') === '1 INVITE',
      );
      inDialog(
        rig.carrier,
        'ACK',
        { ...callerDialog(call, final), cseq: 1 },
        final.status === 200 ? {} : { branch: call.branch },
      );
      if (final.status === 200)
        rig.carrier.send(responseText(await rig.carrier.next('BYE', (m) => mine(m) && m.method === 'BYE'), 200));
      await eventually('the end', () => ends.length > 0);
      const finals = rig.carrier.received.filter(
        (m) => mine(m) && (m.status ?? 0) >= 200 && m.get('CSeq') === '1 INVITE',
      );
      if (ends.length !== 1 || new Set(finals.map((m) => m.status)).size !== 1)
        t.fail(`seed ${seed} round ${round}: ${JSON.stringify(ends)} ${finals.map((m) => m.status)}`);
    }
    await eventually('no dialog left', () => rig.server.stats().dialogs === 0, { withinMs: 8000 });
    t.equal(rig.border.trunks()[0]?.activeCalls, 0);
  },
);
