// What a session recording client says in SIP (RFC 7866): an offer with one stream per party, each with its label, sent only; beside
// it the metadata, in one body of two parts (RFC 2046 §5.1). And what of the answer it needs. Pure.

import { attribute, attributes, type CryptoLine, connectionOf, cryptoValue, parseCrypto } from '../sdp/attributes.ts';
import { parseSdp, serializeSdp } from '../sdp/session-description.ts';
import { metadataType } from './metadata.ts';

export interface OfferedStream {
  label: string;
  port: number;
  /** The key that this stream will be sealed with; without it plain RTP is offered. */
  crypto?: CryptoLine;
}

export interface AcceptedStream {
  label: string;
  host: string;
  port: number;
  law: 'PCMU' | 'PCMA';
  payloadType: number;
  /** Where RTCP goes; the same port when both are on one (RFC 5761). */
  rtcpPort: number;
}

const payloadTypes = { PCMU: 0, PCMA: 8 } as const;

export function offerStreams(of: {
  address: string;
  sessionId: string;
  version: number;
  streams: readonly OfferedStream[];
}): string {
  const { address, sessionId, version, streams } = of;
  const addressType = address.includes(':') ? ('IP6' as const) : ('IP4' as const);
  return serializeSdp({
    origin: { username: '-', sessionId, version: String(version), addressType, address },
    name: '-',
    connection: { addressType, address },
    lines: [{ type: 't', value: '0 0' }],
    attributes: [],
    media: streams.map(({ label, port, crypto }) => ({
      kind: 'audio',
      port,
      protocol: crypto ? 'RTP/SAVP' : 'RTP/AVP',
      formats: Object.values(payloadTypes).map(String),
      lines: [],
      attributes: [
        { name: 'rtpmap', value: '0 PCMU/8000' },
        { name: 'rtpmap', value: '8 PCMA/8000' },
        { name: 'ptime', value: '20' },
        { name: 'label', value: label },
        { name: 'rtcp-mux' },
        ...(crypto ? [{ name: 'crypto', value: cryptoValue(crypto) }] : []),
        { name: 'sendonly' },
      ],
    })),
  });
}

/** One per offered stream that was accepted; a string says why none can be sent. */
export function readAnswer(sdp: string, offered: readonly OfferedStream[]): AcceptedStream[] | string {
  const parsed = parseSdp(sdp);
  if (parsed.kind === 'invalid') return `the answer cannot be read: ${parsed.because}`;
  const { description } = parsed;
  const accepted: AcceptedStream[] = [];
  for (const [index, { label, crypto }] of offered.entries()) {
    const media = description.media[index];
    if (!media || media.port === 0) continue;
    const connection = connectionOf(description, media);
    const law = media.formats
      .map(Number)
      .flatMap((format) => (format === 0 ? ['PCMU' as const] : format === 8 ? ['PCMA' as const] : []))[0];
    if (!connection || !law) continue;
    if (crypto && !attributes(media, 'crypto').some((value) => parseCrypto(value)?.tag === crypto.tag)) continue;
    const muxed = media.attributes.some(({ name }) => name === 'rtcp-mux');
    const told = Number(attribute(media, 'rtcp')?.split(' ')[0]);
    const rtcpPort = muxed ? media.port : told > 0 ? told : media.port + 1;
    accepted.push({ label, host: connection.address, port: media.port, law, payloadType: payloadTypes[law], rtcpPort });
  }
  return accepted.length > 0 ? accepted : 'none of the streams was accepted';
}

/** SDP and metadata as one body; `boundary` must be in neither. */
export function twoParts(sdp: string, metadata: string, boundary: string): { contentType: string; text: string } {
  if (sdp.includes(boundary) || metadata.includes(boundary)) throw new Error('the boundary is in one of the parts');
  const lines = [
    `--${boundary}`,
    'Content-Type: application/sdp',
    '',
    sdp.replace(/\r\n$/, ''),
    `--${boundary}`,
    `Content-Type: ${metadataType}`,
    'Content-Disposition: recording-session',
    '',
    metadata,
    `--${boundary}--`,
    '',
  ];
  return { contentType: `multipart/mixed;boundary=${boundary}`, text: lines.join('\r\n') };
}
