import t from 'tap';
import { parseSdp, serializeSdp } from './session-description.ts';
import { iceParameters, isIceRestart, parseCandidate, rewriteCandidates } from './webrtc.ts';

const engine = [
  'v=0',
  'o=rtc 3767197920 0 IN IP4 10.1.2.3',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=fingerprint:sha-256 aa:bb:cc',
  'm=audio 20000 UDP/TLS/RTP/SAVPF 0',
  'c=IN IP4 10.1.2.3',
  'a=mid:0',
  'a=setup:active',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  'a=candidate:1 1 UDP 2122317823 10.1.2.3 20000 typ host',
  'a=candidate:2 1 UDP 1686109951 198.51.100.7 20000 typ srflx raddr 10.1.2.3 rport 20000',
  'a=candidate:3 1 UDP 2122317823 fe80::1 20000 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n');

const parsed = parseSdp(engine);
if (parsed.kind !== 'ok') throw new Error(parsed.because);
const { description } = parsed;

t.test('credentials, fingerprint and candidates are read, from the session where the stream has none', async (t) => {
  const ice = iceParameters(description, description.media[0]!);
  t.match(ice, { usernameFragment: 'abcd', setup: 'active', fingerprint: { algorithm: 'sha-256', value: 'AA:BB:CC' } });
  t.equal(ice.candidates.length, 3);
  t.equal(ice.lite, false);
  t.ok(isIceRestart(ice, { ...ice, usernameFragment: 'x', password: 'y' }));
  t.notOk(isIceRestart(ice, ice));
});

t.test('rewriting shows the public address and leaves no inner one', async (t) => {
  const out = serializeSdp(
    rewriteCandidates(description, (each) =>
      each.address.includes(':') ? undefined : { address: '203.0.113.8', port: 40000 },
    ),
  );
  t.notMatch(out, /10\.1\.2\.3|fe80|o=rtc/);
  t.match(out, /m=audio 40000 /);
  t.match(out, /a=candidate:1 1 UDP 2122317823 203\.0\.113\.8 40000 typ host\r\n/);
  t.match(out, /a=candidate:2 .* typ srflx\r\n/);
});

t.test('a malformed candidate is none', async (t) => {
  for (const bad of [
    '',
    '1 1 UDP 1 10.0.0.1 x typ host',
    '1 1 UDP 1 10.0.0.1 9 typ odd',
    '1 1 UDP 1 10.0.0.1 99999 typ host',
  ]) {
    t.equal(parseCandidate(bad), undefined);
  }
});
