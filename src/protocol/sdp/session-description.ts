// A session description as data (RFC 8866), read and written line by line.
// Keeps what it does not understand: unknown lines and attributes come out again where their section stood.
// Does not interpret attributes (attributes.ts) and does not negotiate (offer-answer.ts).

export interface SdpAttribute {
  name: string;
  /** Undefined for a property attribute such as `a=sendrecv`. */
  value?: string;
}

export interface SdpOrigin {
  username: string;
  sessionId: string;
  version: string;
  addressType: 'IP4' | 'IP6';
  address: string;
}

export interface SdpConnection {
  addressType: 'IP4' | 'IP6';
  address: string;
}

export interface SdpLine {
  type: string;
  value: string;
}

export interface SdpMedia {
  kind: string;
  port: number;
  /** RFC 8866 §5.14 "number of ports"; absent means one. */
  portCount?: number;
  protocol: string;
  formats: string[];
  connection?: SdpConnection;
  /** Lines other than m=, c= and a=: i=, b=, k= and whatever is unknown, in the order of arrival. */
  lines: SdpLine[];
  attributes: SdpAttribute[];
}

export interface SessionDescription {
  origin: SdpOrigin;
  name: string;
  connection?: SdpConnection;
  /** Session lines between s= and the attributes other than c=: i=, u=, e=, p=, b=, t=, r=, z=, k=, unknown. */
  lines: SdpLine[];
  attributes: SdpAttribute[];
  media: SdpMedia[];
}

export type SdpParsed =
  | { kind: 'ok'; description: SessionDescription }
  | { kind: 'invalid'; because: string; line: number };

/** What a description may be at most; a longer one is refused before it is read. */
const maxSdpLength = 64 * 1024;
const maxMedia = 64;

/** Reads a description. Line ends may be CRLF or LF; a problem names its line, counted from 1. */
export function parseSdp(text: string): SdpParsed {
  if (text.length > maxSdpLength) return { kind: 'invalid', because: 'longer than 64 KiB', line: 0 };
  const description: SessionDescription = {
    origin: { username: '-', sessionId: '0', version: '0', addressType: 'IP4', address: '127.0.0.1' },
    name: '-',
    lines: [],
    attributes: [],
    media: [],
  };
  const seen = { version: false, origin: false };
  const lines = text.split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    if (line.trim() === '') continue;
    const problem = readLine(description, line, seen);
    if (problem) return { kind: 'invalid', because: problem, line: index + 1 };
  }
  if (!seen.version) return { kind: 'invalid', because: 'no v= line', line: 0 };
  if (!seen.origin) return { kind: 'invalid', because: 'no o= line', line: 0 };
  return { kind: 'ok', description };
}

function readLine(
  description: SessionDescription,
  line: string,
  seen: { version: boolean; origin: boolean },
): string | undefined {
  if (line[1] !== '=') return 'a line is not of the form <type>=<value>';
  const type = line[0]!;
  const value = line.slice(2);
  const section: SdpMedia | SessionDescription = description.media.at(-1) ?? description;
  if (!seen.version && type !== 'v') return 'the first line is not v=';
  switch (type) {
    case 'v':
      if (value.trim() !== '0') return 'the version is not 0';
      seen.version = true;
      return undefined;
    case 'o':
      seen.origin = true;
      return readOrigin(description, value);
    case 's':
      description.name = value;
      return undefined;
    case 'm':
      return readMedia(description, value);
    case 'c':
      return readConnection(section, value);
    case 'a':
      section.attributes.push(readAttribute(value));
      return undefined;
    default:
      section.lines.push({ type, value });
      return undefined;
  }
}

function readAttribute(value: string): SdpAttribute {
  const colon = value.indexOf(':');
  return colon < 0
    ? { name: value.trimEnd() }
    : { name: value.slice(0, colon), value: value.slice(colon + 1).trimEnd() };
}

function readOrigin(description: SessionDescription, value: string): string | undefined {
  const [username, sessionId, version, network, addressType, address] = value.trim().split(/ +/);
  if (!username || !sessionId || !version || !address || network !== 'IN') return 'o= is not complete';
  if (!/^\d{1,20}$/.test(sessionId) || !/^\d{1,20}$/.test(version)) return 'o= has an id or version that is no number';
  if (addressType !== 'IP4' && addressType !== 'IP6') return 'o= has an unknown address type';
  description.origin = { username, sessionId, version, addressType, address };
  return undefined;
}

function readConnection(section: { connection?: SdpConnection }, value: string): string | undefined {
  const [network, addressType, withScope] = value.trim().split(/ +/);
  const address = withScope?.split('/')[0];
  if (network !== 'IN' || !address) return 'c= is not complete';
  if (addressType !== 'IP4' && addressType !== 'IP6') return 'c= has an unknown address type';
  // Several c= lines are for layered multicast (RFC 8866 §5.7); the first is the one a telephone means.
  section.connection ??= { addressType, address };
  return undefined;
}

function readMedia(description: SessionDescription, value: string): string | undefined {
  if (description.media.length >= maxMedia) return `more than ${maxMedia} m= lines`;
  const [kind, portText, protocol, ...formats] = value.trim().split(/ +/);
  const [portNumber, count] = (portText ?? '').split('/');
  if (!kind || !protocol || formats.length === 0) return 'm= is not complete';
  if (!/^\d{1,5}$/.test(portNumber!) || Number(portNumber) > 65535) return 'm= has a port that is no port';
  if (count !== undefined && !/^\d{1,5}$/.test(count)) return 'm= has a port count that is no number';
  const media: SdpMedia = { kind, port: Number(portNumber), protocol, formats, lines: [], attributes: [] };
  if (count !== undefined) media.portCount = Number(count);
  description.media.push(media);
  return undefined;
}

/** Writes a description with CRLF line ends, in the order of RFC 8866 §5. */
export function serializeSdp(description: SessionDescription): string {
  const { origin } = description;
  const out = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.version} IN ${origin.addressType} ${origin.address}`,
    `s=${description.name}`,
  ];
  const early = 'iuep';
  for (const line of description.lines) if (early.includes(line.type)) out.push(`${line.type}=${line.value}`);
  if (description.connection) out.push(connectionLine(description.connection));
  for (const line of description.lines) if (!early.includes(line.type)) out.push(`${line.type}=${line.value}`);
  if (!description.lines.some((line) => line.type === 't')) out.push('t=0 0');
  for (const attribute of description.attributes) out.push(attributeLine(attribute));
  for (const media of description.media) {
    const port = media.portCount === undefined ? media.port : `${media.port}/${media.portCount}`;
    out.push(`m=${media.kind} ${port} ${media.protocol} ${media.formats.join(' ')}`);
    for (const line of media.lines) if (line.type === 'i') out.push(`i=${line.value}`);
    if (media.connection) out.push(connectionLine(media.connection));
    for (const line of media.lines) if (line.type !== 'i') out.push(`${line.type}=${line.value}`);
    for (const attribute of media.attributes) out.push(attributeLine(attribute));
  }
  return out.join('\r\n') + '\r\n';
}

const connectionLine = (connection: SdpConnection) => `c=IN ${connection.addressType} ${connection.address}`;

const attributeLine = (attribute: SdpAttribute) =>
  attribute.value === undefined ? `a=${attribute.name}` : `a=${attribute.name}:${attribute.value}`;

/** 'IP6' for anything with a colon. */
export const addressTypeOf = (address: string): 'IP4' | 'IP6' => (address.includes(':') ? 'IP6' : 'IP4');
