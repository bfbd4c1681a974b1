import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { attribute, attributes, type CryptoLine, parseCrypto } from './attributes.ts';
import { codecsNamed } from './codecs.ts';
import {
  answerAudioOffer,
  answerDirection,
  createAudioOffer,
  createAudioReOffer,
  type LocalStream,
  nextVersion,
  readAudioAnswer,
} from './offer-answer.ts';
import { parseSdp, type SessionDescription, serializeSdp } from './session-description.ts';

const local: LocalStream = {
  address: '127.0.0.1',
  port: 20000,
  sessionId: '77',
  version: '1',
  codecs: codecsNamed(['PCMU', 'PCMA', 'opus']),
};

function read(...lines: string[]): SessionDescription {
  const parsed = parseSdp(
    ['v=0', 'o=- 5 6 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0', ...lines].join('\r\n'),
  );
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.description;
}

const key = (byte: number, suite: CryptoLine['suite'] = 'AES_CM_128_HMAC_SHA1_80', tag = 1): CryptoLine => ({
  tag,
  suite,
  keyAndSalt: Buffer.alloc(30, byte),
});

t.test('an offer names our codecs, events at each clock rate, and nothing about us', async (t) => {
  t.equal(
    serializeSdp(createAudioOffer(local)),
    [
      'v=0',
      'o=- 77 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 20000 RTP/AVP 0 8 111 101 110',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=10;useinbandfec=1',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=rtpmap:110 telephone-event/48000',
      'a=fmtp:110 0-15',
      'a=ptime:20',
      'a=rtcp-mux',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  );
});

t.test('the answer takes the first offered codec we have, under the offered number', async (t) => {
  const offer = read('m=audio 4000 RTP/AVP 18 8 0 96', 'a=rtpmap:96 telephone-event/8000', 'a=ptime:30');
  const result = answerAudioOffer(offer, local);
  if (result.kind !== 'ok') return t.fail(result.because);
  t.equal(result.audio.codec.name, 'PCMA');
  t.equal(result.audio.sendPtimeMs, 30);
  t.same(result.audio.telephoneEvent, { sendPayloadType: 96, receivePayloadType: 96, clockRateHz: 8000 });
  t.same(result.audio.remote, { address: '192.0.2.9', port: 4000, rtcpAddress: '192.0.2.9', rtcpPort: 4001 });
  t.same(result.answer.media[0]!.formats, ['8', '96']);
  t.notOk(result.audio.rtcpMux, 'not offered, so not answered');
});

t.test('other streams are refused in their places', async (t) => {
  const offer = read('m=video 5000 RTP/AVP 99', 'a=mid:v', 'm=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/AVP 8');
  const result = answerAudioOffer(offer, local);
  if (result.kind !== 'ok') return t.fail(result.because);
  t.same(
    result.answer.media.map((media) => [media.kind, media.port]),
    [
      ['video', 0],
      ['audio', 20000],
      ['audio', 0],
    ],
  );
  t.equal(attribute(result.answer.media[0]!, 'mid'), 'v');
});

t.test('what cannot be met is a value with its reason', async (t) => {
  const because = (...lines: string[]) => {
    const result = answerAudioOffer(read(...lines), local);
    return result.kind === 'incompatible' ? result.because : 'accepted';
  };
  t.equal(because('m=audio 4000 RTP/AVP 18 9'), 'no codec in common: offered G729, G722');
  t.equal(because('m=video 4000 RTP/AVP 99'), 'no audio stream offered');
  t.equal(because('m=audio 0 RTP/AVP 0'), 'no audio stream offered');
  t.match(because('m=audio 4000 RTP/SAVP 0'), /RTP\/SAVP, not RTP\/AVP/);
  t.match(because('m=audio 4000 UDP/TLS/RTP/SAVPF 0'), /UDP\/TLS/);
});

t.test('directions answer each other', async (t) => {
  t.equal(answerDirection('sendrecv', 'sendrecv'), 'sendrecv');
  t.equal(answerDirection('sendonly', 'sendrecv'), 'recvonly');
  t.equal(answerDirection('recvonly', 'sendrecv'), 'sendonly');
  t.equal(answerDirection('inactive', 'sendrecv'), 'inactive');
  t.equal(answerDirection('sendrecv', 'sendonly'), 'sendonly');
  t.equal(answerDirection('sendonly', 'sendonly'), 'inactive');
  t.equal(answerDirection('recvonly', 'recvonly'), 'inactive');
});

t.test('hold comes as sendonly, inactive, or the old null address', async (t) => {
  const answer = (...lines: string[]) => {
    const result = answerAudioOffer(read(...lines), local);
    if (result.kind !== 'ok') throw new Error(result.because);
    return result;
  };
  const held = answer('m=audio 4000 RTP/AVP 0', 'a=sendonly');
  t.same([held.audio.direction, held.audio.heldByRemote], ['recvonly', true]);
  const old = answer('m=audio 4000 RTP/AVP 0', 'c=IN IP4 0.0.0.0');
  t.same([old.audio.direction, old.audio.heldByRemote, old.audio.remote], ['recvonly', true, undefined]);
  t.notMatch(serializeSdp(old.answer), /0\.0\.0\.0/);
  t.equal(answer('m=audio 4000 RTP/AVP 0', 'a=inactive').audio.direction, 'inactive');
  t.notOk(answer('m=audio 4000 RTP/AVP 0', 'a=recvonly').audio.heldByRemote);
});

t.test('a session-level direction holds for a stream without one', async (t) => {
  const offer = read('a=sendonly', 'm=audio 4000 RTP/AVP 0');
  const result = answerAudioOffer(offer, local);
  t.equal(result.kind === 'ok' && result.audio.direction, 'recvonly');
});

t.test('an offer of ours and its answer agree, each with its own numbers', async (t) => {
  const offer = createAudioOffer(local);
  const answer = read('m=audio 6000 RTP/AVP 99 97', 'a=rtpmap:99 OPUS/48000/2', 'a=rtpmap:97 telephone-event/48000');
  const result = readAudioAnswer(offer, answer, local);
  if (result.kind !== 'ok') return t.fail(result.because);
  t.match(result.audio.codec, { name: 'opus', sendPayloadType: 99, receivePayloadType: 111 });
  t.same(result.audio.telephoneEvent, { sendPayloadType: 97, receivePayloadType: 110, clockRateHz: 48000 });
});

t.test('an answer that refuses, changes the transport or shares no codec is incompatible', async (t) => {
  const offer = createAudioOffer(local);
  for (const line of [
    'm=audio 0 RTP/AVP 0',
    'm=audio 6000 RTP/SAVP 0',
    'm=audio 6000 RTP/AVP 18',
    'm=video 1 RTP/AVP 0',
  ]) {
    t.equal(readAudioAnswer(offer, read(line), local).kind, 'incompatible', line);
  }
  t.equal(readAudioAnswer(offer, read(), local).kind, 'incompatible');
});

t.test('SDES: both sides end up with both keys', async (t) => {
  const ours: LocalStream = { ...local, crypto: [key(1), key(2, 'AES_CM_128_HMAC_SHA1_32', 2)] };
  const offer = createAudioOffer(ours);
  t.equal(offer.media[0]!.protocol, 'RTP/SAVP');
  const answered = answerAudioOffer(offer, { ...local, port: 30000, crypto: [key(9, 'AES_CM_128_HMAC_SHA1_32')] });
  if (answered.kind !== 'ok') return t.fail(answered.because);
  t.equal(attributes(answered.answer.media[0]!, 'crypto').length, 1);
  t.match(answered.audio.crypto, { local: { tag: 2 }, remote: { tag: 2 } });
  const agreed = readAudioAnswer(offer, answered.answer, ours);
  if (agreed.kind !== 'ok') return t.fail(agreed.because);
  t.equal(agreed.audio.crypto!.local.keyAndSalt[0], 2);
  t.equal(agreed.audio.crypto!.remote.keyAndSalt[0], 9);
});

t.test('crypto lines we cannot honour are passed over', async (t) => {
  const good = `inline:${Buffer.alloc(30, 7).toString('base64')}`;
  t.ok(parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 ${good}`));
  t.ok(parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 ${good}|2^31 WSH=64`));
  t.notOk(parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 ${good}|2^31|1:4`), 'MKI');
  t.notOk(parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 ${good} UNENCRYPTED_SRTP`));
  t.notOk(parseCrypto(`1 F8_128_HMAC_SHA1_80 ${good}`));
  t.notOk(parseCrypto('1 AES_CM_128_HMAC_SHA1_80 inline:AAAA'));
});

t.test('a later offer keeps its session and its refused streams, and counts its version up', async (t) => {
  const first = answerAudioOffer(read('m=video 5000 RTP/AVP 99', 'm=audio 4000 RTP/AVP 0'), local);
  if (first.kind !== 'ok') return t.fail(first.because);
  const hold = createAudioReOffer(first.answer, { ...local, direction: 'sendonly' });
  t.equal(hold.origin.sessionId, '77');
  t.equal(hold.origin.version, '2');
  t.equal(nextVersion(hold), '3');
  t.same(
    hold.media.map((media) => [media.kind, media.port]),
    [
      ['video', 0],
      ['audio', 20000],
    ],
  );
  t.match(serializeSdp(hold), /a=sendonly/);
  const back = readAudioAnswer(hold, read('m=video 0 RTP/AVP 99', 'm=audio 4000 RTP/AVP 0', 'a=recvonly'), local);
  t.equal(back.kind === 'ok' && back.audio.direction, 'sendonly');
});

t.test('mutated offers give an answer or a reason, never an exception', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const crypto = [key(1), key(2, 'AES_CM_128_HMAC_SHA1_32', 2)];
  const text = serializeSdp(createAudioOffer({ ...local, rtcpPort: 20001, crypto }));
  const until = Date.now() + 1500;
  let answered = 0;
  let refused = 0;
  while (Date.now() < until) {
    const bytes = Buffer.from(text);
    for (let i = random.integer(1, 8); i > 0; i--) bytes[random.integer(0, bytes.length)] = random.integer(9, 128);
    const parsed = parseSdp(bytes.toString('latin1'));
    if (parsed.kind !== 'ok') continue;
    const result = answerAudioOffer(parsed.description, { ...local, crypto: [key(3)] });
    readAudioAnswer(createAudioOffer({ ...local, crypto }), parsed.description, local);
    if (result.kind === 'ok') answered++;
    else refused++;
  }
  t.ok(answered > 0 && refused > 0, `${answered} answered, ${refused} refused`);
});
