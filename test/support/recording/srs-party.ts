// A company's recording server, as a test tells it: takes the streams that are offered, opens them with the keys of the offer, and looks at
// the metadata by the schema.

import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validateXML } from 'xmllint-wasm';
import { decodeG711 } from '../../../src/protocol/rtp/g711.ts';
import { newRtpHeader, packetKind, parseRtp } from '../../../src/protocol/rtp/packet.ts';
import { SrtpReceiver } from '../../../src/protocol/rtp/srtp.ts';
import { parseCrypto } from '../../../src/protocol/sdp/attributes.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { heardTones } from '../media/tones.ts';
import { newTag, type PartyMessage, responseText, type SipParty } from '../sip/sip-party.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

const host = '127.0.0.1';
const schema = readFileSync(join(projectRoot, 'test/fixtures/siprec/metadata.xsd'), 'utf8');

/** One stream at the recording server: opens what comes, and keeps the last second. */
async function openStream(t: Teardown, key: string) {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const { suite, keyAndSalt } = parseCrypto(key)!;
  const receiver = new SrtpReceiver({ suite, keyAndSalt });
  const state = { samples: new Int16Array(0), packets: 0, reports: 0, refused: 0, timestamps: [] as number[] };
  socket.on('message', (packet) => {
    if (packetKind(packet) === 'rtcp') return void state.reports++;
    const length = receiver.unprotectRtp(packet);
    const header = typeof length === 'number' ? parseRtp(packet, newRtpHeader(), length) : length;
    if (typeof header === 'string') return void state.refused++;
    const pcm = new Int16Array(header.payloadEnd - header.payloadStart);
    decodeG711(header.payloadType === 0 ? 'PCMU' : 'PCMA', packet, pcm, header.payloadStart, header.payloadEnd);
    state.packets++;
    state.timestamps.push(header.timestamp);
    state.samples = Int16Array.from([...state.samples, ...pcm].slice(-4000));
  });
  return { ...{ port: socket.address().port, state }, hears: () => heardTones(state.samples) };
}

/** What libxml2 says against it by the schema of RFC 7865 (test/fixtures/siprec/metadata.xsd). */
export async function faultsOf(xml: string): Promise<string[]> {
  const { errors } = await validateXML({ xml: xml.slice(xml.indexOf('<?xml')), schema });
  return errors.map(({ message }) => message);
}

/** SDP and metadata of an INVITE. */
export const partsOf = ({ body, get }: PartyMessage) => {
  const boundary = /boundary=([^;]+)/.exec(get('Content-Type') ?? '')?.[1] ?? '-';
  const [sdp, xml] = body.split(`--${boundary}`).slice(1);
  return { sdp: sdp ?? '', xml: xml ?? '' };
};

export type RecordedStream = Awaited<ReturnType<typeof openStream>>;

async function accept(t: Teardown, srs: SipParty, invite: PartyMessage): Promise<[RecordedStream, RecordedStream]> {
  const keys = [...partsOf(invite).sdp.matchAll(/a=crypto:(.*)\r\n/g)].map(([, key]) => key!);
  const streams = await Promise.all(keys.map((key) => openStream(t, key)));
  const key = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 9).toString('base64')}`;
  const media = streams.flatMap(({ port }) => [`m=audio ${port} RTP/SAVP 0`, key, 'a=rtcp-mux', 'a=recvonly']);
  const body = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', ...media, ''].join('\r\n');
  const contact = `<sip:srs@${host}:${srs.port}${srs.transport === 'TLS' ? ';transport=tls' : ''}>;+sip.srs`;
  srs.send(responseText(invite, 200, { tag: newTag(), contact, body }));
  return streams as [RecordedStream, RecordedStream];
}

/** Takes both streams, as 200 with receive-only media. */
export async function take(t: Teardown, srs: SipParty, invite: PartyMessage): ReturnType<typeof accept> {
  const streams = await accept(t, srs, invite);
  await srs.nextRequest('ACK');
  return streams;
}

export interface RunningRecordingServer {
  /** Of the last session: what the customer says, and hears. */
  streams: [RecordedStream, RecordedStream] | undefined;
  /** Of INVITE and UPDATE, oldest first. */
  metadata: string[];
  ended: boolean;
}

/** Takes whatever comes until `close`, also what is begun anew because the answer came too late. */
export function runRecordingServer(t: Teardown, srs: SipParty): RunningRecordingServer {
  const state: RunningRecordingServer = { streams: undefined, metadata: [], ended: false };
  let open = true;
  let done = 0;
  async function answer(request: PartyMessage): Promise<void> {
    if (request.method === 'INVITE') {
      state.metadata.push(partsOf(request).xml);
      state.streams = await accept(t, srs, request);
    } else if (request.method !== 'ACK' && request.method) {
      if (request.method === 'UPDATE') state.metadata.push(request.body);
      srs.send(responseText(request, 200));
      state.ended = request.method === 'BYE';
    }
  }
  const look = async (): Promise<void> => {
    while (done < srs.received.length) await answer(srs.received[done++]!);
    if (open) timer = setTimeout(look, 10);
  };
  let timer = setTimeout(look, 10);
  t.teardown(() => {
    open = false;
    clearTimeout(timer);
  });
  return state;
}
