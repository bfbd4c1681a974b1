// Session timers (RFC 4028) on a clock that the test moves. The application takes no part; it hears the BYE at the end.

import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { type App, type Call, call, inCall, startRig } from '../support/sip/drachtio-rig.ts';
import { type PartyMessage, responseText, type SipParty, sdpText } from '../support/sip/sip-party.ts';

interface TimedCall {
  clock: FakeClock;
  srf: App;
  party: SipParty;
  placed: Call;
  answer: PartyMessage;
  reason: () => string;
  /** Responses that the server has taken. */
  responses: () => number;
  settled(): Promise<unknown>;
}

async function timedCall(t: Test, headers: string[]): Promise<TimedCall> {
  const clock = createFakeClock();
  const rig = await startRig(t, { clock });
  const srf = await rig.connect();
  const party = await rig.party();
  let reason = '';
  srf.invite(async (req, res) => {
    const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
    dialog.on('destroy', (_bye, why) => {
      reason = why;
    });
  });
  const placed = call(party, { headers });
  const answer = await party.nextResponse();
  party.send(inCall(party, placed, answer, 'ACK', 1));
  await eventually('the ACK is taken', () => rig.server.stats().counters['understood-ack-2xx'] === 1);
  const settled = async () => {
    clock.advance(300);
    await rig.settled();
  };
  const responses = () => rig.server.stats().counters['understood-response'] ?? 0;
  return { clock, srf, party, placed, answer, reason: () => reason, responses, settled };
}

t.test(
  'an offer without a refresher: the caller, who knows timers, is named, and its silence ends the call',
  async (t) => {
    const timed = await timedCall(t, ['Session-Expires: 90', 'Supported: timer']);
    t.equal(timed.answer.get('Session-Expires'), '90;refresher=uac');
    t.match(timed.answer.get('Require'), 'timer');
    timed.clock.advance(59_000);
    t.notOk(timed.party.received.some(({ method }) => method === 'BYE'));
    timed.clock.advance(2_000);
    const bye = await timed.party.nextRequest('BYE');
    t.match(bye.get('Reason'), 'Session timer expired');
    timed.party.send(responseText(bye, 200));
    await eventually('the application is told', () => timed.reason() === 'Session timer expired');
  },
);

t.test('a re-INVITE starts the clock anew, even one that does not speak of timers', async (t) => {
  const timed = await timedCall(t, ['Session-Expires: 90;refresher=uac', 'Supported: timer']);
  timed.clock.advance(50_000);
  timed.party.send(inCall(timed.party, timed.placed, timed.answer, 'INVITE', 2, { body: sdpText('caller') }));
  const again = await timed.party.next('the 200', ({ get, status }) => status === 200 && get('CSeq') === '2 INVITE');
  t.match(again.get('Session-Expires'), '90');
  timed.party.send(inCall(timed.party, timed.placed, again, 'ACK', 2));
  await new Promise((resolve) => setImmediate(resolve));
  timed.clock.advance(30_000);
  t.notOk(
    timed.party.received.some(({ method }) => method === 'BYE'),
    'the old deadline has passed',
  );
});

t.test('a caller without timers: we refresh at half the interval with our last SDP, and again', async (t) => {
  const timed = await timedCall(t, ['Session-Expires: 120']);
  t.equal(timed.answer.get('Session-Expires'), '120;refresher=uas');
  for (const round of [1, 2]) {
    timed.clock.advance(60_000);
    const refresh = await timed.party.nextRequest('INVITE');
    t.match(refresh.body, 's=callee', `refresh ${round}`);
    t.equal(refresh.get('Session-Expires'), '120;refresher=uac');
    timed.party.send(
      responseText(refresh, 200, { body: sdpText('caller'), contact: `<sip:party@127.0.0.1:${timed.party.port}>` }),
    );
    await timed.party.nextRequest('ACK');
  }
  timed.clock.advance(60_000);
  timed.party.send(responseText(await timed.party.nextRequest('INVITE'), 481));
  t.match((await timed.party.nextRequest('BYE')).get('Reason'), 'Session timer expired');
});

t.test(
  'a caller that allows UPDATE is refreshed by UPDATE, without SDP; by re-INVITE once it refuses that',
  async (t) => {
    const timed = await timedCall(t, ['Session-Expires: 120', 'Allow: INVITE, ACK, BYE, UPDATE']);
    timed.clock.advance(60_000);
    const refresh = await timed.party.nextRequest('UPDATE');
    t.equal(refresh.body, '');
    t.equal(refresh.get('Session-Expires'), '120;refresher=uac');
    timed.party.send(responseText(refresh, 200, { headers: ['Session-Expires: 120;refresher=uac'] }));
    await eventually('the refresh is done', () => timed.responses() === 1);
    timed.clock.advance(60_000);
    timed.party.send(responseText(await timed.party.nextRequest('UPDATE'), 405));
    await eventually('the next is tried at once', async () => {
      timed.clock.advance(1);
      return timed.party.received.some(({ method, body }) => method === 'INVITE' && body.includes('s=callee'));
    });
  },
);

t.test('too short an interval is refused with 422 and the least that we take', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  srf.invite((_req, res) => res.send(486));
  const party = await rig.party();
  call(party, { headers: ['Session-Expires: 30', 'Supported: timer'] });
  const refusal = await party.nextResponse();
  t.equal(refusal.status, 422);
  t.equal(refusal.get('Min-SE'), '90');
  await rig.settled();
});

t.test(
  'a call of ours asks for the interval that is configured, and the far end may take the refreshing',
  async (t) => {
    const clock = createFakeClock();
    const rig = await startRig(t, { clock, sessionTimers: { offerSeconds: 1800 } });
    const srf = await rig.connect();
    const party = await rig.party();
    const placing = srf.createUAC(`sip:callee@127.0.0.1:${party.port}`, { localSdp: sdpText('caller') });
    const invite = await party.nextRequest('INVITE');
    t.equal(invite.get('Session-Expires'), '1800');
    t.match(invite.get('Supported'), 'timer');
    const contact = `<sip:callee@127.0.0.1:${party.port}>`;
    party.send(
      responseText(invite, 200, {
        tag: 'b',
        contact,
        body: sdpText('callee'),
        headers: ['Session-Expires: 600;refresher=uas', 'Require: timer'],
      }),
    );
    let reason = '';
    (await placing).on('destroy', (_bye, why) => {
      reason = why;
    });
    await party.nextRequest('ACK');
    clock.advance(569_000);
    t.match((await party.nextRequest('BYE')).get('Reason'), 'Session timer expired');
    await eventually('the application is told', () => reason !== '');
  },
);
