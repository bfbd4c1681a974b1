import t from 'tap';
import { createContinuedSession } from './continued-session.ts';

const sdp = (origin: string, streams: string[], session: string[] = []) =>
  `${['v=0', `o=${origin}`, 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...session, ...streams].join('\r\n')}\r\n`;
const audio = (port: number, mid?: string) => [
  `m=audio ${port} RTP/AVP 0 101`,
  'a=rtpmap:0 PCMU/8000',
  ...(mid === undefined ? [] : [`a=mid:${mid}`]),
];
const lines = (text: string, start: string) => text.split('\r\n').filter((line) => line.startsWith(start));

t.test('what the first maker writes passes as it is', async (t) => {
  const first = sdp('- 7 1 IN IP4 192.0.2.1', audio(4000));
  const session = createContinuedSession(first);
  const second = sdp('- 7 2 IN IP4 192.0.2.1', audio(4000));
  t.equal(session.sendOffer(second), second);
  t.equal(session.readAnswer(first), first);
});

t.test('another maker’s offer goes on with the session: same o= line, next version', async (t) => {
  const session = createContinuedSession(sdp('- 7 41 IN IP4 192.0.2.1', audio(4000)));
  session.moved();
  const sent = session.sendOffer(sdp('- 999 1 IN IP4 192.0.2.2', audio(5000)));
  t.same(lines(sent, 'o='), ['o=- 7 42 IN IP4 192.0.2.1']);
  t.same(lines(sent, 'm='), ['m=audio 5000 RTP/AVP 0 101'], 'the stream is the new maker’s');
  const answered = session.sendAnswer(sdp('- 999 2 IN IP4 192.0.2.2', audio(5000)));
  t.same(lines(answered, 'o='), ['o=- 7 43 IN IP4 192.0.2.1'], 'and so are its later answers');
  session.moved();
  const third = session.sendOffer(sdp('- 5 1 IN IP4 192.0.2.3', audio(6000)));
  t.same(lines(third, 'o='), ['o=- 7 44 IN IP4 192.0.2.1'], 'a third maker, too');
});

t.test('streams that were refused stay refused in their places', async (t) => {
  const first = sdp('- 7 1 IN IP4 192.0.2.1', [
    'm=video 0 RTP/AVP 96',
    'm=audio 4000 RTP/AVP 8',
    'a=rtpmap:8 PCMA/8000',
  ]);
  const session = createContinuedSession(first);
  session.moved();
  const sent = session.sendOffer(sdp('- 9 1 IN IP4 192.0.2.2', audio(5000)));
  t.same(lines(sent, 'm='), ['m=video 0 RTP/AVP 96', 'm=audio 5000 RTP/AVP 0 101']);
  const answer = sdp('- 3 3 IN IP4 192.0.2.9', ['m=video 0 RTP/AVP 96', ...audio(7000)]);
  t.same(lines(session.readAnswer(answer), 'm='), ['m=audio 7000 RTP/AVP 0 101'], 'the maker sees its own stream only');
});

t.test('a browser sees the mid that it knows, and the maker its own', async (t) => {
  const session = createContinuedSession(sdp('- 7 1 IN IP4 192.0.2.1', audio(9, 'voice'), ['a=group:BUNDLE voice']));
  session.moved();
  const sent = session.sendOffer(sdp('- 9 1 IN IP4 192.0.2.2', audio(9, '0'), ['a=group:BUNDLE 0']));
  t.same(lines(sent, 'a=mid'), ['a=mid:voice']);
  t.same(lines(sent, 'a=group'), ['a=group:BUNDLE voice']);
});

t.test('a maker that knows of all streams by now is left alone but for the o= line', async (t) => {
  const session = createContinuedSession(sdp('- 7 1 IN IP4 192.0.2.1', ['m=video 0 RTP/AVP 96', ...audio(4000)]));
  session.moved();
  session.sendAnswer(sdp('- 9 1 IN IP4 192.0.2.2', ['m=video 0 RTP/AVP 96', ...audio(5000)]));
  const offer = session.sendOffer(sdp('- 9 2 IN IP4 192.0.2.2', ['m=video 0 RTP/AVP 96', ...audio(5000)]));
  t.same(lines(offer, 'm='), ['m=video 0 RTP/AVP 96', 'm=audio 5000 RTP/AVP 0 101']);
  const answer = sdp('- 3 3 IN IP4 192.0.2.9', ['m=video 0 RTP/AVP 96', ...audio(7000)]);
  t.equal(session.readAnswer(answer), answer);
});

t.test('what cannot be read is passed on for others to judge', async (t) => {
  const session = createContinuedSession(sdp('- 7 1 IN IP4 192.0.2.1', audio(4000)));
  session.moved();
  t.equal(session.sendOffer('nonsense'), 'nonsense');
  t.equal(session.readAnswer('nonsense'), 'nonsense');
});
