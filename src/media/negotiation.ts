// One party's SDP (RFC 3264, RFC 8829 for browsers): makes our offers and answers and says what was agreed.
// Telephony is negotiated by protocol/sdp. A browser's description is the same negotiation with the lines of WebRTC around
// it: they are taken off before and put on after, so that codecs, digits and hold follow one set of rules.
// Opens no socket: the transport tells what to write. Both makers use it: a media server of others is told what was agreed
// here and never negotiates with a far end itself.

import { randomBytes, randomInt } from 'node:crypto';
import type { CryptoLine, CryptoSuite, Direction } from '../protocol/sdp/attributes.ts';
import { attribute, keyAndSaltLength } from '../protocol/sdp/attributes.ts';
import { codecsNamed } from '../protocol/sdp/codecs.ts';
import type { LocalStream, NegotiatedAudio } from '../protocol/sdp/offer-answer.ts';
import {
  answerAudioOffer,
  createAudioOffer,
  createAudioReOffer,
  nextVersion,
  readAudioAnswer,
} from '../protocol/sdp/offer-answer.ts';
import type { SdpMedia, SessionDescription } from '../protocol/sdp/session-description.ts';
import { addressTypeOf, parseSdp, serializeSdp } from '../protocol/sdp/session-description.ts';
import { candidateValue, type IceParameters, iceParameters, parseCandidate } from '../protocol/sdp/webrtc.ts';
import type { MediaProfile } from './endpoint.ts';

const webrtcProtocol = 'UDP/TLS/RTP/SAVPF';
const suites: readonly CryptoSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

/**
 * Order of preference when nobody says otherwise. G.711 first towards browsers too: the other side of nearly every call is a
 * telephone network with G.711, so packets pass through untouched instead of being decoded and encoded twice.
 */
const defaultCodecs: Readonly<Record<MediaProfile, readonly string[]>> = {
  rtp: ['PCMU', 'PCMA', 'opus'],
  srtp: ['PCMU', 'PCMA', 'opus'],
  webrtc: ['PCMU', 'opus', 'PCMA'],
};

export type Incompatible = { kind: 'incompatible'; because: string };

/** What our SDP must say so that a browser reaches a transport. */
export interface LocalIce {
  usernameFragment: string;
  password: string;
  fingerprint: string;
  setup: 'actpass' | 'active' | 'passive';
  candidates: string[];
  /** The transport does not nominate: the far end shall (RFC 8445 §2.5). */
  lite?: boolean;
}

export interface Local {
  /** What the far end shall see. */
  address: string;
  port: number;
  ssrc: number;
  cname: string;
  ice?: LocalIce;
}

export type ReadOffer = { kind: 'ok'; profile: MediaProfile; ice?: IceParameters } | Incompatible;

const offeredAudio = (description: SessionDescription): SdpMedia | undefined =>
  description.media.find((media) => media.kind === 'audio' && media.port !== 0);

function parse(text: string): { kind: 'ok'; description: SessionDescription } | Incompatible {
  const parsed = parseSdp(text);
  return parsed.kind === 'ok' ? parsed : { kind: 'incompatible', because: `SDP cannot be read: ${parsed.because}` };
}

/** What kind of party an offer comes from. */
export function readOffer(sdpOffer: string): ReadOffer {
  const parsed = parse(sdpOffer);
  if (parsed.kind !== 'ok') return parsed;
  const audio = offeredAudio(parsed.description);
  if (!audio) return { kind: 'incompatible', because: 'no audio stream offered' };
  const ice = iceParameters(parsed.description, audio);
  if (ice.fingerprint && ice.usernameFragment) return { kind: 'ok', profile: 'webrtc', ice };
  const encrypted = parsed.description.media.some(
    (media) => media.kind === 'audio' && /\/SAVPF?$/i.test(media.protocol),
  );
  return { kind: 'ok', profile: encrypted ? 'srtp' : 'rtp' };
}

/** The same description as telephony would write it. A browser's c= and port say nothing: ICE does. */
function withoutWebrtc(description: SessionDescription): SessionDescription {
  const media = description.media.map((each) => {
    if (each.kind !== 'audio' || !/SAVPF$/i.test(each.protocol)) return each;
    return { ...each, protocol: 'RTP/AVPF', connection: { addressType: 'IP4' as const, address: '192.0.2.1' } };
  });
  return { ...description, media };
}

/** A negotiation as plain data; it has our keys of SRTP in it. */
export interface SavedNegotiation {
  profile: MediaProfile;
  codecs: readonly string[];
  sessionId: string;
  version: string;
  crypto: CryptoLine[];
  audio: NegotiatedAudio | null;
  localSdp: string;
  remoteIce: IceParameters | null;
  setup: 'active' | 'passive' | null;
  wanted: Direction;
}

export class Negotiation {
  readonly profile: MediaProfile;
  audio: NegotiatedAudio | undefined;
  localSdp = '';
  /** The far end's credentials of the ICE session in use. */
  remoteIce: IceParameters | undefined;
  private readonly codecs: readonly string[];
  private sessionId = String(randomInt(1, 2 ** 47));
  private version = '1';
  private crypto: CryptoLine[];
  private local: SessionDescription | undefined;
  private pendingOffer: SessionDescription | undefined;
  /** Our side of DTLS once agreed: it stays through later offers (RFC 8842 §5). */
  private setup: 'active' | 'passive' | undefined;
  private wanted: Direction = 'sendrecv';

  constructor(profile: MediaProfile, codecs: readonly string[] | undefined) {
    this.profile = profile;
    this.codecs = codecs?.length ? codecs : defaultCodecs[profile];
    this.crypto =
      profile === 'srtp'
        ? suites.map((suite, i) => ({ tag: i + 1, suite, keyAndSalt: randomBytes(keyAndSaltLength(suite)) }))
        : [];
  }

  /** Undefined while an offer of ours waits for its answer. */
  save(): SavedNegotiation | undefined {
    if (!this.audio || !this.local) return undefined;
    const {
      profile,
      codecs,
      sessionId,
      version,
      crypto,
      audio,
      localSdp,
      remoteIce = null,
      setup = null,
      wanted,
    } = this;
    return { profile, codecs, sessionId, version, crypto, audio, localSdp, remoteIce, setup, wanted };
  }

  static restored(saved: SavedNegotiation): Negotiation {
    const one = new Negotiation(saved.profile, saved.codecs);
    const { sessionId, version, audio, localSdp, remoteIce, setup, wanted } = saved;
    const parsed = parseSdp(localSdp);
    Object.assign(one, { sessionId, version, localSdp, wanted });
    one.crypto = [...saved.crypto];
    if (parsed.kind === 'ok') one.local = parsed.description;
    if (audio) one.audio = audio;
    if (remoteIce) one.remoteIce = remoteIce;
    if (setup) one.setup = setup;
    return one;
  }

  /** Keys that somebody else's SRTP made, in place of ours. */
  useKeys(lines: readonly CryptoLine[]): void {
    this.crypto = [...lines];
  }

  private stream(local: Local): LocalStream {
    return {
      address: local.address,
      port: local.port,
      sessionId: this.sessionId,
      version: this.version,
      codecs: codecsNamed(this.codecs),
      direction: this.wanted,
      rtcpMux: this.profile === 'webrtc',
      ...(this.crypto.length > 0 ? { crypto: this.crypto } : {}),
    };
  }

  offer(local: Local, direction?: Direction): string {
    this.wanted = direction ?? 'sendrecv';
    const stream = this.stream(local);
    const offer = this.local ? createAudioReOffer(withoutWebrtc(this.local), stream) : createAudioOffer(stream);
    this.version = offer.origin.version;
    this.pendingOffer = offer;
    this.localSdp = this.write(offer, local, 'actpass');
    return this.localSdp;
  }

  /** Reads the answer to our last offer. A later answer to the same offer (after early media) replaces an earlier one. */
  acceptAnswer(sdpAnswer: string): { kind: 'ok'; audio: NegotiatedAudio } | Incompatible {
    const offer = this.pendingOffer;
    if (!offer) return { kind: 'incompatible', because: 'no offer of ours is waiting for an answer' };
    const parsed = parse(sdpAnswer);
    if (parsed.kind !== 'ok') return parsed;
    const webrtc = this.profile === 'webrtc';
    const answer = webrtc ? withoutWebrtc(parsed.description) : parsed.description;
    const read = readAudioAnswer(offer, answer, { codecs: codecsNamed(this.codecs) });
    if (read.kind === 'incompatible') return read;
    if (webrtc) {
      const stream = parsed.description.media.find((media) => media.kind === 'audio');
      const ice = stream && iceParameters(parsed.description, stream);
      if (!ice?.fingerprint || !ice.usernameFragment) {
        return { kind: 'incompatible', because: 'the answer has no ICE credentials or fingerprint' };
      }
      this.remoteIce = ice;
      this.setup = ice.setup === 'passive' ? 'active' : 'passive';
    }
    this.audio = read.audio;
    return read;
  }

  answer(sdpOffer: string, local: Local): { kind: 'ok'; audio: NegotiatedAudio } | Incompatible {
    const parsed = parse(sdpOffer);
    if (parsed.kind !== 'ok') return parsed;
    const webrtc = this.profile === 'webrtc';
    const offer = webrtc ? withoutWebrtc(parsed.description) : parsed.description;
    if (this.local) this.version = nextVersion(this.local);
    this.wanted = 'sendrecv';
    const stream = this.stream(local);
    const answered = answerAudioOffer(offer, { ...stream, rtcpMux: true });
    if (answered.kind === 'incompatible') return answered;
    if (webrtc) {
      this.remoteIce = iceParameters(parsed.description, parsed.description.media[answered.mediaIndex]!);
      if (local.ice && local.ice.setup !== 'actpass') this.setup ??= local.ice.setup;
    }
    this.audio = answered.audio;
    this.pendingOffer = undefined;
    this.localSdp = this.write(answered.answer, local, this.setup ?? 'active');
    return { kind: 'ok', audio: answered.audio };
  }

  /** A new transport begins with a role of its own. */
  forgetSetup(): void {
    this.setup = undefined;
  }

  private write(description: SessionDescription, local: Local, setup: LocalIce['setup']): string {
    const written =
      this.profile === 'webrtc' && local.ice
        ? withWebrtc(description, this.local, local, local.ice, setup)
        : description;
    this.local = written;
    return serializeSdp(written);
  }
}

function withWebrtc(
  description: SessionDescription,
  previous: SessionDescription | undefined,
  local: Local,
  ice: LocalIce,
  setup: LocalIce['setup'],
): SessionDescription {
  const mids: string[] = [];
  const media = description.media.map((each, index): SdpMedia => {
    if (each.kind !== 'audio' || each.port === 0) return each;
    const before = previous?.media[index];
    const mid = attribute(each, 'mid') ?? (before && attribute(before, 'mid')) ?? String(index);
    mids.push(mid);
    const attributes = each.attributes.filter(({ name }) => !['mid', 'rtcp-mux', 'rtcp'].includes(name));
    attributes.push(
      { name: 'mid', value: mid },
      { name: 'rtcp-mux' },
      { name: 'setup', value: setup },
      { name: 'fingerprint', value: ice.fingerprint },
      { name: 'ice-ufrag', value: ice.usernameFragment },
      { name: 'ice-pwd', value: ice.password },
      { name: 'msid', value: `${local.cname} ${local.cname}` },
      { name: 'ssrc', value: `${local.ssrc} cname:${local.cname}` },
      ...ice.candidates.map((value) => ({ name: 'candidate', value: shownCandidate(value, local.address) })),
      { name: 'end-of-candidates' },
    );
    return { ...each, protocol: webrtcProtocol, attributes };
  });
  const connection = { addressType: addressTypeOf(local.address), address: local.address };
  const group = mids.length > 0 ? [{ name: 'group', value: `BUNDLE ${mids.join(' ')}` }] : [];
  const lite = ice.lite ? [{ name: 'ice-lite' }] : [];
  const kept = description.attributes.filter(({ name }) => name !== 'group' && name !== 'ice-lite');
  return { ...description, connection, attributes: [...lite, ...kept, ...group], media };
}

/** The candidate as the far end may reach it: our public address in place of the one we are bound to. */
function shownCandidate(value: string, address: string): string {
  const candidate = parseCandidate(value);
  return candidate ? candidateValue({ ...candidate, address }) : value;
}
