// drachtio-srf places calls through our server, towards a party that answers as the test wishes.

import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { type AppMessage, fromCallee, startRig } from '../support/sip/drachtio-rig.ts';
import { responseText, sdpText } from '../support/sip/sip-party.ts';

const hurry = { timers: { t1Ms: 20, t2Ms: 160 } };
const failure = (error: unknown) => (error as { status?: number; message: string }).status ?? String(error);

t.test('a call is placed, acknowledged by the application and ended by it', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const contact = `<sip:callee@127.0.0.1:${party.port}>`;
  const placing = srf.createUAC(`sip:callee@127.0.0.1:${party.port}`, {
    localSdp: sdpText('caller'),
    callingNumber: '100',
    headers: { 'X-Shop': 'open', subject: 'tea' },
  });
  const invite = await party.nextRequest('INVITE');
  t.equal(invite.get('X-Shop'), 'open');
  t.equal(invite.get('Subject'), 'tea');
  t.match(invite.get('From'), `<sip:100@127.0.0.1:${rig.sip.port}>;tag=`);
  t.match(invite.get('Contact'), `<sip:100@127.0.0.1:${rig.sip.port}>`);
  party.send(responseText(invite, 180, { tag: 'b', contact }));
  const ok = responseText(invite, 200, { tag: 'b', contact, body: sdpText('callee') });
  party.send(ok);
  const dialog = await placing;
  t.match(dialog.remote.sdp, 's=callee');
  t.match((await party.nextRequest('ACK')).line, `sip:callee@127.0.0.1:${party.port}`);
  // The ACK was lost: the 200 comes again, and so does the ACK, without the application.
  party.send(ok);
  await party.nextRequest('ACK');
  party.send(fromCallee(party, invite, 'b', 'INFO', 1));
  t.equal((await party.nextResponse()).status, 200);
  const ending = dialog.destroy();
  party.send(responseText(await party.nextRequest('BYE'), 200));
  await ending;
  await rig.settled();
});

t.test('two answers of one forked call: the first is the call, the second is acknowledged and ended', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const contact = `<sip:callee@127.0.0.1:${party.port}>`;
  const placing = srf.createUAC(`sip:callee@127.0.0.1:${party.port}`, { localSdp: sdpText('caller') });
  const invite = await party.nextRequest('INVITE');
  for (const tag of ['one', 'two']) party.send(responseText(invite, 180, { tag, contact }));
  for (const tag of ['two', 'one']) party.send(responseText(invite, 200, { tag, contact, body: sdpText(tag) }));
  const dialog = await placing;
  t.match(dialog.remote.sdp, 's=two');
  const bye = await party.nextRequest('BYE');
  t.match(bye.get('To'), 'tag=one', 'the late one is ended');
  t.match(
    (await party.next('its ACK', (one) => one.method === 'ACK' && /tag=one/.test(one.get('To') ?? ''))).line,
    'ACK',
  );
  await party.next('the ACK', (one) => one.method === 'ACK' && /tag=two/.test(one.get('To') ?? ''));
  party.send(fromCallee(party, invite, 'one', 'INFO', 1));
  t.equal((await party.nextResponse()).status, 481, 'the ended fork is no dialog of ours');
});

t.test('cancelling before any response waits for one; a 200 that crosses is acknowledged and ended', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const contact = `<sip:callee@127.0.0.1:${party.port}>`;
  const options = { localSdp: sdpText('caller') };
  const uri = `sip:callee@127.0.0.1:${party.port}`;
  const cancelled = srf.createUAC(uri, { ...options }, { cbRequest: (_error, request) => request.cancel() });
  const invite = await party.nextRequest('INVITE');
  t.notOk(party.received.some(({ method }) => method === 'CANCEL'));
  party.send(responseText(invite, 180, { tag: 'b', contact }));
  party.send(responseText(await party.nextRequest('CANCEL'), 200));
  party.send(responseText(invite, 487, { tag: 'b' }));
  t.equal(await cancelled.catch(failure), 487);
  let request: AppMessage | undefined;
  const crossing = srf.createUAC(uri, { ...options }, { cbRequest: (_error, sent) => (request = sent) });
  const second = await party.nextRequest('INVITE');
  party.send(responseText(second, 180, { tag: 'c', contact }));
  await eventually('the application has its request', () => request);
  request?.cancel();
  const cancel = await party.nextRequest('CANCEL');
  party.send(responseText(second, 200, { tag: 'c', contact, body: sdpText('callee') }));
  party.send(responseText(cancel, 200));
  let why = '';
  (await crossing).on('destroy', (_bye, reason) => {
    why = reason;
  });
  await party.nextRequest('ACK');
  t.match((await party.nextRequest('BYE')).get('Reason'), 'cancel race');
  await eventually('the application is told', () => why !== '');
  await rig.settled();
});

t.test('nobody there: 408 after the time-out, 503 for a name without an address, and refusals in words', async (t) => {
  const rig = await startRig(t, {
    ...hurry,
    layer: {
      dns: {
        resolveNaptr: () => Promise.reject(new Error('none')),
        resolveSrv: () => Promise.reject(new Error('none')),
        lookup: () => Promise.reject(new Error('none')),
      },
    },
  });
  const srf = await rig.connect();
  const silent = await rig.party();
  const options = { localSdp: sdpText('caller') };
  t.equal(await srf.createUAC(`sip:x@127.0.0.1:${silent.port}`, { ...options }).catch(failure), 408);
  t.equal(await srf.createUAC('sip:x@nowhere.invalid', { ...options }).catch(failure), 503);
  t.match(await srf.createUAC(`sip:x@127.0.0.1:${rig.sip.port}`, { ...options }).catch(failure), 'request to myself');
  const tcp = srf.createUAC('sip:x@127.0.0.1:9;transport=tcp', { ...options });
  t.match(await tcp.catch(failure), 'transport not available');
  t.match(
    await srf.request('sip:x@127.0.0.1:9', { method: 'MESSAGE', body: 'hello' }).catch(failure),
    'missing content-type',
  );
  await rig.settled();
});

t.test('a request can take another first hop, and its challenge is answered by the application', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const party = await rig.party();
  const sent = srf.request('sip:carrier.example', {
    method: 'REGISTER',
    proxy: `sip:127.0.0.1:${party.port}`,
    headers: {
      To: '<sip:us@carrier.example>',
      From: '<sip:us@carrier.example>',
      Contact: '<sip:us@localhost>;expires=60',
    },
    auth: { username: 'us', password: 'pw' },
  });
  const first = await party.nextRequest('REGISTER');
  t.equal(first.line, 'REGISTER sip:carrier.example SIP/2.0');
  t.equal(first.get('Contact'), `<sip:us@127.0.0.1:${rig.sip.port}>;expires=60`);
  const request = await sent;
  const status = new Promise((resolve) => request.on('response', (response) => resolve(response.status)));
  party.send(
    responseText(first, 401, { tag: 'r', headers: ['WWW-Authenticate: Digest realm="c", nonce="n", algorithm=MD5'] }),
  );
  const second = await party.nextRequest('REGISTER');
  t.match(second.get('Authorization'), 'Digest username="us"');
  t.equal(second.get('Call-ID'), first.get('Call-ID'));
  t.equal(Number.parseInt(second.get('CSeq')!, 10), Number.parseInt(first.get('CSeq')!, 10) + 1);
  party.send(responseText(second, 200, { tag: 'r' }));
  t.equal(await status, 200);
});

t.test('an unacknowledged 200 is not left hanging when its application never sends the ACK', async (t) => {
  const rig = await startRig(t, hurry);
  const srf = await rig.connect();
  const party = await rig.party();
  const placing = srf.createUAC(`sip:callee@127.0.0.1:${party.port}`, { localSdp: sdpText('caller'), noAck: true });
  placing.catch(() => {});
  const invite = await party.nextRequest('INVITE');
  // Without Contact drachtio-srf gives the call up and says nothing to the server.
  rig.disconnect(srf);
  await party.again(invite);
  party.send(
    responseText(invite, 200, { tag: 'b', contact: `<sip:c@127.0.0.1:${party.port}>`, body: sdpText('callee') }),
  );
  await party.nextRequest('ACK', 8000);
  await party.nextRequest('BYE');
  await rig.settled();
});
