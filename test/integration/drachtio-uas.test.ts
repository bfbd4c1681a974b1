// drachtio-srf answers calls through our server: the far end is a party that does exactly what the test says.

import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { call, inCall, startRig } from '../support/sip/drachtio-rig.ts';
import { requestText, sdpText } from '../support/sip/sip-party.ts';

/** T1 of 20 ms: what takes 32 s takes 1.3 s. */
const hurry = { timers: { t1Ms: 20, t2Ms: 160 } };

t.test('a call is answered, acknowledged and ended by the caller, and nothing is left of it', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  let destroyed = '';
  let acks = 0;
  srf.invite(async (req, res) => {
    const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
    dialog.on('ack', () => acks++);
    dialog.on('destroy', (_bye, reason) => {
      destroyed = String(reason);
    });
  });
  const placed = call(party);
  t.equal((await party.nextResponse(100)).status, 100);
  const answer = await party.nextResponse();
  t.equal(answer.status, 200);
  t.match(answer.get('Contact'), `<sip:127.0.0.1:${rig.sip.port}>`);
  t.match(answer.get('Content-Type'), 'application/sdp');
  // The ACK and the BYE right behind it, as fast as a machine can: the BYE must not be lost on the application.
  party.send(inCall(party, placed, answer, 'ACK', 1));
  party.send(inCall(party, placed, answer, 'BYE', 2));
  t.equal((await party.nextResponse()).get('CSeq'), '2 BYE');
  await eventually('the application hears of it', () => destroyed !== '' && acks === 1);
  await rig.settled();
});

t.test(
  'an answer that is never acknowledged is repeated, then ended with BYE, and the application is told why',
  async (t) => {
    const rig = await startRig(t, hurry);
    const srf = await rig.connect();
    const party = await rig.party();
    let reason = '';
    srf.invite(async (req, res) => {
      const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
      dialog.on('destroy', (_bye, why) => {
        reason = String(why);
      });
    });
    call(party);
    const bye = await party.nextRequest('BYE', 8000);
    t.match(bye.get('Reason'), 'text="ACK timeout"');
    t.ok(party.received.filter(({ status }) => status === 200).length > 5, 'the 200 was repeated');
    await eventually('the application is told', () => reason === 'ACK timeout');
  },
);

t.test('CANCEL ends a ringing call with 487; after the 200 it comes too late and the call is ended', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  let cancelled = 0;
  let late = '';
  let answerNow = false;
  srf.invite(async (req, res) => {
    req.on('cancel', () => cancelled++);
    if (!answerNow) {
      res.send(180);
      return;
    }
    const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
    dialog.on('destroy', (_bye, why) => {
      late = String(why);
    });
  });
  const ringing = call(party);
  await party.nextResponse(180);
  party.send(ringing.invite.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL'));
  t.equal((await party.next('the 200', ({ get }) => get('CSeq') === '1 CANCEL')).status, 200);
  t.equal((await party.nextResponse()).status, 487);
  await eventually('the application hears of it', () => cancelled === 1);
  answerNow = true;
  const answered = call(party);
  await party.nextResponse(200);
  party.send(answered.invite.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL'));
  t.equal((await party.next('the answer', ({ get }) => get('CSeq') === '1 CANCEL')).status, 481);
  t.match((await party.nextRequest('BYE')).get('Reason'), 'CANCEL after 200 OK');
  await eventually('the application is told', () => late === 'CANCEL after 200 OK');
});

t.test('a reliable 183 is repeated until its PRACK, and the 200 waits for it', async (t) => {
  const rig = await startRig(t, hurry);
  const srf = await rig.connect();
  const party = await rig.party();
  srf.invite((req, res) => {
    res.send(183, { headers: { Require: '100rel' }, body: sdpText('early') });
    void srf.createUAS(req, res, { localSdp: sdpText('callee') });
  });
  const placed = call(party, { headers: ['Supported: 100rel'] });
  const early = await party.nextResponse(183);
  await party.again(early);
  t.notOk(
    party.received.some(({ status }) => status === 200),
    'no 200 before the PRACK',
  );
  const headers = [`RAck: ${early.get('RSeq')} 1 INVITE`];
  party.send(inCall(party, placed, early, 'PRACK', 2, { headers: ['RAck: 1 99 INVITE'] }));
  t.equal((await party.nextResponse()).status, 481, 'a PRACK for something else');
  party.send(inCall(party, placed, early, 'PRACK', 3, { headers }));
  t.equal((await party.nextResponse(200)).get('CSeq'), '3 PRACK');
  t.equal((await party.nextResponse(200)).get('CSeq'), '1 INVITE');
});

t.test('1xx that needs reliability is refused to the application when the caller cannot do it', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  let because: unknown;
  srf.invite((_req, res) => {
    res.send(183, { headers: { Require: '100rel' } }, (err) => {
      because = err;
      res.send(486);
    });
  });
  call(party);
  t.equal((await party.nextResponse()).status, 486);
  t.equal(because, 'Remote endpoint does not support 100rel');
});

t.test('a re-INVITE and an UPDATE reach the dialog, and crossing INVITEs get 491 or 500', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const modified: string[] = [];
  let hold: (() => void) | undefined;
  let modify: (() => Promise<unknown>) | undefined;
  srf.invite(async (req, res) => {
    const dialog = await srf.createUAS(req, res, { localSdp: sdpText('callee') });
    modify = () => dialog.modify(sdpText('again'));
    dialog.on('update', (_req, updateRes) => updateRes.send(200, { body: sdpText('updated') }));
    dialog.on('modify', (modifyReq, modifyRes) => {
      modified.push(modifyReq.body);
      hold = () => modifyRes.send(200, { body: sdpText('modified') });
    });
  });
  const placed = call(party);
  const answer = await party.nextResponse();
  party.send(inCall(party, placed, answer, 'ACK', 1));
  party.send(inCall(party, placed, answer, 'INVITE', 2, { body: sdpText('new offer') }));
  await eventually('the application has it', () => modified.length === 1);
  party.send(inCall(party, placed, answer, 'INVITE', 3, { body: sdpText('another') }));
  const busy = await party.next('the refusal', ({ get }) => get('CSeq') === '3 INVITE');
  t.equal(busy.status, 500);
  t.ok(busy.get('Retry-After'));
  hold?.();
  const changed = await party.next('the 200', ({ get, status }) => get('CSeq') === '2 INVITE' && status === 200);
  t.match(changed.body, 's=modified');
  party.send(inCall(party, placed, answer, 'ACK', 2));
  party.send(inCall(party, placed, answer, 'UPDATE', 4, { body: sdpText('update') }));
  t.match((await party.next('the 200', ({ get }) => get('CSeq') === '4 UPDATE')).body, 's=updated');
  const pending = modify?.();
  const ours = await party.nextRequest('INVITE');
  t.match(ours.body, 's=again');
  party.send(inCall(party, placed, answer, 'INVITE', 5, { body: sdpText('glare') }));
  t.equal((await party.next('the refusal', ({ get }) => get('CSeq') === '5 INVITE')).status, 491);
  pending?.catch(() => {});
});

t.test('requests that belong to nobody are answered all the same', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  srf.options((_req, res) => res.send(200));
  const party = await rig.party();
  const uri = `sip:x@127.0.0.1:${rig.sip.port}`;
  const ask = async (method: string, to = `<${uri}>`) => {
    party.send(requestText(party, { method, uri, from: '<sip:a@b>;tag=1', to }));
    return party.nextResponse();
  };
  t.equal((await ask('OPTIONS')).status, 200, 'an application routed it');
  t.equal((await ask('INVITE')).status, 503, 'no application did');
  t.equal((await ask('MESSAGE')).status, 503);
  t.match((await ask('REFER')).get('Allow'), 'INVITE');
  t.equal((await ask('REFER')).status, 405);
  t.equal((await ask('DANCE')).status, 501);
  t.equal((await ask('BYE')).status, 481);
  t.equal((await ask('UPDATE')).status, 481);
  t.equal((await ask('INVITE', `<${uri}>;tag=nobody`)).status, 481);
  t.equal((await ask('INFO', `<${uri}>;tag=nobody`)).status, 481);
  await rig.settled();
});

t.test('an application that never answers costs the caller a 480, not silence', async (t) => {
  const rig = await startRig(t, { timers: { unansweredInviteMs: 300, unansweredRequestMs: 200 } });
  const srf = await rig.connect();
  srf.invite(() => {});
  srf.message(() => {});
  const party = await rig.party();
  call(party);
  t.equal((await party.nextResponse()).status, 480);
  const uri = `sip:x@127.0.0.1:${rig.sip.port}`;
  party.send(requestText(party, { method: 'MESSAGE', uri, from: '<sip:a@b>;tag=1', to: `<${uri}>` }));
  t.equal((await party.nextResponse()).status, 500);
  await rig.settled();
});

t.test('when an application goes, its calls end after a while and its open requests are answered', async (t) => {
  const rig = await startRig(t, { timers: { orphanMs: 700 } });
  const srf = await rig.connect();
  let ring = false;
  srf.invite((req, res) => {
    if (ring) res.send(180);
    else void srf.createUAS(req, res, { localSdp: sdpText('callee') });
  });
  const party = await rig.party();
  const answered = call(party);
  const ok = await party.nextResponse();
  party.send(inCall(party, answered, ok, 'ACK', 1));
  ring = true;
  call(party);
  await party.nextResponse(180);
  rig.disconnect(srf);
  t.equal((await party.nextResponse()).status, 503);
  t.match((await party.nextRequest('BYE')).get('Reason'), 'application gone');
  party.send(inCall(party, answered, ok, 'INFO', 2));
  t.equal((await party.nextResponse()).status, 481);
  await rig.settled();
});

t.test('a call whose application is gone takes a BYE, and puts off everything else', async (t) => {
  const rig = await startRig(t, { timers: { orphanMs: 60_000 } });
  const srf = await rig.connect();
  srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: sdpText('callee') }));
  const party = await rig.party();
  const answered = call(party);
  const ok = await party.nextResponse();
  party.send(inCall(party, answered, ok, 'ACK', 1));
  rig.disconnect(srf);
  await eventually('the application is gone', () => rig.server.stats().applications === 0);
  party.send(inCall(party, answered, ok, 'INFO', 2));
  const later = await party.nextResponse();
  t.strictSame([later.status, later.get('Retry-After')], [500, '5']);
  party.send(inCall(party, answered, ok, 'BYE', 3));
  t.equal((await party.nextResponse()).status, 200);
  await rig.settled();
  t.equal(rig.server.stats().dialogs, 0);
});

t.test('SUBSCRIBE makes a dialog in which NOTIFY goes out, and a final NOTIFY ends it', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const uri = `sip:x@127.0.0.1:${rig.sip.port}`;
  srf.subscribe(async (req, res) => {
    const dialog = await srf.createUAS(req, res, { headers: { Expires: '60' } });
    for (const state of ['active', 'terminated']) {
      await dialog.request({ method: 'NOTIFY', headers: { Event: 'presence', 'Subscription-State': state } });
    }
  });
  party.send(
    requestText(party, {
      method: 'SUBSCRIBE',
      uri,
      from: '<sip:a@b>;tag=s',
      to: `<${uri}>`,
      headers: ['Event: presence'],
    }),
  );
  t.equal((await party.nextResponse()).status, 202);
  for (const state of ['active', 'terminated']) {
    const notify = await party.nextRequest('NOTIFY');
    t.equal(notify.get('Subscription-State'), state);
    const via = notify.all('Via').map((one) => `Via: ${one}`);
    const copied = ['From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${notify.get(name)}`);
    party.send(['SIP/2.0 200 OK', ...via, ...copied, 'Content-Length: 0', '', ''].join('\r\n'));
  }
  await rig.settled();
});
