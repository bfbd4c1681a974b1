// Offer and answer for one audio stream (RFC 3264, RFC 6337; SDES keys by RFC 4568; rtcp-mux by RFC 5761).
// Pure: descriptions in, descriptions and what was agreed out. What cannot be agreed is a value with its reason.
// Does not do WebRTC's negotiation (its engine does; see webrtc.ts), and never puts one leg's SDP into another's.

import type { CryptoLine, Direction } from './attributes.ts';
import {
  attribute,
  attributes,
  connectionOf,
  cryptoValue,
  direction,
  isNullAddress,
  maxPtimeMs,
  parseCrypto,
  ptimeMs,
  rtcpAddress,
  rtpMaps,
} from './attributes.ts';
import type { Codec, NegotiatedCodec, NegotiatedEvents } from './codecs.ts';
import { comfortNoisePayloadType, eventPayloadTypes, sharedCodecs, sharedEvents } from './codecs.ts';
import type { SdpAttribute, SdpMedia, SessionDescription } from './session-description.ts';
import { addressTypeOf } from './session-description.ts';

export interface LocalStream {
  address: string;
  port: number;
  /** Where RTCP is received when that is not port + 1. */
  rtcpPort?: number;
  /** Digits only, drawn once per endpoint. */
  sessionId: string;
  /** Digits only; use `nextVersion` for each later description. */
  version: string;
  /** Our codecs in order of preference. */
  codecs: readonly Codec[];
  /** What we want; the answer takes what the offer leaves of it. sendrecv unless told. */
  direction?: Direction;
  ptimeMs?: number;
  /** Offer rtcp-mux, or accept it when offered. True unless told. */
  rtcpMux?: boolean;
  /** SDES: our keys. In an offer one line each; in an answer the one whose suite is chosen. */
  crypto?: readonly CryptoLine[];
}

/** What two sides agreed on, seen from ours. */
export interface NegotiatedAudio {
  /** At least one; the first is the one to send with. Receive any of them. */
  codecs: NegotiatedCodec[];
  codec: NegotiatedCodec;
  telephoneEvent?: NegotiatedEvents;
  /** RFC 3389 payload 13 may arrive. */
  comfortNoise: boolean;
  /** How much audio the far end wants in a packet. */
  sendPtimeMs: number;
  /** Ours, after agreement: 'sendonly' means the far end will not send. */
  direction: Direction;
  /** The far end put us on hold: it does not want to receive as it did (sendonly or inactive, or the old c=0.0.0.0). */
  heldByRemote: boolean;
  /** Where to send; undefined while the far end must not be sent to (null address). */
  remote?: { address: string; port: number; rtcpAddress: string; rtcpPort: number };
  rtcpMux: boolean;
  crypto?: { local: CryptoLine; remote: CryptoLine };
  protocol: string;
}

export type Incompatible = { kind: 'incompatible'; because: string };
export type Answered = { kind: 'ok'; answer: SessionDescription; audio: NegotiatedAudio; mediaIndex: number };
export type Agreed = { kind: 'ok'; audio: NegotiatedAudio };

const plainProtocols: readonly string[] = ['RTP/AVP', 'RTP/AVPF'];
const secureProtocols: readonly string[] = ['RTP/SAVP', 'RTP/SAVPF'];

/** The direction that answers `theirs` when we want `ours` (RFC 3264 §6.1). */
export function answerDirection(theirs: Direction, ours: Direction): Direction {
  const theySend = theirs === 'sendrecv' || theirs === 'sendonly';
  const theyReceive = theirs === 'sendrecv' || theirs === 'recvonly';
  const send = theyReceive && (ours === 'sendrecv' || ours === 'sendonly');
  const receive = theySend && (ours === 'sendrecv' || ours === 'recvonly');
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

/** One more than the version of `previous`: each changed description must (RFC 3264 §8). */
export const nextVersion = (previous: SessionDescription): string => String(BigInt(previous.origin.version) + 1n);

function describe(local: LocalStream, media: SdpMedia[]): SessionDescription {
  const addressType = addressTypeOf(local.address);
  return {
    // Neutral on purpose: no user name, no host name (RFC 3323 §5.3).
    origin: { username: '-', sessionId: local.sessionId, version: local.version, addressType, address: local.address },
    name: '-',
    connection: { addressType, address: local.address },
    lines: [{ type: 't', value: '0 0' }],
    attributes: [],
    media,
  };
}

function tail(local: LocalStream, mux: boolean, towards: Direction): SdpAttribute[] {
  const out: SdpAttribute[] = [{ name: 'ptime', value: String(local.ptimeMs ?? 20) }];
  if (local.rtcpPort !== undefined) out.push({ name: 'rtcp', value: String(local.rtcpPort) });
  if (mux) out.push({ name: 'rtcp-mux' });
  out.push({ name: towards });
  return out;
}

/** An offer of one audio stream: RTP/SAVP when keys are given, else RTP/AVP. */
export function createAudioOffer(local: LocalStream): SessionDescription {
  const formats: string[] = [];
  const list: SdpAttribute[] = [];
  for (const codec of local.codecs) {
    const channels = codec.channels > 1 ? `/${codec.channels}` : '';
    formats.push(String(codec.payloadType));
    list.push({ name: 'rtpmap', value: `${codec.payloadType} ${codec.name}/${codec.clockRateHz}${channels}` });
    if (codec.formatParameters) list.push({ name: 'fmtp', value: `${codec.payloadType} ${codec.formatParameters}` });
  }
  for (const rate of new Set(local.codecs.map((codec) => codec.clockRateHz))) {
    const payloadType = eventPayloadTypes[rate];
    if (payloadType !== undefined) pushEvents(formats, list, payloadType, rate);
  }
  for (const line of local.crypto ?? []) list.push({ name: 'crypto', value: cryptoValue(line) });
  list.push(...tail(local, local.rtcpMux ?? true, local.direction ?? 'sendrecv'));
  const protocol = local.crypto?.length ? 'RTP/SAVP' : 'RTP/AVP';
  return describe(local, [{ kind: 'audio', port: local.port, protocol, formats, lines: [], attributes: list }]);
}

function pushEvents(formats: string[], list: SdpAttribute[], payloadType: number, clockRateHz: number): void {
  formats.push(String(payloadType));
  list.push({ name: 'rtpmap', value: `${payloadType} telephone-event/${clockRateHz}` });
  list.push({ name: 'fmtp', value: `${payloadType} 0-15` });
}

/**
 * A later offer (hold, resume, new keys): the streams of the description it follows, in their places (RFC 3264 §8),
 * with ours made anew and the others refused as before.
 */
export function createAudioReOffer(previous: SessionDescription, local: LocalStream): SessionDescription {
  const offer = createAudioOffer({ ...local, version: nextVersion(previous) });
  const at = Math.max(
    0,
    previous.media.findIndex((media) => media.kind === 'audio' && media.port !== 0),
  );
  offer.media =
    previous.media.length === 0 ? offer.media : previous.media.map((m, i) => (i === at ? offer.media[0]! : refused(m)));
  offer.origin = { ...previous.origin, version: offer.origin.version };
  return offer;
}

/** A stream refused in its place: port 0, formats as they were (RFC 3264 §6). */
function refused(media: SdpMedia): SdpMedia {
  const mid = media.attributes.filter((each) => each.name === 'mid');
  return {
    kind: media.kind,
    port: 0,
    protocol: media.protocol,
    formats: [...media.formats],
    lines: [],
    attributes: mid,
  };
}

/** Which stream of an offer we take: an encrypted one before a plain one, the first of its kind. */
function chooseStream(offer: SessionDescription, local: LocalStream): number {
  const usable = (media: SdpMedia, protocols: readonly string[]) =>
    media.kind === 'audio' && media.port !== 0 && protocols.includes(media.protocol.toUpperCase());
  const secure = local.crypto?.length ? offer.media.findIndex((media) => usable(media, secureProtocols)) : -1;
  return secure >= 0 ? secure : offer.media.findIndex((media) => usable(media, plainProtocols));
}

/** Answers an offer: one audio stream taken, every other refused in place. */
export function answerAudioOffer(offer: SessionDescription, local: LocalStream): Answered | Incompatible {
  const mediaIndex = chooseStream(offer, local);
  if (mediaIndex < 0) return { kind: 'incompatible', because: whyNoStream(offer, local) };
  const theirs = offer.media[mediaIndex]!;
  const secure = secureProtocols.includes(theirs.protocol.toUpperCase());
  const crypto = secure ? chooseCrypto(theirs, local.crypto ?? []) : undefined;
  if (secure && !crypto) return { kind: 'incompatible', because: 'no crypto suite in common' };
  const codecs = sharedCodecs(theirs, local.codecs, (_codec, remotePayloadType) => remotePayloadType);
  const codec = codecs[0];
  if (!codec) return { kind: 'incompatible', because: `no codec in common: offered ${offeredNames(theirs)}` };
  const events = sharedEvents(theirs, codec.clockRateHz, (remotePayloadType) => remotePayloadType);
  const rtcpMux = (local.rtcpMux ?? true) && attribute(theirs, 'rtcp-mux') !== undefined;
  const towards = answerDirection(effectiveDirection(offer, theirs), local.direction ?? 'sendrecv');
  const agreed = agree(offer, theirs, [codec], events, towards, rtcpMux);
  if (agreed.kind === 'incompatible') return agreed;
  if (crypto) agreed.audio.crypto = crypto;
  const media = answerStream(local, theirs, agreed.audio);
  const answer = describe(
    local,
    offer.media.map((each, i) => (i === mediaIndex ? media : refused(each))),
  );
  return { kind: 'ok', answer, audio: agreed.audio, mediaIndex };
}

function answerStream(local: LocalStream, theirs: SdpMedia, audio: NegotiatedAudio): SdpMedia {
  const { codec, telephoneEvent } = audio;
  const formats = [String(codec.receivePayloadType)];
  const ours = local.codecs.find((each) => each.name === codec.name)!;
  const channels = codec.channels > 1 ? `/${codec.channels}` : '';
  const list: SdpAttribute[] = [
    { name: 'rtpmap', value: `${codec.receivePayloadType} ${codec.name}/${codec.clockRateHz}${channels}` },
  ];
  if (ours.formatParameters) {
    list.push({ name: 'fmtp', value: `${codec.receivePayloadType} ${ours.formatParameters}` });
  }
  if (telephoneEvent) pushEvents(formats, list, telephoneEvent.receivePayloadType, telephoneEvent.clockRateHz);
  if (audio.crypto) list.push({ name: 'crypto', value: cryptoValue(audio.crypto.local) });
  list.push(...theirs.attributes.filter((each) => each.name === 'mid'));
  list.push(...tail(local, audio.rtcpMux, audio.direction));
  return { kind: 'audio', port: local.port, protocol: theirs.protocol, formats, lines: [], attributes: list };
}

/** Their first line whose suite we have; our key for it, under their tag (RFC 4568 §5.1.2). */
function chooseCrypto(
  theirs: SdpMedia,
  ours: readonly CryptoLine[],
): { local: CryptoLine; remote: CryptoLine } | undefined {
  for (const value of attributes(theirs, 'crypto')) {
    const remote = parseCrypto(value);
    const local = remote && ours.find((each) => each.suite === remote.suite);
    if (remote && local) return { remote, local: { ...local, tag: remote.tag } };
  }
  return undefined;
}

/** Reads the answer to an offer of ours. */
export function readAudioAnswer(
  offer: SessionDescription,
  answer: SessionDescription,
  local: Pick<LocalStream, 'codecs'>,
): Agreed | Incompatible {
  const mediaIndex = offer.media.findIndex((media) => media.kind === 'audio' && media.port !== 0);
  const ours = offer.media[mediaIndex];
  const theirs = answer.media[mediaIndex];
  if (!ours || !theirs || theirs.kind !== 'audio')
    return { kind: 'incompatible', because: 'the answer has no audio stream' };
  if (theirs.port === 0) return { kind: 'incompatible', because: 'the answer refuses the audio stream' };
  const secure = secureProtocols.includes(ours.protocol);
  if (secure !== secureProtocols.includes(theirs.protocol.toUpperCase())) {
    return { kind: 'incompatible', because: `the answer speaks ${theirs.protocol}, not ${ours.protocol}` };
  }
  const offered = rtpMaps(ours);
  const codecs = sharedCodecs(theirs, local.codecs, (codec) => {
    const map = offered.find((each) => each.encoding.toLowerCase() === codec.name.toLowerCase());
    return map?.payloadType ?? codec.payloadType;
  });
  if (codecs.length === 0)
    return { kind: 'incompatible', because: `no codec in common: answered ${offeredNames(theirs)}` };
  const events = sharedEvents(theirs, codecs[0]!.clockRateHz, (_theirs, rate) => {
    return offered.find((each) => each.encoding === 'telephone-event' && each.clockRateHz === rate)?.payloadType;
  });
  const rtcpMux = attribute(ours, 'rtcp-mux') !== undefined && attribute(theirs, 'rtcp-mux') !== undefined;
  const towards = answerDirection(effectiveDirection(answer, theirs), direction(offer, ours));
  const agreed = agree(answer, theirs, codecs, events, towards, rtcpMux);
  if (agreed.kind === 'incompatible' || !secure) return agreed;
  const crypto = answeredCrypto(ours, theirs);
  if (!crypto) return { kind: 'incompatible', because: 'the answer has no key for a suite we offered' };
  agreed.audio.crypto = crypto;
  return agreed;
}

function answeredCrypto(ours: SdpMedia, theirs: SdpMedia): { local: CryptoLine; remote: CryptoLine } | undefined {
  const offered = attributes(ours, 'crypto').map(parseCrypto);
  for (const value of attributes(theirs, 'crypto')) {
    const remote = parseCrypto(value);
    const local = remote && offered.find((each) => each?.tag === remote.tag && each.suite === remote.suite);
    if (remote && local) return { local, remote };
  }
  return undefined;
}

/** Their direction, with c=0.0.0.0 read as "do not send to me". */
function effectiveDirection(description: SessionDescription, media: SdpMedia): Direction {
  const stated = direction(description, media);
  const connection = connectionOf(description, media);
  if (!connection || !isNullAddress(connection.address)) return stated;
  return stated === 'sendrecv' || stated === 'sendonly' ? 'sendonly' : 'inactive';
}

function agree(
  description: SessionDescription,
  theirs: SdpMedia,
  codecs: NegotiatedCodec[],
  telephoneEvent: NegotiatedEvents | undefined,
  towards: Direction,
  rtcpMux: boolean,
): Agreed | Incompatible {
  const connection = connectionOf(description, theirs);
  if (!connection) return { kind: 'incompatible', because: 'no c= line for the audio stream' };
  const stated = effectiveDirection(description, theirs);
  const audio: NegotiatedAudio = {
    codecs,
    codec: codecs[0]!,
    comfortNoise: theirs.formats.includes(String(comfortNoisePayloadType)),
    sendPtimeMs: sendPtime(theirs),
    direction: towards,
    heldByRemote: stated === 'sendonly' || stated === 'inactive',
    rtcpMux,
    protocol: theirs.protocol,
  };
  if (telephoneEvent) audio.telephoneEvent = telephoneEvent;
  if (!isNullAddress(connection.address)) {
    const rtcp = rtcpAddress(theirs);
    const rtcpPort = rtcpMux ? theirs.port : (rtcp?.port ?? theirs.port + 1);
    const rtcpHost = rtcpMux ? connection.address : (rtcp?.address ?? connection.address);
    audio.remote = { address: connection.address, port: theirs.port, rtcpAddress: rtcpHost, rtcpPort };
  }
  return { kind: 'ok', audio };
}

/** The far end's ptime in steps of 10 ms between 10 and 60, no more than its maxptime. */
function sendPtime(theirs: SdpMedia): number {
  const wanted = Math.min(ptimeMs(theirs) ?? 20, maxPtimeMs(theirs) ?? 60, 60);
  return Math.max(10, Math.floor(wanted / 10) * 10);
}

const offeredNames = (media: SdpMedia): string =>
  rtpMaps(media)
    .map((map) => map.encoding)
    .join(', ') || media.formats.join(', ');

function whyNoStream(offer: SessionDescription, local: LocalStream): string {
  const audio = offer.media.filter((media) => media.kind === 'audio' && media.port !== 0);
  if (audio.length === 0) return 'no audio stream offered';
  const want = local.crypto?.length ? 'RTP/SAVP or RTP/AVP' : 'RTP/AVP';
  return `audio is offered over ${audio.map((media) => media.protocol).join(', ')}, not ${want}`;
}
