import t from 'tap';
import { readInfo } from './info-digits.ts';
import { audioDirection, isHold, looksLikeSdp } from './sdp-view.ts';

const sdp = (...lines: string[]) => ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', ...lines, ''].join('\r\n');

t.test('the direction is that of the audio stream, else of the session, else both ways', async (t) => {
  t.equal(audioDirection(sdp('c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0')), 'sendrecv');
  t.equal(audioDirection(sdp('a=sendonly', 'm=audio 4000 RTP/AVP 0')), 'sendonly');
  t.equal(audioDirection(sdp('a=sendonly', 'm=audio 4000 RTP/AVP 0', 'a=sendrecv')), 'sendrecv');
  t.equal(
    audioDirection(sdp('m=audio 4000 RTP/AVP 0', 'a=inactive', 'm=video 5000 RTP/AVP 96', 'a=sendrecv')),
    'inactive',
  );
  t.equal(audioDirection(sdp('m=video 5000 RTP/AVP 96', 'a=inactive', 'm=audio 4000 RTP/AVP 0')), 'sendrecv');
  t.equal(audioDirection(sdp('m=audio 0 RTP/AVP 0', 'a=inactive', 'm=audio 4000 RTP/AVP 0', 'a=recvonly')), 'recvonly');
});

t.test('hold is when the far end will not listen, also in the old way', async (t) => {
  t.equal(isHold(sdp('m=audio 4000 RTP/AVP 0', 'a=sendonly')), true);
  t.equal(isHold(sdp('m=audio 4000 RTP/AVP 0', 'a=inactive')), true);
  t.equal(isHold(sdp('m=audio 4000 RTP/AVP 0', 'a=recvonly')), false);
  t.equal(isHold(sdp('c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0')), true);
  t.equal(isHold(sdp('c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0', 'c=IN IP4 192.0.2.1')), false);
  t.equal(looksLikeSdp(sdp()), true);
  t.equal(looksLikeSdp(''), false);
  t.equal(looksLikeSdp('hello'), false);
});

t.test('INFO carries one digit in either form', async (t) => {
  const relay = (body: string) => readInfo('application/dtmf-relay', body);
  t.strictSame(relay('Signal=5\r\nDuration=250\r\n'), { kind: 'digit', digit: '5', durationMs: 250 });
  t.strictSame(relay('Signal= *\r\nDuration= 160'), { kind: 'digit', digit: '*', durationMs: 160 });
  t.strictSame(relay('Signal=11'), { kind: 'digit', digit: '#', durationMs: 160 });
  t.strictSame(relay('Signal=d\nDuration=99999'), { kind: 'digit', digit: 'D', durationMs: 8000 });
  t.strictSame(readInfo('application/dtmf; x=y', ' 7 '), { kind: 'digit', digit: '7', durationMs: 160 });
});

t.test('INFO that is no digit is told apart from INFO we cannot read', async (t) => {
  t.equal(readInfo('application/dtmf-relay', 'Signal=16').kind, 'nothing');
  t.equal(readInfo(undefined, '').kind, 'nothing');
  t.equal(readInfo('application/dtmf-relay', 'Signal=55').kind, 'unsupported');
  t.equal(readInfo('application/dtmf-relay', 'hello').kind, 'unsupported');
  t.equal(readInfo('application/media_control+xml', '<x/>').kind, 'unsupported');
});
