// Reading and writing the attributes that an audio stream needs: rtpmap and fmtp (RFC 8866 §6.6, §6.15), ptime, direction,
// rtcp (RFC 3605), rtcp-mux (RFC 5761), crypto (RFC 4568).
// Returns undefined for what is absent or malformed: a bad attribute counts as none (RFC 8866 §5.13).

import type { SdpAttribute, SdpConnection, SdpMedia, SessionDescription } from './session-description.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const directions: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

export interface RtpMap {
  payloadType: number;
  encoding: string;
  clockRateHz: number;
  channels: number;
}

/** Payload types that mean something without an rtpmap (RFC 3551 §6), audio as telephones use it. */
const staticMaps: readonly RtpMap[] = [
  { payloadType: 0, encoding: 'PCMU', clockRateHz: 8000, channels: 1 },
  { payloadType: 3, encoding: 'GSM', clockRateHz: 8000, channels: 1 },
  { payloadType: 8, encoding: 'PCMA', clockRateHz: 8000, channels: 1 },
  { payloadType: 9, encoding: 'G722', clockRateHz: 8000, channels: 1 },
  { payloadType: 13, encoding: 'CN', clockRateHz: 8000, channels: 1 },
  { payloadType: 18, encoding: 'G729', clockRateHz: 8000, channels: 1 },
];

type WithAttributes = { attributes: SdpAttribute[] };

/** The first attribute of that name; `undefined` when there is none. A property attribute gives ''. */
export function attribute(section: WithAttributes, name: string): string | undefined {
  const found = section.attributes.find((each) => each.name === name);
  return found && (found.value ?? '');
}

export function attributes(section: WithAttributes, name: string): string[] {
  return section.attributes.filter((each) => each.name === name).map((each) => each.value ?? '');
}

function parseRtpMap(value: string): RtpMap | undefined {
  const match = /^(\d{1,3})\s+([^\s/]+)\/(\d{1,7})(?:\/(\d{1,2}))?/.exec(value);
  if (!match || Number(match[1]) > 127 || Number(match[3]) === 0) return undefined;
  return {
    payloadType: Number(match[1]),
    encoding: match[2]!,
    clockRateHz: Number(match[3]),
    channels: Number(match[4] ?? 1) || 1,
  };
}

/** The formats of an RTP stream in the order of the m= line, each with its mapping; unmapped dynamic types are left out. */
export function rtpMaps(media: SdpMedia): RtpMap[] {
  const dynamic = attributes(media, 'rtpmap').map(parseRtpMap);
  const out: RtpMap[] = [];
  for (const format of media.formats) {
    const payloadType = Number(format);
    const map =
      dynamic.find((each) => each?.payloadType === payloadType) ??
      staticMaps.find((each) => each.payloadType === payloadType);
    if (map) out.push(map);
  }
  return out;
}

/** The parameters of one payload type, as written. */
export function formatParameters(media: SdpMedia, payloadType: number): string | undefined {
  for (const value of attributes(media, 'fmtp')) {
    const match = /^(\d{1,3})\s+(.*)$/.exec(value);
    if (match && Number(match[1]) === payloadType) return match[2];
  }
  return undefined;
}

/** The direction of a stream: its own attribute, else the session's, else sendrecv (RFC 8866 §6.7). */
export function direction(description: SessionDescription, media: SdpMedia): Direction {
  const own = media.attributes.find((each) => directions.includes(each.name));
  const session = description.attributes.find((each) => directions.includes(each.name));
  return ((own ?? session)?.name as Direction | undefined) ?? 'sendrecv';
}

export function connectionOf(description: SessionDescription, media: SdpMedia): SdpConnection | undefined {
  return media.connection ?? description.connection;
}

/** c=0.0.0.0, the hold of RFC 2543. Understood when received, never sent (RFC 3264 §8.4). */
export const isNullAddress = (address: string): boolean => address === '0.0.0.0' || address === '::';

function milliseconds(value: string | undefined): number | undefined {
  const number = Number(value);
  return value !== undefined && number >= 1 && number <= 1000 ? number : undefined;
}

export const ptimeMs = (media: SdpMedia): number | undefined => milliseconds(attribute(media, 'ptime'));
export const maxPtimeMs = (media: SdpMedia): number | undefined => milliseconds(attribute(media, 'maxptime'));

/** a=rtcp (RFC 3605): the port, and the address when it differs. */
export function rtcpAddress(media: SdpMedia): { port: number; address?: string } | undefined {
  const match = /^(\d{1,5})(?:\s+IN\s+IP[46]\s+(\S+))?\s*$/.exec(attribute(media, 'rtcp') ?? '');
  if (!match || Number(match[1]) > 65535) return undefined;
  return match[2] ? { port: Number(match[1]), address: match[2] } : { port: Number(match[1]) };
}

const cryptoSuites = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_256_CM_HMAC_SHA1_32',
] as const;
export type CryptoSuite = (typeof cryptoSuites)[number];

export interface CryptoLine {
  tag: number;
  suite: CryptoSuite;
  /** Master key and master salt, one after the other. */
  keyAndSalt: Buffer;
}

/** Bytes of master key plus salt that a suite wants. */
export const keyAndSaltLength = (suite: CryptoSuite): number => (suite.startsWith('AES_256') ? 46 : 30);

/**
 * a=crypto (RFC 4568 §9.1). Undefined for another suite, a key of the wrong length, several keys, an MKI, or a session
 * parameter that we would have to honour (anything but WSH and `-` extensions), so that the next line is tried.
 */
export function parseCrypto(value: string): CryptoLine | undefined {
  const match = /^(\d{1,9})\s+(\S+)\s+inline:([A-Za-z0-9+/=]+)((?:\|[^\s;]*)?)(.*)$/.exec(value.trim());
  if (!match) return undefined;
  const suite = cryptoSuites.find((each) => each === match[2]!.toUpperCase());
  if (!suite || match[4]!.includes(':') || match[5]!.startsWith(';')) return undefined;
  const parameters = match[5]!.split(/\s+/).filter((each) => each !== '');
  if (parameters.some((each) => !/^(WSH=|-)/.test(each))) return undefined;
  const keyAndSalt = Buffer.from(match[3]!, 'base64');
  if (keyAndSalt.length !== keyAndSaltLength(suite)) return undefined;
  return { tag: Number(match[1]), suite, keyAndSalt };
}

export const cryptoValue = (line: CryptoLine): string =>
  `${line.tag} ${line.suite} inline:${line.keyAndSalt.toString('base64')}`;
