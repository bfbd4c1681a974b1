// Proxying for an application, and outbound mode, where an HTTP service says what becomes of a request.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Srf from 'drachtio-srf';
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { type App, call, inCall, type ProxyResult, secret, startRig } from '../support/sip/drachtio-rig.ts';
import { requestText, responseText, type SipParty, sdpText } from '../support/sip/sip-party.ts';

const at = (party: SipParty) => `sip:callee@127.0.0.1:${party.port}`;

t.test('serial: refused by the first, answered by the second; later requests follow the Record-Route', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const [caller, first, second] = [await rig.party(), await rig.party(), await rig.party()];
  let result: ProxyResult | undefined;
  srf.invite(async (req) => {
    result = await srf.proxyRequest(req, [at(first), at(second)], { remainInDialog: true, headers: { 'X-By': 'us' } });
  });
  const placed = call(caller);
  const refused = await first.nextRequest('INVITE');
  t.equal(refused.get('Max-Forwards'), '69');
  t.equal(refused.get('X-By'), 'us');
  t.equal(refused.all('Via').length, 2);
  first.send(responseText(refused, 486, { tag: 'no' }));
  await first.nextRequest('ACK');
  const invite = await second.nextRequest('INVITE');
  const contact = `<${at(second)}>`;
  second.send(responseText(invite, 180, { tag: 'yes', contact }));
  t.equal((await caller.nextResponse(180)).all('Via').length, 1);
  second.send(responseText(invite, 200, { tag: 'yes', contact, body: sdpText('callee') }));
  const answer = await caller.nextResponse(200);
  const headers = [`Route: ${answer.get('Record-Route')}`];
  caller.send(inCall(caller, placed, answer, 'ACK', 1, { headers }));
  const ack = await second.nextRequest('ACK');
  t.equal(ack.get('Route'), undefined, 'our Route is taken off');
  caller.send(inCall(caller, placed, answer, 'BYE', 2, { headers }));
  second.send(responseText(await second.nextRequest('BYE'), 200));
  t.equal((await caller.nextResponse()).status, 200);
  await eventually('the application has its result', () => result);
  t.match(result, { connected: true, finalStatus: 200 });
  // Somebody else's dialog does not get through on this Route.
  caller.send(inCall(caller, { ...placed, callId: 'another' }, answer, 'BYE', 3, { headers }));
  t.equal((await caller.nextResponse()).status, 481);
  await rig.settled();
});

t.test('simultaneous: the first answer wins, the others are cancelled', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const [caller, slow, quick] = [await rig.party(), await rig.party(), await rig.party()];
  srf.invite((req) => void srf.proxyRequest(req, [at(slow), at(quick)], { forking: 'simultaneous' }));
  call(caller);
  const ringing = await slow.nextRequest('INVITE');
  slow.send(responseText(ringing, 180, { tag: 'slow', contact: `<${at(slow)}>` }));
  await caller.nextResponse(180);
  const invite = await quick.nextRequest('INVITE');
  quick.send(responseText(invite, 200, { tag: 'quick', contact: `<${at(quick)}>`, body: sdpText('quick') }));
  t.match((await caller.nextResponse(200)).body, 's=quick');
  slow.send(responseText(await slow.nextRequest('CANCEL'), 200));
  slow.send(responseText(ringing, 487, { tag: 'slow' }));
  await slow.nextRequest('ACK');
  await rig.settled();
});

t.test('a redirection is followed when asked, a challenge ends the search, and CANCEL goes through', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const [caller, first, second] = [await rig.party(), await rig.party(), await rig.party()];
  srf.invite((req) => void srf.proxyRequest(req, at(first), { followRedirects: true }));
  call(caller);
  first.send(responseText(await first.nextRequest('INVITE'), 302, { tag: 'm', headers: [`Contact: <${at(second)}>`] }));
  second.send(
    responseText(await second.nextRequest('INVITE'), 407, {
      tag: 'c',
      headers: ['Proxy-Authenticate: Digest realm="x", nonce="y"'],
    }),
  );
  const challenge = await caller.nextResponse();
  t.equal(challenge.status, 407);
  t.ok(challenge.get('Proxy-Authenticate'));
  const placed = call(caller);
  const invite = await first.nextRequest('INVITE');
  first.send(responseText(invite, 180, { tag: 'r', contact: `<${at(first)}>` }));
  await caller.nextResponse(180);
  caller.send(placed.invite.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL'));
  t.equal((await caller.next('the 200', ({ get }) => get('CSeq') === '1 CANCEL')).status, 200);
  first.send(responseText(await first.nextRequest('CANCEL'), 200));
  first.send(responseText(invite, 487, { tag: 'r' }));
  t.equal((await caller.nextResponse()).status, 487);
  await rig.settled();
});

t.test('no hops left, and no target that can be used', async (t) => {
  const rig = await startRig(t);
  const srf = await rig.connect();
  const [caller, callee] = [await rig.party(), await rig.party()];
  const refusals: unknown[] = [];
  srf.message((req) => void srf.proxyRequest(req, at(callee)).catch((error) => refusals.push(error)));
  srf.invite(
    (req) => void srf.proxyRequest(req, `sip:x@127.0.0.1:${rig.sip.port}`).catch((error) => refusals.push(error)),
  );
  const uri = `sip:x@127.0.0.1:${rig.sip.port}`;
  const text = requestText(caller, { method: 'MESSAGE', uri, from: '<sip:a@b>;tag=1', to: `<${uri}>` });
  caller.send(text.replace('Max-Forwards: 70', 'Max-Forwards: 0'));
  t.equal((await caller.nextResponse()).status, 483);
  call(caller);
  t.equal((await caller.nextResponse()).status, 500);
  await eventually('both are told', () => refusals.length === 2);
  await rig.settled();
});

t.test('outbound mode: an HTTP service rejects, redirects, proxies, or has an application dialled', async (t) => {
  let instruction: unknown;
  const asked: string[] = [];
  const http = createServer((req, res) => {
    asked.push(req.url ?? '');
    res.end(JSON.stringify(instruction));
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void http.close());
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/route`;
  const rig = await startRig(t, { requestHandlers: [{ method: 'INVITE', url }] });
  const tagged = await rig.connect(['blue']);
  tagged.invite((_req, res) => res.send(600));
  const [caller, callee] = [await rig.party(), await rig.party()];
  const outcome = async (action: string, data: unknown) => {
    instruction = { action, data };
    call(caller);
    return caller.nextResponse();
  };
  t.match((await outcome('reject', { status: 404, reason: 'Not Here' })).line, 'SIP/2.0 404 Not Here');
  t.match(asked[0], /method=INVITE.*source_address=127\.0\.0\.1.*uriUser=bob/);
  t.equal((await outcome('redirect', { contact: 'sip:there@example.com' })).get('Contact'), 'sip:there@example.com');
  t.equal((await outcome('route', { tag: 'blue' })).status, 600);
  t.equal((await outcome('route', { tag: 'green' })).status, 480);
  t.equal((await outcome('route', { uri: '127.0.0.1:1' })).status, 480, 'nobody listens there');
  t.equal((await outcome('dance', {})).status, 500);
  const proxied = outcome('proxy', { destination: at(callee) });
  callee.send(responseText(await callee.nextRequest('INVITE'), 486, { tag: 'p' }));
  t.equal((await proxied).status, 486);
  const listening = new Srf();
  const server = await new Promise<{ address(): AddressInfo; close(): void }>((resolve) => {
    const opened = (
      listening as unknown as { listen(options: object): { address(): AddressInfo; close(): void } }
    ).listen({
      host: '127.0.0.1',
      port: 0,
      secret,
    });
    listening.on('listening' as never, (() => resolve(opened)) as never);
  });
  t.teardown(() => server.close());
  const app = listening as unknown as App & { endSession(req: unknown): void };
  app.invite((req, res) => {
    res.send(488);
    app.endSession(req);
  });
  t.equal((await outcome('route', { uri: `127.0.0.1:${server.address().port}` })).status, 488);
  await eventually('the dialled connection is closed', () => rig.server.stats().applications === 1);
  await rig.settled();
});
