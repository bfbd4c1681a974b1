// Proves that a media server carries audio: a call of our own, one RTP packet to it and one from it, over a real socket
// (MediaServer.probe). Says nothing about the way from the far ends to it.

import { createSocket, type Socket } from 'node:dgram';
import { buildRtp } from '../../protocol/rtp/packet.ts';
import { addressTypeOf, parseSdp } from '../../protocol/sdp/session-description.ts';
import { asError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import type { MediaServer } from '../media-server.ts';

export type Probed = { ok: true } | { ok: false; because: string };

const patienceMs = 2000;
const packetEveryMs = 20;
/** µ-law silence, 20 ms. */
const silence = Buffer.alloc(160, 0xff);

/** `address`: one that the media server can send to and that is ours, usually the one that it binds. */
export async function probeByPacket(
  server: Pick<MediaServer, 'createEndpoint'>,
  { address }: { address: string },
): Promise<Probed> {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  const socket = createSocket(addressTypeOf(host) === 'IP6' ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, host, resolve);
    });
    return await exchange(server, socket, host);
  } catch (thrown) {
    return { ok: false, because: asError(thrown).message };
  } finally {
    socket.close();
  }
}

async function exchange(server: Pick<MediaServer, 'createEndpoint'>, socket: Socket, host: string): Promise<Probed> {
  const answered = new Promise<boolean>((resolve) => {
    socket.on('message', (packet) => packet.length >= 12 && resolve(true));
    setTimeout(resolve, patienceMs, false).unref();
  });
  const created = await server.createEndpoint({ callId: newId('call'), sdpOffer: offer(host, socket.address().port) });
  if (created.kind === 'incompatible') return { ok: false, because: `it does not take G.711: ${created.because}` };
  const { endpoint } = created;
  try {
    const parsed = parseSdp(endpoint.localSdp);
    const port = parsed.kind === 'ok' ? parsed.description.media[0]?.port : undefined;
    if (!port) return { ok: false, because: 'its answer has no audio port' };
    let sequence = 0;
    const send = () => {
      const header = {
        payloadType: 0,
        marker: sequence === 0,
        sequence,
        timestamp: sequence * silence.length,
        ssrc: 1,
      };
      sequence++;
      socket.send(buildRtp(header, silence), port, host);
    };
    const timer = setInterval(send, packetEveryMs);
    const heard = await answered;
    clearInterval(timer);
    return heard ? { ok: true } : { ok: false, because: `no packet came back within ${patienceMs / 1000} s` };
  } finally {
    await endpoint.close();
  }
}

function offer(host: string, port: number): string {
  const address = `IN ${addressTypeOf(host)} ${host}`;
  const lines = [
    'v=0',
    `o=- 1 1 ${address}`,
    's=-',
    `c=${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    'a=sendrecv',
  ];
  return `${lines.join('\r\n')}\r\n`;
}
