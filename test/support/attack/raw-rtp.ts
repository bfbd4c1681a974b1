// A far end of RTP made by hand, at whatever address of loopback: each packet is built and sent when a test says so, as RTP, SRTP or
// anything else, and everything that comes back is kept.

import { createSocket, type Socket } from 'node:dgram';
import { buildRtp } from '../../../src/protocol/rtp/packet.ts';
import { buildRtcp, middleNtp, ntpTime } from '../../../src/protocol/rtp/rtcp.ts';
import { SrtpSender, srtpOverhead } from '../../../src/protocol/rtp/srtp.ts';

export interface RawRtp {
  readonly address: string;
  readonly port: number;
  readonly received: Buffer[];
  /** `host` is what the SDP names instead of the own address. */
  sdp(options?: { host?: string; srtp?: boolean }): string;
  /** The next packet of a stream: 20 ms of a loud PCMU square wave. `sealed`: as SRTP with the key of its own SDP. */
  next(options?: { sealed?: boolean; ssrc?: number }): Buffer;
  /** A receiver report of what has arrived, by which the round trip is so long now; sealed unless `plain`. */
  report(options: { roundTripMs: number; plain?: boolean }): Buffer;
  /** The next packet has this sequence number. */
  skipTo(sequence: number): void;
  send(packet: Buffer, toPort: number): void;
  close(): void;
}

const keyAndSalt = Buffer.alloc(30, 7);

export async function openRawRtp(t: { teardown(undo: () => unknown): void }, address = '127.0.0.1'): Promise<RawRtp> {
  const socket: Socket = createSocket('udp4');
  const received: Buffer[] = [];
  socket.on('message', (packet) => void received.push(packet));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  t.teardown(() => raw.close());
  const sender = new SrtpSender({ suite: 'AES_CM_128_HMAC_SHA1_80', keyAndSalt });
  const ssrc = 0x1000_0000 + socket.address().port;
  let sequence = 100;
  let timestamp = 0;
  let open = true;

  const raw: RawRtp = {
    address,
    port: socket.address().port,
    received,
    sdp({ host = address, srtp = false } = {}) {
      const lines = [
        'v=0',
        `o=- 1 1 IN IP4 ${host}`,
        's=-',
        `c=IN IP4 ${host}`,
        't=0 0',
        `m=audio ${raw.port} RTP/${srtp ? 'SAVP' : 'AVP'} 0 101`,
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:101 telephone-event/8000',
        ...(srtp ? [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${keyAndSalt.toString('base64')}`] : []),
        'a=sendrecv',
      ];
      return `${lines.join('\r\n')}\r\n`;
    },
    next(options = {}) {
      sequence = (sequence + 1) & 0xffff;
      timestamp += 160;
      const payload = Buffer.from(Array.from({ length: 160 }, (_, i) => (i % 8 < 4 ? 0x10 : 0x90)));
      const header = { payloadType: 0, marker: false, sequence, timestamp, ssrc: options.ssrc ?? ssrc };
      const plain = buildRtp(header, payload);
      if (!options.sealed) return plain;
      return sealed(plain, (room) => sender.protectRtp(room, plain.length));
    },
    report({ roundTripMs, plain: isPlain = false }) {
      const about = received.find((packet) => packet.length >= 12 && packet[1]! < 192);
      if (!about) throw new Error('nothing has arrived that could be reported');
      const sent = ntpTime(Date.now() - roundTripMs);
      const lastSenderReport = middleNtp(sent);
      const none = { fractionLost: 0, cumulativeLost: 0, highestSequence: 0, jitter: 0, delaySinceLastSenderReport: 0 };
      const plain = buildRtcp({
        ssrc,
        cname: 'raw',
        blocks: [{ ...none, ssrc: about.readUInt32BE(8), lastSenderReport }],
      });
      return isPlain ? plain : sealed(plain, (room) => sender.protectRtcp(room, plain.length));
    },
    skipTo(next) {
      sequence = next - 1;
    },
    send: (packet, toPort) => open && socket.send(packet, toPort, '127.0.0.1'),
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
  return raw;
}

function sealed(plain: Buffer, protect: (room: Buffer) => number | string): Buffer {
  const room = Buffer.alloc(plain.length + srtpOverhead);
  room.set(plain);
  const length = protect(room);
  if (typeof length !== 'number') throw new Error(length);
  return room.subarray(0, length);
}

export const portOf = (sdp: string): number => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
