// What a carrier that has turned bad, or somebody who sits on its line, can do with the right to send us calls: transfers to numbers that cost
// money, CR LF in names, offers that are bombs. And what REST lets into SIP.

import t from 'tap';
import { parseAddress } from '../../src/protocol/sip/address.ts';
import { newId } from '../../src/shared/ids.ts';
import { nothingElse, startGuardedRig } from '../support/attack/guarded-rig.ts';
import { eventually } from '../support/eventually.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import {
  callerDialog,
  carrierCalls,
  inDialog,
  newTag,
  openSoftphone,
  requestText,
  tokyo,
} from '../support/sip/border-rig.ts';
import { sdpText } from '../support/sip/sip-party.ts';

t.setTimeout(60_000);
const premium = ['0990123456', '+8821612345', '00390123456', '0570000123'];

t.test('REFER, Replaces, Route, a loop through us: no call goes out for a carrier, in a call or outside', async (t) => {
  const rig = await startGuardedRig(t);
  const call = carrierCalls(rig, { body: sdpText('caller') });
  await eventually('the call', () => rig.calls.length === 1);
  const { leg } = rig.calls[0]!;
  void leg.answer(sdpText('pbx'));
  const dialog = callerDialog(call, await rig.carrier.nextResponse(200));
  inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
  let cseq = 1;
  const statuses: (number | undefined)[] = [];
  for (const number of premium) {
    const referTo = `Refer-To: <sip:${number}@${rig.sip.host}:${rig.sip.port}>`;
    inDialog(
      rig.carrier,
      'REFER',
      { ...dialog, cseq: ++cseq },
      { headers: [referTo, 'Referred-By: <sip:p_1@pbx.example>'] },
    );
    statuses.push((await rig.carrier.next('a REFER’s answer', (m) => m.get('CSeq') === `${cseq} REFER`)).status);
  }
  t.ok(
    statuses.every((status) => (status ?? 0) >= 400),
    String(statuses),
  );
  const uri = (user: string) => `sip:${user}@${rig.sip.host}:${rig.sip.port}`;
  for (const number of premium)
    for (const headers of [
      [`Replaces: ${call.callId};to-tag=x;from-tag=y`],
      [`Replaces: ${call.callId};to-tag=x;from-tag=y`, 'Require: replaces'],
      [`Route: <${uri(number)};lr>`],
      [`Diversion: <${uri(tokyo)}>`, 'X-Outbound: 1'],
    ]) {
      const callId = newTag();
      const invite = { method: 'INVITE', uri: uri(number), from: `<sip:a@b>;tag=${newTag()}`, to: `<${uri(number)}>` };
      rig.carrier.send(requestText(rig.carrier, { ...invite, callId, headers, body: sdpText('x') }));
      const answer = await rig.carrier.next('a refusal', (m) => m.get('Call-ID') === callId && (m.status ?? 0) >= 200);
      t.ok((answer.status ?? 0) >= 400, `${headers[0]}: ${answer.status}`);
    }
  t.equal(rig.calls.length, 1);
  t.ok(nothingElse(rig.carrier, ['ACK', 'BYE']), 'and we asked the carrier for nothing');
  t.equal(leg.state, 'answered', 'the call that was there goes on');
});

t.test('CR and LF in what we are given never make a header of ours', async (t) => {
  const rig = await startGuardedRig(t);
  const phone = await openSoftphone(rig, { personId: 'p_1' });
  await phone.register();
  for (const evil of [
    'x\r\nX-Evil: 1',
    'x\nX-Evil: 1',
    'x"\r\n X-Evil: 1',
    'x\r\n\r\nINVITE sip:x SIP/2.0',
    '"><sip:evil@x>;x="\0',
  ]) {
    const leg = rig.border.callSoftphone({
      callId: `c_${newTag()}` as never,
      personId: phone.personId,
      displayName: evil,
      sdpOffer: sdpText('pbx'),
      ringTimeoutSeconds: 5,
    });
    const invite = await phone.party.nextRequest('INVITE');
    t.notOk(invite.get('X-Evil'), JSON.stringify(evil));
    t.notMatch(invite.text, /^X-Evil/m);
    t.equal(parseAddress(invite.get('From') ?? '')?.uri, 'sip:engawa@pbx.example');
    t.notMatch(invite.text, /\0/);
    void leg.end();
  }
  // From the network: what is not one line is no message, and nothing of it comes back as a header.
  for (const evil of ['Bob\r\nX-Evil: 1', 'Bob\rX-Evil: 1', 'Bob\0']) {
    const callId = newTag();
    carrierCalls(rig, {
      from: `"${evil}" <sip:bob@x>;tag=${newTag()}`,
      callId,
      body: sdpText('x'),
      to: '+81399999999',
    });
    const answer = await rig.carrier
      .next('an answer', (m) => (m.status ?? 0) >= 200 && m.get('Call-ID') === callId, 3000)
      .catch(() => undefined);
    t.notOk(answer?.get('X-Evil'), JSON.stringify(evil));
  }
  t.equal(rig.calls.length, 0);
});

t.test('offers that are bombs are refused or answered within a blink, and leave nothing behind', async (t) => {
  const media = await openEmbeddedMedia({ mediaTimeoutMs: 60_000 });
  t.teardown(() => media.close());
  const head = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n';
  const audio = 'm=audio 40000 RTP/AVP 0\r\n';
  const bombs: Record<string, string> = {
    'thousands of m= lines': head + audio + 'm=audio 9 RTP/AVP 0\r\n'.repeat(2800),
    'thousands of candidates': `${head + audio}a=ice-ufrag:x\r\na=ice-pwd:0123456789abcdef01234567\r\n${'a=candidate:1 1 UDP 1 192.0.2.1 5 typ host\r\n'.repeat(1300)}`,
    'thousands of codecs': `${head}m=audio 40000 RTP/AVP ${Array.from({ length: 3000 }, (_, i) => i % 128).join(' ')}\r\n${'a=rtpmap:96 x/8000\r\n'.repeat(2000)}`,
    'a very long line': `${head + audio}a=${'x'.repeat(60_000)}\r\n`,
    'a deep bundle': `${head}a=group:BUNDLE ${Array.from({ length: 9000 }, (_, i) => i).join(' ')}\r\n${audio}a=mid:0\r\n`,
    'numbers without end': `v=0\r\no=- ${'9'.repeat(30_000)} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n${audio}`,
    'many keys': `${head}m=audio 40000 RTP/SAVP 0\r\n${'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n'.repeat(600)}`,
  };
  for (const [name, sdpOffer] of Object.entries(bombs)) {
    const cpu = process.cpuUsage();
    const made = await media.createEndpoint({ callId: newId('call'), sdpOffer });
    const { user, system } = process.cpuUsage(cpu);
    t.ok((user + system) / 1000 < 300, `${name}: ${made.kind}, ${((user + system) / 1000).toFixed(0)} ms`);
    if (made.kind !== 'created') continue;
    t.ok(made.endpoint.localSdp.length < 70_000, `${name}: the answer is no bomb (${made.endpoint.localSdp.length})`);
    await made.endpoint.close();
  }
  const health = await media.health();
  t.ok(health.ok, 'the engine lives');
});
