// Browsers (RFC 7118): their contacts cannot be dialled, only reached over the WebSocket they registered on.

import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { startRig } from '../support/sip/drachtio-rig.ts';
import { createWebSocketParty, requestText, responseText, sdpText } from '../support/sip/sip-party.ts';

t.test(
  'a browser registers, is called over its WebSocket, hangs up, and is forgotten when the socket closes',
  async (t) => {
    const rig = await startRig(t, { sip: ['udp/127.0.0.1:0', 'ws/127.0.0.1:0'] });
    const srf = await rig.connect();
    const browser = await createWebSocketParty(rig.transport('ws'));
    t.teardown(() => browser.close());
    const contact = '<sip:q7w8@k3jd92.invalid;transport=ws>';
    let peer = '';
    srf.register((req, res) => {
      peer = `${req.protocol} ${req.source_port}`;
      res.send(200, { headers: { Contact: `${req.get('Contact')};expires=60` } });
    });
    const aor = '<sip:agent@example.com>';
    browser.send(
      requestText(browser, { method: 'REGISTER', uri: 'sip:example.com', from: `${aor};tag=1`, to: aor, contact }),
    );
    t.equal((await browser.nextResponse()).status, 200);
    t.equal(peer, `ws ${browser.port}`);
    t.equal(rig.server.stats().contacts, 1);
    const placing = srf.createUAC('sip:q7w8@k3jd92.invalid;transport=ws', { localSdp: sdpText('server') });
    const invite = await browser.nextRequest('INVITE');
    t.equal(invite.line, 'INVITE sip:q7w8@k3jd92.invalid;transport=ws SIP/2.0');
    t.match(invite.get('Via'), 'SIP/2.0/WS');
    browser.send(responseText(invite, 200, { tag: 'b', contact, body: sdpText('browser') }));
    const dialog = await placing;
    await browser.nextRequest('ACK');
    const info = dialog.request({ method: 'INFO', body: 'x', headers: { 'Content-Type': 'text/plain' } });
    browser.send(responseText(await browser.nextRequest('INFO'), 200));
    t.equal((await info).status, 200);
    let ended = false;
    dialog.on('destroy', () => {
      ended = true;
    });
    browser.send(
      requestText(browser, {
        method: 'BYE',
        uri: /<(.+)>/.exec(invite.get('Contact')!)![1]!,
        from: `${invite.get('To')};tag=b`,
        to: invite.get('From')!,
        callId: invite.get('Call-ID')!,
        contact,
      }),
    );
    t.equal((await browser.nextResponse()).status, 200);
    await eventually('the application hears of it', () => ended);
    browser.close();
    await eventually('the contact is forgotten', () => rig.server.stats().contacts === 0);
    const outcome = await srf
      .createUAC('sip:q7w8@k3jd92.invalid;transport=ws', { localSdp: sdpText('server') })
      .catch((error: { status?: number }) => error.status);
    t.equal(outcome, 503);
    await rig.settled();
  },
);

t.test('a browser calls in, and is reached inside the dialog although its contact is no address', async (t) => {
  const rig = await startRig(t, { sip: ['udp/127.0.0.1:0', 'ws/127.0.0.1:0'] });
  const srf = await rig.connect();
  const browser = await createWebSocketParty(rig.transport('ws'));
  t.teardown(() => browser.close());
  const contact = '<sip:u@abc.invalid;transport=ws>';
  srf.invite(async (req, res) => {
    const dialog = await srf.createUAS(req, res, { localSdp: sdpText('server') });
    dialog.on('ack', () => void dialog.destroy());
  });
  const uri = 'sip:desk@example.com';
  const from = '<sip:agent@example.com>;tag=1';
  const callId = 'from-a-browser';
  const body = sdpText('browser');
  browser.send(requestText(browser, { method: 'INVITE', uri, from, to: `<${uri}>`, callId, contact, body }));
  const answer = await browser.nextResponse();
  t.match(answer.get('Contact'), ';transport=ws');
  const target = /<(.+)>/.exec(answer.get('Contact')!)![1]!;
  browser.send(requestText(browser, { method: 'ACK', uri: target, from, to: answer.get('To')!, callId, contact }));
  const bye = await browser.nextRequest('BYE');
  t.equal(bye.line, 'BYE sip:u@abc.invalid;transport=ws SIP/2.0');
  browser.send(responseText(bye, 200));
  await rig.settled();
});
