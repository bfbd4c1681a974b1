// SRTP for one party (RFC 3711) with the keys that SDES (RFC 4568) or DTLS (RFC 5764) agreed on, between the transports and the pure parts.

import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../../protocol/rtp/srtp.ts';
import type { SrtpCrypto } from '../../../../protocol/rtp/srtp-crypto.ts';
import type { SrtpKeys } from '../../../../protocol/rtp/srtp-keys.ts';
import type { PacketProtection } from './udp-transport.ts';

export function createPacketProtection(
  keys: { local: SrtpKeys; remote: SrtpKeys },
  crypto: SrtpCrypto,
): PacketProtection {
  const sender = new SrtpSender(keys.local, crypto);
  const receiver = new SrtpReceiver(keys.remote, crypto);

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
