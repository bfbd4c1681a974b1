// The SDP that FreeSWITCH is offered: what our negotiation agreed with the far end, written as if the far end had offered just
// that. FreeSWITCH always answers and so never chooses; of its answer we read where its transport is (RFC 3264, 4568, 8839).
// Does not negotiate: media/negotiation.ts does.

import type { Direction } from '../../protocol/sdp/attributes.ts';
import {
  attribute,
  attributes,
  type CryptoLine,
  connectionOf,
  cryptoValue,
  parseCrypto,
} from '../../protocol/sdp/attributes.ts';
import type { NegotiatedAudio } from '../../protocol/sdp/offer-answer.ts';
import { parseSdp } from '../../protocol/sdp/session-description.ts';
import { candidateValue, type IceParameters, iceParameters } from '../../protocol/sdp/webrtc.ts';
import type { MediaProfile } from '../endpoint.ts';
import type { LocalIce } from '../negotiation.ts';

/** What FreeSWITCH's side of an endpoint is. */
export interface FreeswitchSide {
  address: string;
  port: number;
  /** What it will send with, as a browser wants to know it; 0 when it does not say. */
  ssrc: number;
  crypto: CryptoLine[];
  ice?: LocalIce;
}

export interface FarEnd {
  profile: MediaProfile;
  audio?: NegotiatedAudio;
  ice?: IceParameters;
  /** FreeSWITCH's side of DTLS where that is settled. */
  role?: 'active' | 'passive';
  version: number;
}

/**
 * The far end's direction, seen from FreeSWITCH, by ours. One that only sends (it holds us and plays its own music) is told
 * as sendrecv: FreeSWITCH would let nobody hear it. What would be sent to it is silenced by the endpoint.
 */
const toldDirection: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendrecv',
  inactive: 'inactive',
};

/** Packets for a party that has not said where it is: the discard port of FreeSWITCH's own host. */
const nowhere = { address: '127.0.0.1', port: 9 };

/**
 * FreeSWITCH refuses an offer none of whose candidates it may use (mDNS names, a browser that still gathers). It learns the
 * true one from the browser's own checks, so it is always given one to begin with; a usable one before it is preferred.
 * The port is another one each time, because it sets up DTLS in a later offer only when the address has changed.
 */
const lastCandidate = (version: number): string =>
  candidateValue({
    foundation: '99',
    component: 1,
    transport: 'UDP',
    priority: 1,
    address: nowhere.address,
    port: nowhere.port + version,
    type: 'host',
    rest: '',
  });

/** Of nobody. */
const noFingerprint = `sha-256 ${Array.from({ length: 32 }, () => '00').join(':')}`;
const placeholderKey = Buffer.alloc(30, 1).toString('base64');

function codecLines({ audio }: FarEnd): { formats: number[]; lines: string[] } {
  if (!audio)
    return {
      formats: [0, 101],
      lines: ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'],
    };
  const { codec, telephoneEvent } = audio;
  const formats = [codec.sendPayloadType];
  const channels = codec.channels > 1 ? `/${codec.channels}` : '';
  const lines = [`a=rtpmap:${codec.sendPayloadType} ${codec.name}/${codec.clockRateHz}${channels}`];
  if (codec.remoteParameters) lines.push(`a=fmtp:${codec.sendPayloadType} ${codec.remoteParameters}`);
  if (telephoneEvent) {
    formats.push(telephoneEvent.sendPayloadType);
    lines.push(`a=rtpmap:${telephoneEvent.sendPayloadType} telephone-event/${telephoneEvent.clockRateHz}`);
    lines.push(`a=fmtp:${telephoneEvent.sendPayloadType} 0-15`);
  }
  return { formats, lines };
}

function iceLines({ ice, role, version }: FarEnd): string[] {
  const candidates = (ice?.candidates ?? []).filter(({ component }) => component === 1);
  return [
    `a=ice-ufrag:${ice?.usernameFragment ?? 'nobody'}`,
    `a=ice-pwd:${ice?.password ?? 'nobody-has-answered-yet00'}`,
    ...(ice ? dtlsLines(ice, role) : []),
    'a=rtcp-mux',
    ...candidates.map((each) => `a=candidate:${candidateValue(each)}`),
    `a=candidate:${lastCandidate(version)}`,
  ];
}

/** A browser that leaves the choice of roles open is called, unless that was settled before (RFC 8842 §5). */
function dtlsLines(ice: IceParameters, role: FarEnd['role']): string[] {
  const { algorithm, value } = ice.fingerprint ?? {};
  const open = role === 'passive' ? 'active' : 'passive';
  const setup = ice.setup === 'active' || ice.setup === 'passive' ? ice.setup : open;
  return [`a=fingerprint:${algorithm ? `${algorithm} ${value}` : noFingerprint}`, `a=setup:${setup}`];
}

export function sdpForFreeswitch(farEnd: FarEnd): string {
  const { profile, audio, version } = farEnd;
  const at = profile === 'webrtc' ? nowhere : (audio?.remote ?? nowhere);
  const { formats, lines } = codecLines(farEnd);
  // ICE without DTLS while nobody has answered: a browser's handshake must not meet a certificate that is nobody's.
  const webrtc = farEnd.ice ? 'UDP/TLS/RTP/SAVPF' : 'RTP/AVPF';
  const protocol = { rtp: 'RTP/AVP', srtp: 'RTP/SAVP', webrtc }[profile];
  const keys =
    profile === 'srtp'
      ? [
          `a=crypto:${audio?.crypto ? cryptoValue(audio.crypto.remote) : `1 AES_CM_128_HMAC_SHA1_80 inline:${placeholderKey}`}`,
        ]
      : [];
  const all = [
    'v=0',
    `o=- 1 ${version} IN IP4 ${at.address}`,
    's=-',
    `c=IN IP4 ${at.address}`,
    't=0 0',
    `m=audio ${at.port} ${protocol} ${formats.join(' ')}`,
    ...lines,
    ...keys,
    ...(profile === 'webrtc' ? iceLines(farEnd) : audio?.rtcpMux ? ['a=rtcp-mux'] : []),
    `a=ptime:${audio?.sendPtimeMs ?? 20}`,
    `a=${toldDirection[audio?.direction ?? 'sendrecv']}`,
  ];
  return `${all.join('\r\n')}\r\n`;
}

/** Reads FreeSWITCH's answer; undefined when it does not say where it is. */
export function readFreeswitchAnswer(sdpAnswer: string): FreeswitchSide | undefined {
  const parsed = parseSdp(sdpAnswer);
  if (parsed.kind !== 'ok') return undefined;
  const media = parsed.description.media.find(({ kind, port }) => kind === 'audio' && port !== 0);
  const connection = media && connectionOf(parsed.description, media);
  if (!media || !connection) return undefined;
  const crypto = attributes(media, 'crypto')
    .map(parseCrypto)
    .filter((each) => each !== undefined);
  const ssrc = Number(attribute(media, 'ssrc')?.split(' ')[0] ?? 0);
  const side: FreeswitchSide = { address: connection.address, port: media.port, ssrc, crypto };
  const ice = iceParameters(parsed.description, media);
  if (ice.usernameFragment && ice.password) {
    side.ice = {
      usernameFragment: ice.usernameFragment,
      password: ice.password,
      fingerprint: ice.fingerprint ? `${ice.fingerprint.algorithm} ${ice.fingerprint.value}` : '',
      setup: ice.setup === 'passive' ? 'passive' : 'active',
      candidates: ice.candidates.map(candidateValue),
      lite: true,
    };
  }
  return side;
}

/** An offer of a browser that is not there, to learn FreeSWITCH's fingerprint: it has one certificate for all. */
export const browserOfNobody: FarEnd = {
  profile: 'webrtc',
  version: 1,
  ice: {
    usernameFragment: 'nobody',
    password: 'nobody-will-ever-answer0',
    setup: 'active',
    lite: false,
    candidates: [],
  },
};
