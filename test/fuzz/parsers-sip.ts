// Parsers of what comes over SIP, SDP, RTP and STUN, with examples of what they read.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOffer } from '../../src/media/negotiation.ts';
import { parseTrunkNumber, parseUserInput } from '../../src/privacy/number-forms.ts';
import { newRtpHeader, packetKind, parseRtp } from '../../src/protocol/rtp/packet.ts';
import { parseRtcp } from '../../src/protocol/rtp/rtcp.ts';
import { SrtpReceiver } from '../../src/protocol/rtp/srtp.ts';
import { parseTelephoneEvent } from '../../src/protocol/rtp/telephone-event.ts';
import { parseCrypto } from '../../src/protocol/sdp/attributes.ts';
import { answerAudioOffer, createAudioOffer, readAudioAnswer } from '../../src/protocol/sdp/offer-answer.ts';
import { parseSdp, serializeSdp } from '../../src/protocol/sdp/session-description.ts';
import { parseCandidate } from '../../src/protocol/sdp/webrtc.ts';
import { parseAddress, parseAddressList } from '../../src/protocol/sip/address.ts';
import { parseChallenge, parseCredentials } from '../../src/protocol/sip/auth/digest.ts';
import { parseCSeq, parseRAck } from '../../src/protocol/sip/cseq.ts';
import { makeResponse } from '../../src/protocol/sip/make-response.ts';
import { parseParams } from '../../src/protocol/sip/params.ts';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import { serialize } from '../../src/protocol/sip/serialize.ts';
import { createStreamFramer } from '../../src/protocol/sip/stream-framer.ts';
import { formatUri, parseHostPort, parseSipUri, parseUri } from '../../src/protocol/sip/uri.ts';
import { parseVia, parseViaLoosely } from '../../src/protocol/sip/via.ts';
import { readAnswer } from '../../src/protocol/siprec/recording-session.ts';
import { answerToCheck, readCheck } from '../../src/protocol/stun/connectivity-check.ts';
import { decodeStun, stunLength, verifyStun } from '../../src/protocol/stun/stun-message.ts';
import { readCaller, readDiverting } from '../../src/sbc/caller-identity.ts';
import { joinedDigests } from '../../src/sbc/digest/joined.ts';
import { parseCommand } from '../../src/sbc/embedded/control/commands.ts';
import { createFrameReader } from '../../src/sbc/embedded/control/framing.ts';
import { readInfo } from '../../src/sbc/legs/info-digits.ts';
import { audioDirection } from '../../src/sbc/legs/sdp-view.ts';
import { parseHostports } from '../../src/sbc/link/control-link.ts';
import { causeOfBye } from '../../src/sbc/sip-cause.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { forgedBinding } from '../support/attack/webrtc-forgeries.ts';
import { decodeOpus, opusPackets, ourCodecs } from './audio.ts';
import type { FuzzedParser } from './parser.ts';

const recordedStreams = [
  { label: 'a', port: 4000 },
  { label: 'b', port: 4002 },
];
const folder = join(projectRoot, 'test/fixtures/torture');
const torture = readdirSync(folder)
  .filter((file) => file.endsWith('.dat'))
  .map((file) => readFileSync(join(folder, file)));

const browserOffer = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=msid-semantic: WMS',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126',
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host generation 0',
  'a=candidate:2 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789abcdef01234567',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:126 telephone-event/8000',
  '',
].join('\r\n');
const carrierOffer =
  'v=0\r\no=c 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0 8 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:40001 IN IP6 ::1\r\nm=video 0 RTP/AVP 31\r\n';

const headers = [
  '"Anonymous, Inc" <sip:+81312345678;npdi@carrier.example;user=phone?h=v>;tag=1, <tel:+81-3-1234-5678;phone-context=x>',
  'Digest username="a\\"b", realm="x, y", nonce="n", uri="sip:x", response="0", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"',
  'SIP/2.0/WSS [2001:db8::1]:5061;branch=z9hG4bKx;rport=5;received=192.0.2.1, SIP/2.0/UDP h',
  'Q.850;cause=16;text="Normal, call clearing", SIP;cause=200',
  '1 INVITE',
  '776656 1 INVITE',
  'id;critical, user;header',
  '184 (０３) 1234-5678',
];

const rtp = Buffer.concat([
  Buffer.from('9265000a0000006412345678aaaaaaaabede0001108000aa', 'hex'),
  Buffer.alloc(160, 0x55),
]);
const report = Buffer.from(
  '81c8000c12345678e0000000800000000000a0000000000a0000064012345679000000000000000a0000000000000000000000008001000281ca0005123456780104746573740000',
  'hex',
);

export const sipParsers: FuzzedParser[] = [
  {
    name: 'SIP messages',
    covers: ['protocol/sip/parse.ts', 'protocol/sip/stream-framer.ts'],
    examples: torture,
    spice: ['Via: ', 'l: ', 'Content-Length: ', 'SIP/2.0', 'CSeq: 1 INVITE'],
    parse(input) {
      createStreamFramer().push(input);
      const result = parseMessage(input);
      if (result.kind === 'malformed' && result.partial)
        serialize(makeResponse(result.partial, { status: 400, toTag: 'x' }));
      if (result.kind === 'message') serialize(result.message);
    },
  },
  {
    name: 'SIP headers and URIs',
    covers: [
      'protocol/sip/address.ts',
      'protocol/sip/uri.ts',
      'protocol/sip/via.ts',
      'protocol/sip/params.ts',
      'protocol/sip/cseq.ts',
      'protocol/sip/auth/digest.ts',
      'sbc/link/control-link.ts',
    ],
    examples: headers,
    parse(input) {
      const text = input.toString('utf8');
      parseAddress(text);
      parseAddressList(text);
      const uri = parseUri(text);
      if (uri) formatUri(uri);
      parseSipUri(text);
      parseHostPort(text);
      parseVia(text);
      parseViaLoosely(text);
      parseParams(text, 0);
      parseCSeq(text);
      parseRAck(text);
      parseCredentials(text);
      parseChallenge(text);
      parseHostports(text);
    },
  },
  {
    name: 'who calls, digits and causes',
    covers: ['sbc/caller-identity.ts', 'sbc/legs/info-digits.ts', 'privacy/number-forms.ts'],
    examples: [...headers, 'Signal=5\r\nDuration=160\r\n', '5'],
    parse(input) {
      const text = input.toString('utf8');
      const request = { get: () => text };
      readCaller(request, { trustAsserted: true, form: 'national' });
      readDiverting(request, 'e164');
      joinedDigests(text);
      readInfo('application/dtmf-relay', text);
      readInfo('application/dtmf', text);
      causeOfBye(text);
      audioDirection(text);
      parseTrunkNumber(text, 'e164', 'JP');
      parseUserInput(text, 'JP');
    },
  },
  {
    name: 'SDP, offers and answers',
    covers: [
      'protocol/sdp/session-description.ts',
      'protocol/sdp/offer-answer.ts',
      'protocol/sdp/attributes.ts',
      'protocol/sdp/webrtc.ts',
      'media/negotiation.ts',
      'protocol/siprec/recording-session.ts',
    ],
    examples: [browserOffer, carrierOffer],
    spice: [
      'm=audio 1 RTP/AVP 0\r\n',
      'a=group:BUNDLE 0 1 2\r\n',
      'a=candidate:',
      'a=crypto:1 ',
      'c=IN IP6 ::',
      'a=rtpmap:',
    ],
    parse(input) {
      const text = input.toString('utf8');
      readOffer(text);
      readAnswer(text, recordedStreams);
      const parsed = parseSdp(text);
      if (parsed.kind !== 'ok') return;
      serializeSdp(parsed.description);
      const local = { address: '192.0.2.1', port: 4000, sessionId: '1', version: '1', codecs: ourCodecs };
      answerAudioOffer(parsed.description, local);
      readAudioAnswer(createAudioOffer(local), parsed.description, local);
      for (const { attributes } of parsed.description.media)
        for (const { value = '' } of attributes) {
          parseCandidate(value);
          parseCrypto(value);
        }
    },
  },
  {
    name: 'RTP and telephone events',
    covers: ['protocol/rtp/packet.ts', 'protocol/rtp/telephone-event.ts', 'protocol/rtp/g711.ts'],
    examples: [rtp, Buffer.concat([rtp.subarray(0, 12), Buffer.from('058a0320', 'hex')])],
    parse(input) {
      packetKind(input);
      parseRtp(input, newRtpHeader());
      parseTelephoneEvent(input, Math.min(12, input.length));
    },
  },
  {
    name: 'RTCP',
    covers: ['protocol/rtp/rtcp.ts'],
    examples: [report, Buffer.from('81cb000112345678', 'hex')],
    parse: (input) => parseRtcp(input),
  },
  {
    name: 'SRTP and SRTCP',
    covers: ['protocol/rtp/srtp.ts'],
    examples: [rtp, report],
    parse(input) {
      srtp.unprotectRtp(Buffer.from(input));
      srtp.unprotectRtcp(input);
    },
  },
  { name: 'Opus', covers: ['protocol/rtp/opus.ts'], examples: opusPackets, parse: (input) => decodeOpus(input) },
  {
    name: 'STUN',
    covers: ['protocol/stun/stun-message.ts', 'protocol/stun/connectivity-check.ts'],
    examples: [
      forgedBinding('a:b', 'c'),
      Buffer.from('0101000c2112a442000000000000000000000000002000080001a147e112a643', 'hex'),
    ],
    parse(input) {
      stunLength(input);
      if (decodeStun(input)) verifyStun(input, Buffer.alloc(16));
      const check = readCheck(input);
      if (check) answerToCheck(check, { address: '192.0.2.1', port: 1 }, 'password');
    },
  },
  {
    name: 'drachtio control protocol',
    covers: ['sbc/embedded/control/framing.ts', 'sbc/embedded/control/commands.ts'],
    examples: [
      '40#0123|authenticate|secret|tag1,tag2',
      '7#1|ping',
      `99#id|sip|t|d|\r\nSIP/2.0 200 OK\r\nContact: <sip:x>\r\n\r\nv=0`,
      `88#id|proxy|t|remainInDialog|fullResponse|followRedirects|serial|2s|1500ms|sip:a|sip:b\r\nINVITE sip:a SIP/2.0\r\n\r\n`,
    ],
    spice: ['#', '|', '|sip|', '|proxy|', '99999999#'],
    parse(input) {
      createFrameReader().push(input);
      parseCommand(input.toString('utf8'));
    },
  },
];

const srtp = new SrtpReceiver({ suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt: Buffer.alloc(30, 3) });
