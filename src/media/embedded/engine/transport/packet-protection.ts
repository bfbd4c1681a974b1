// SRTP for one party (RFC 3711) with the keys that SDES (RFC 4568) or DTLS (RFC 5764) agreed on, between the transports and the pure parts.

import { SrtpReceiver, SrtpSender, srtpOverhead } from '../../../../protocol/rtp/srtp.ts';
import { longestPacket, type SrtpCrypto } from '../../../../protocol/rtp/srtp-crypto.ts';
import type { SrtpKeys } from '../../../../protocol/rtp/srtp-keys.ts';
import type { PacketProtection } from './udp-transport.ts';

/** What is sealed on its way to a socket, and it by length: packets of a call are all of one or two lengths. */
const room = Buffer.alloc(longestPacket);
const beginnings: (Buffer | undefined)[] = new Array<undefined>(room.length + 1).fill(undefined);

function beginning(length: number): Buffer {
  beginnings[length] ??= room.subarray(0, length);
  return beginnings[length];
}

export function createPacketProtection(
  keys: { local: SrtpKeys; remote: SrtpKeys },
  crypto: SrtpCrypto,
): PacketProtection {
  const sender = new SrtpSender(keys.local, crypto);
  const receiver = new SrtpReceiver(keys.remote, crypto);

  /** Sealing makes a packet longer, so it needs a buffer with room. Good until the next one is sealed. */
  function sealed(packet: Buffer, seal: (buffer: Uint8Array, length: number) => number | string): Buffer | undefined {
    if (packet.length + srtpOverhead > room.length) return undefined;
    room.set(packet);
    const length = seal(beginning(packet.length + srtpOverhead), packet.length);
    return typeof length === 'number' ? beginning(length) : undefined;
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
