// SRTP for one party (RFC 3711) with the keys that SDES agreed on (RFC 4568), between udp-transport.ts and the pure parts.

import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../../protocol/rtp/srtp.ts';
import type { CryptoLine } from '../../../../protocol/sdp/attributes.ts';
import type { PacketProtection } from './udp-transport.ts';

export function createPacketProtection(crypto: { local: CryptoLine; remote: CryptoLine }): PacketProtection {
  const sender = new SrtpSender(crypto.local);
  const receiver = new SrtpReceiver(crypto.remote);

  /** Sealing makes a packet longer, so it needs a buffer with room. */
  function sealed(packet: Buffer, seal: (buffer: Uint8Array, length: number) => number | string): Buffer | undefined {
    const room = Buffer.allocUnsafe(packet.length + srtpOverhead);
    room.set(packet);
    const length = seal(room, packet.length);
    return typeof length === 'number' ? room.subarray(0, length) : undefined;
  }

  const opened = (packet: Buffer, length: number | string): Buffer | undefined =>
    typeof length === 'number' ? packet.subarray(0, length) : undefined;

  return {
    protectRtp: (packet) => sealed(packet, (buffer, length) => sender.protectRtp(buffer, length)),
    unprotectRtp: (packet) => opened(packet, receiver.unprotectRtp(packet)),
    protectRtcp: (packet) => sealed(packet, (buffer, length) => sender.protectRtcp(buffer, length)),
    unprotectRtcp: (packet) => opened(packet, receiver.unprotectRtcp(packet)),
  };
}
