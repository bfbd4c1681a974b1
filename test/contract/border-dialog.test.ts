// Inside a call: re-INVITE, hold, glare, UPDATE, digits, REFER, BYE from each side and both at once; on legs of both directions.

import t from 'tap';
import type { Leg } from '../../src/sbc/leg.ts';
import { eventually } from '../support/eventually.ts';
import {
  type BorderRig,
  calleeDialog,
  callerDialog,
  callOut,
  carrierCalls,
  contactOf,
  inDialog,
  newTag,
  type RigOptions,
  responseText,
  startBorderRig,
} from '../support/sip/border-rig.ts';
import { type PartyMessage, sdpText } from '../support/sip/sip-party.ts';

interface Talking {
  rig: BorderRig;
  leg: Leg;
  events: string[];
  /** Has the carrier send a request in the dialog; gives its final response. */
  ask(method: string, more?: Parameters<typeof inDialog>[3]): Promise<PartyMessage>;
  /** Sends without waiting; gives the CSeq. */
  say(method: string, more?: Parameters<typeof inDialog>[3] & { cseq?: number }): number;
  answerTo(cseq: number, method: string): Promise<PartyMessage>;
  /** Answers a re-INVITE of ours and takes its ACK. */
  accept(invite: PartyMessage, body?: string): Promise<void>;
}

function watch(leg: Leg): string[] {
  const events: string[] = [];
  leg.on('held', () => events.push('held'));
  leg.on('resumed', () => events.push('resumed'));
  leg.on('digit', ({ digit, durationMs }) => events.push(`digit ${digit} ${durationMs}`));
  leg.on('answerReceived', ({ sdpAnswer }) => events.push(`late answer ${/s=(.*)\r/.exec(sdpAnswer)?.[1]}`));
  leg.on('transferAsked', ({ target }) => events.push(`transfer ${target}`));
  leg.on('ended', ({ cause, by }) => events.push(`ended ${cause} ${by}`));
  return events;
}

type Test = { teardown: (run: () => unknown) => void };

async function talking(test: Test, direction: 'inbound' | 'outbound', options: RigOptions = {}): Promise<Talking> {
  const rig = await startBorderRig(options);
  test.teardown(() => rig.close());
  const { leg, dialog, events } = direction === 'inbound' ? await answeredInbound(rig) : await answeredOutbound(rig);
  let last = direction === 'inbound' ? 1 : 0;
  const say: Talking['say'] = (method, more = {}) => {
    const cseq = more.cseq ?? ++last;
    inDialog(rig.carrier, method, { ...dialog, cseq }, more);
    return cseq;
  };
  const answerTo: Talking['answerTo'] = (cseq, method) =>
    rig.carrier.next(`an answer to ${method}`, (m) => (m.status ?? 0) >= 200 && m.get('CSeq') === `${cseq} ${method}`);
  return {
    rig,
    leg,
    events,
    say,
    answerTo,
    async ask(method, more) {
      const cseq = say(method, more);
      const answer = await answerTo(cseq, method);
      if (method === 'INVITE') say('ACK', { cseq });
      return answer;
    },
    async accept(invite, body = sdpText('carrier-2')) {
      rig.carrier.send(responseText(invite, 200, { contact: contactOf(rig.carrier), body }));
      await rig.carrier.nextRequest('ACK');
    },
  };
}

async function answeredInbound(rig: BorderRig) {
  const call = carrierCalls(rig, { body: sdpText('carrier') });
  const { leg } = await eventually('the call', () => rig.calls[0]);
  const events = watch(leg);
  const answering = leg.answer(sdpText('pbx'));
  const dialog = callerDialog(call, await rig.carrier.nextResponse(200));
  inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
  await answering;
  return { leg, dialog, events };
}

async function answeredOutbound(rig: BorderRig) {
  const leg = callOut(rig.border);
  const events = watch(leg);
  const invite = await rig.carrier.nextRequest('INVITE');
  const tag = newTag();
  rig.carrier.send(responseText(invite, 200, { tag, contact: contactOf(rig.carrier), body: sdpText('carrier') }));
  await rig.carrier.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  return { leg, dialog: calleeDialog(invite, tag), events };
}

for (const direction of ['inbound', 'outbound'] as const) {
  t.test(`hold and resume by the far end are answered and told once each (${direction})`, async (t) => {
    const { leg, events, ask } = await talking(t, direction);
    let offers = 0;
    leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText(`answer-${++offers}`) }));
    const held = await ask('INVITE', { body: sdpText('carrier', 'sendonly', 2) });
    t.strictSame([held.status, held.body], [200, sdpText('answer-1')]);
    await ask('INVITE', { body: sdpText('carrier', 'sendonly', 3) });
    const update = await ask('UPDATE', { body: sdpText('carrier', 'sendrecv', 4) });
    t.strictSame([update.status, update.body], [200, sdpText('answer-3')]);
    await eventually('both events', () => events.length === 2);
    t.strictSame(events, ['held', 'resumed']);
  });

  t.test(`our re-INVITEs take turns, and each gets its own answer (${direction})`, async (t) => {
    const { leg, rig, accept } = await talking(t, direction);
    const [first, second] = [leg.renegotiate(sdpText('one')), leg.renegotiate(sdpText('two'))];
    const one = await rig.carrier.nextRequest('INVITE');
    t.equal(one.body, sdpText('one'));
    t.equal(rig.carrier.received.filter((m) => m.body === sdpText('two')).length, 0, 'the second waits');
    await accept(one, sdpText('answer-one'));
    const two = await rig.carrier.nextRequest('INVITE');
    t.equal(two.body, sdpText('two'));
    await accept(two, sdpText('answer-two'));
    t.strictSame(await first, { kind: 'ok', sdpAnswer: sdpText('answer-one') });
    t.strictSame(await second, { kind: 'ok', sdpAnswer: sdpText('answer-two') });
  });

  t.test(`glare: ours gets 491, theirs gets 491, ours is tried again after the back-off (${direction})`, async (t) => {
    const { leg, rig, say, answerTo, accept } = await talking(t, direction);
    leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('answer') }));
    const ours = leg.renegotiate(sdpText('ours'));
    const invite = await rig.carrier.nextRequest('INVITE');
    const cseq = say('INVITE', { body: sdpText('carrier', 'sendonly', 2) });
    t.equal((await answerTo(cseq, 'INVITE')).status, 491);
    say('ACK', { cseq });
    rig.carrier.send(responseText(invite, 491, {}));
    const askedAt = Date.now();
    // On a slow machine the first one may have been sent twice.
    const isRetry = (m: PartyMessage) => m.method === 'INVITE' && m.get('CSeq') !== invite.get('CSeq');
    const again = await rig.carrier.next('the retry', isRetry);
    const waited = Date.now() - askedAt;
    // RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s.
    if (direction === 'outbound') t.ok(waited > 2000, `waited ${waited} ms`);
    await accept(again, sdpText('answer-ours'));
    t.strictSame(await ours, { kind: 'ok', sdpAnswer: sdpText('answer-ours') });
  });

  t.test(`a refused re-INVITE leaves the call as it was, and 481 ends it (${direction})`, async (t) => {
    const { leg, rig, events } = await talking(t, direction);
    const refused = leg.renegotiate(sdpText('bad'));
    rig.carrier.send(responseText(await rig.carrier.nextRequest('INVITE'), 488, {}));
    t.strictSame(await refused, { kind: 'refused', sipStatus: 488 });
    t.equal(leg.state, 'answered');
    const lost = leg.renegotiate(sdpText('again'));
    rig.carrier.send(responseText(await rig.carrier.nextRequest('INVITE'), 481, {}));
    t.strictSame(await lost, { kind: 'ended' });
    t.strictSame(events, ['ended fault far-end']);
    t.strictSame(await leg.renegotiate(sdpText('never')), { kind: 'ended' });
  });

  t.test(`a re-INVITE without SDP gets our offer, and its answer is told (${direction})`, async (t) => {
    const { leg, events, say, answerTo, ask } = await talking(t, direction);
    leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('answer') }));
    const cseq = say('INVITE');
    const ok = await answerTo(cseq, 'INVITE');
    t.strictSame([ok.status, ok.body], [200, sdpText('pbx')]);
    say('ACK', { cseq, body: sdpText('moved') });
    await eventually('the answer', () => events.length > 0);
    t.strictSame(events, ['late answer moved']);
    t.equal((await ask('INVITE', { body: sdpText('carrier', 'sendrecv', 9) })).status, 200, 'offers go on');
  });

  t.test(`every request in a call gets a final answer, also when nobody cares (${direction})`, async (t) => {
    const { ask, events } = await talking(t, direction);
    const seen: Record<string, number | undefined> = {};
    for (const method of ['UPDATE', 'OPTIONS', 'INFO', 'NOTIFY', 'MESSAGE', 'SUBSCRIBE'])
      seen[method] = (await ask(method)).status;
    t.strictSame(seen, { UPDATE: 200, OPTIONS: 200, INFO: 200, NOTIFY: 489, MESSAGE: 405, SUBSCRIBE: 405 });
    t.equal((await ask('INVITE', { body: sdpText('carrier', 'sendonly', 2) })).status, 488, 'nobody answers offers');
    t.equal((await ask('UPDATE', { body: sdpText('carrier', 'inactive', 3) })).status, 488);
    t.equal((await ask('INVITE', { body: 'what?', contentType: 'text/plain' })).status, 415);
    t.strictSame(events, []);
  });

  t.test(`INFO brings digits in both forms (${direction})`, async (t) => {
    const { ask, events } = await talking(t, direction);
    const relay = { contentType: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=240\r\n' };
    t.equal((await ask('INFO', relay)).status, 200);
    t.equal((await ask('INFO', { contentType: 'application/dtmf', body: '#' })).status, 200);
    t.equal((await ask('INFO', { contentType: 'text/plain', body: 'x' })).status, 415);
    t.equal((await ask('INFO', { headers: ['Info-Package: trickle-ice'] })).status, 415);
    t.strictSame(events, ['digit 5 240', 'digit # 160']);
  });

  t.test(`both sides hang up at once: both BYEs are answered and the leg ends once (${direction})`, async (t) => {
    const { leg, rig, events, say, answerTo } = await talking(t, direction);
    const ending = leg.end();
    const ours = await rig.carrier.nextRequest('BYE');
    const cseq = say('BYE');
    t.equal((await answerTo(cseq, 'BYE')).status, 200);
    rig.carrier.send(responseText(ours, 200));
    await ending;
    await leg.end();
    t.strictSame(events, ['ended normal us']);
  });

  t.test(`the reason in a BYE of the far end is the cause (${direction})`, async (t) => {
    const { events, ask } = await talking(t, direction);
    t.equal((await ask('BYE', { headers: ['Reason: Q.850;cause=38;text="Network out of order"'] })).status, 200);
    t.strictSame(events, ['ended unreachable far-end']);
    t.equal((await ask('INFO')).status, 481, 'the dialog is dead');
  });

  t.test(`a BYE that is challenged or lost does not hold us (${direction})`, async (t) => {
    const { leg, rig, events } = await talking(t, direction);
    const ending = leg.end('media-timeout');
    const bye = await rig.carrier.nextRequest('BYE');
    t.match(bye.get('Reason'), /cause=41/);
    rig.carrier.send(responseText(bye, 481));
    await ending;
    t.strictSame(events, ['ended media-timeout us']);
  });
}

t.test('an offer that nobody can answer in time waits a second for somebody, then gets 488', async (t) => {
  const { leg, ask } = await talking(t, 'inbound');
  const pending = ask('INVITE', { body: sdpText('carrier', 'sendonly', 2) });
  setTimeout(() => leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('late') })), 200);
  t.strictSame((await pending).body, sdpText('late'));
});

t.test('a handler of offers that throws gets the far end a 500 and keeps the call', async (t) => {
  const { leg, ask } = await talking(t, 'inbound');
  leg.onOffer(() => Promise.reject(new Error('the endpoint is gone')));
  t.equal((await ask('INVITE', { body: sdpText('carrier', 'sendonly', 2) })).status, 500);
  t.equal(leg.state, 'answered');
});

t.test('REFER is declined unless the trunk may transfer; then it is reported by NOTIFY', async (t) => {
  const closed = await talking(t, 'inbound');
  const referTo = ['Refer-To: <sip:+81312345679@pbx.example>'];
  t.equal((await closed.ask('REFER', { headers: referTo })).status, 603);
  const { leg, rig, events, ask } = await talking(t, 'inbound', { trunk: { acceptTransfers: true } });
  let report: (outcome: 'trying' | 'ok' | 'failed') => void = () => {};
  leg.on('transferAsked', (asked) => {
    report = asked.report;
  });
  t.equal((await ask('REFER', { headers: referTo })).status, 202);
  t.strictSame(events, ['transfer +81312345679']);
  const notify = async () => {
    const message = await rig.carrier.nextRequest('NOTIFY');
    rig.carrier.send(responseText(message, 200));
    return [message.body.trim(), message.get('Subscription-State')?.split(';')[0]];
  };
  t.strictSame(await notify(), ['SIP/2.0 100 Trying', 'active']);
  report('ok');
  t.strictSame(await notify(), ['SIP/2.0 200 OK', 'terminated']);
  report('failed');
  t.equal(
    (await ask('REFER', { headers: ['Refer-To: <sip:x@y?Replaces=1%40a%3Bto-tag%3D1%3Bfrom-tag%3D2>'] })).status,
    603,
  );
  t.equal((await ask('REFER', { headers: ['Refer-To: nonsense'] })).status, 400);
  t.equal((await ask('REFER')).status, 400);
});

t.test('a session timer that the far end asks for is agreed on', async (t) => {
  const rig = await startBorderRig({ border: { sessionExpiresSeconds: 900 } });
  t.teardown(() => rig.close());
  const headers = ['Supported: timer', 'Session-Expires: 1800;refresher=uac', 'Min-SE: 120'];
  const call = carrierCalls(rig, { body: sdpText('carrier'), headers });
  const { leg } = await eventually('the call', () => rig.calls[0]);
  void leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200);
  t.match(ok.get('Session-Expires'), /^900;refresher=uac$/);
  const dialog = callerDialog(call, ok);
  inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
  inDialog(
    rig.carrier,
    'UPDATE',
    { ...dialog, cseq: 2 },
    { headers: ['Supported: timer', 'Session-Expires: 900;refresher=uac'] },
  );
  const refreshed = await rig.carrier.nextResponse();
  t.strictSame(
    [refreshed.status, refreshed.get('Session-Expires')],
    [200, '900;refresher=uac'],
    'and again at its refresh',
  );
});
