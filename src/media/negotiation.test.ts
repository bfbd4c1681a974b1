import t from 'tap';
import { type Local, Negotiation, readOffer } from './negotiation.ts';

const plain: Local = { address: '203.0.113.7', port: 40_000, ssrc: 1, cname: 'x' };
const web: Local = {
  ...plain,
  ice: {
    usernameFragment: 'ours',
    password: 'ourpasswordourpassword',
    fingerprint: 'sha-256 AA:BB',
    setup: 'active',
    candidates: ['1 1 UDP 2130706431 10.0.0.9 40000 typ host'],
  },
};

const browserLines = ['a=ice-ufrag:theirs', 'a=ice-pwd:theirpasswordtheirpassword', 'a=fingerprint:sha-256 CC:DD'];

/** What a browser says: an audio stream, and a video stream before it when asked for. */
function browser({ setup = 'actpass', video = false, mid = 'a1', ufrag = 'theirs' } = {}): string {
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    ...(video ? ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=rtpmap:96 VP8/90000', 'a=mid:v0'] : []),
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 126',
    'c=IN IP4 0.0.0.0',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:126 telephone-event/8000',
    `a=mid:${mid}`,
    'a=rtcp-mux',
    `a=setup:${setup}`,
    ...browserLines.map((line) => line.replace('ufrag:theirs', `ufrag:${ufrag}`)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

const line = (sdp: string, start: string): string | undefined =>
  sdp.split('\r\n').find((each) => each.startsWith(start));

t.test('an offer is told apart: plain, SDES, browser', async (t) => {
  t.match(readOffer(browser()), { kind: 'ok', profile: 'webrtc' });
  const telephone = new Negotiation('rtp', ['PCMU']).offer(plain);
  t.match(readOffer(telephone), { kind: 'ok', profile: 'rtp' });
  t.match(readOffer(new Negotiation('srtp', ['PCMU']).offer(plain)), { kind: 'ok', profile: 'srtp' });
  t.match(readOffer('v=1'), { kind: 'incompatible' });
  t.match(readOffer(telephone.replace(/m=audio \d+/, 'm=audio 0')), { kind: 'incompatible' });
});

t.test('our offer to a browser shows the public address and nothing of the inner one', async (t) => {
  const negotiation = new Negotiation('webrtc', undefined);
  const offer = negotiation.offer(web);
  t.notMatch(offer, /10\.0\.0\.9/);
  t.equal(line(offer, 'a=candidate:'), 'a=candidate:1 1 UDP 2130706431 203.0.113.7 40000 typ host');
  t.equal(line(offer, 'm='), 'm=audio 40000 UDP/TLS/RTP/SAVPF 0 111 8 101 110');
  t.equal(line(offer, 'a=setup:'), 'a=setup:actpass');
  const read = negotiation.acceptAnswer(browser({ setup: 'active', mid: '0' }));
  t.match(read, { kind: 'ok', audio: { codec: { name: 'opus' }, direction: 'sendrecv', heldByRemote: false } });
  t.equal(negotiation.remoteIce?.usernameFragment, 'theirs');
});

t.test('a later offer keeps its place, its mid and its session', async (t) => {
  const negotiation = new Negotiation('webrtc', undefined);
  t.match(negotiation.answer(browser({ video: true }), web), { kind: 'ok' });
  const answer = negotiation.localSdp;
  t.match(line(answer, 'm=video'), /^m=video 0 /, 'video is refused in place');
  t.equal(line(answer, 'a=group:'), 'a=group:BUNDLE a1');
  t.equal(line(answer, 'a=setup:'), 'a=setup:active');
  const offer = negotiation.offer(web, 'inactive');
  t.match(line(offer, 'm=video'), /^m=video 0 /);
  t.equal(line(offer, 'a=group:'), 'a=group:BUNDLE a1');
  t.match(offer, /a=inactive/);
  const version = (sdp: string) => line(sdp, 'o=')!.split(' ').slice(1, 3);
  t.equal(version(offer)[0], version(answer)[0]);
  t.equal(Number(version(offer)[1]), Number(version(answer)[1]) + 1);
});

t.test('our side of DTLS stays through later offers', async (t) => {
  const negotiation = new Negotiation('webrtc', undefined);
  negotiation.offer(web);
  negotiation.acceptAnswer(browser({ setup: 'active', mid: '0' }));
  negotiation.answer(browser({ mid: '0' }), web);
  t.equal(line(negotiation.localSdp, 'a=setup:'), 'a=setup:passive', 'the browser was active');
});

t.test('an answer without credentials is refused, and one that nobody asked for', async (t) => {
  const negotiation = new Negotiation('webrtc', undefined);
  t.match(negotiation.acceptAnswer(browser()), { kind: 'incompatible' });
  negotiation.offer(web);
  const bare = browser({ mid: '0' })
    .split('\r\n')
    .filter((each) => !browserLines.includes(each))
    .join('\r\n');
  t.match(negotiation.acceptAnswer(bare), { kind: 'incompatible' });
});

t.test('only the codecs that are asked for are offered and taken', async (t) => {
  t.equal(line(new Negotiation('rtp', ['PCMA']).offer(plain), 'm='), 'm=audio 40000 RTP/AVP 8 101');
  const opusOnly = new Negotiation('webrtc', ['PCMU']);
  t.match(opusOnly.answer(browser(), web), { kind: 'ok', audio: { codec: { name: 'PCMU' } } });
  t.match(new Negotiation('rtp', ['PCMA']).answer(new Negotiation('rtp', ['PCMU']).offer(plain), plain), {
    kind: 'incompatible',
    because: /PCMU/,
  });
});
