// Somebody on the way between a home and the media server: both sides' candidates are replaced by this way's, so that everything passes
// here. What is sealed stays sealed, but it can be kept and sent again, changed or late, and the server sees it come from where the
// home's packets come from. Address checks do not help against this one; SRTP has to (RFC 3711 §3.3.2, §9.2).

import { createSocket, type Socket } from 'node:dgram';

export interface OnPath {
  /** The server's offer, for the home: its audio goes this way. */
  through(sdpOffer: string): string;
  /** The home's answer, for the server. */
  back(sdpAnswer: string): string;
  /** What arrives here goes on to the server as though the home had sent it. */
  readonly asHomePort: number;
  /** Begins to keep what the home sends sealed, and to pass it on or not; what it gives back ends it, and returns the packets. */
  keep(options?: { passOn?: boolean }): () => Buffer[];
  close(): void;
}

const host = '127.0.0.1';
const candidate = /^(a=candidate:\S+ 1 udp \d+ )([\d.]+) (\d+)( typ host.*)$/i;
/** RTP and RTCP of RFC 7983 §7; not STUN, not DTLS. */
const isSealed = (packet: Buffer): boolean => (packet[0]! & 0xc0) === 0x80;

function bound(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, host, () => resolve(socket));
  });
}

export async function openPath(t: { teardown(undo: () => unknown): void }): Promise<OnPath> {
  const [homeSide, serverSide, asHome] = [await bound(), await bound(), await bound()];
  let server: { address: string; port: number } | undefined;
  let home: { address: string; port: number } | undefined;
  let kept: Buffer[] | undefined;
  let passesOn = true;
  let open = true;
  const toServer = (packet: Buffer) => open && server && serverSide.send(packet, server.port, server.address);
  /** The first host candidate is this way's; there are no others. */
  function replaced(sdp: string, port: number, learn: (at: { address: string; port: number }) => void): string {
    let met = 0;
    const lines = sdp.split('\r\n').flatMap((line) => {
      const [, before, address, at, after] = candidate.exec(line) ?? [];
      if (before === undefined) return line.startsWith('a=candidate:') ? [] : [line];
      if (met++ > 0) return [];
      learn({ address: address!, port: Number(at) });
      return [`${before}${host} ${port}${after}`];
    });
    return lines.join('\r\n');
  }
  homeSide.on('message', (packet, from) => {
    home = from;
    const isKept = kept !== undefined && isSealed(packet);
    if (isKept) kept!.push(Buffer.from(packet));
    if (!isKept || passesOn) toServer(packet);
  });
  serverSide.on('message', (packet) => open && home && homeSide.send(packet, home.port, home.address));
  asHome.on('message', toServer);
  const path: OnPath = {
    asHomePort: asHome.address().port,
    through: (sdp) => replaced(sdp, homeSide.address().port, (at) => (server = at)),
    back: (sdp) => replaced(sdp, serverSide.address().port, (at) => (home ??= at)),
    keep({ passOn = true } = {}) {
      const packets: Buffer[] = [];
      kept = packets;
      passesOn = passOn;
      return () => {
        kept = undefined;
        return packets;
      };
    },
    close() {
      if (!open) return;
      open = false;
      for (const socket of [homeSide, serverSide, asHome]) socket.close();
    },
  };
  t.teardown(() => path.close());
  return path;
}

/** Of sealed packets that were kept, what somebody without keys can make: the same again, moved in sequence, changed, mixed up. */
export function variantOf(packets: readonly Buffer[], count: number): Buffer {
  const packet = Buffer.from(packets[count % packets.length]!);
  const isRtcp = packet[1]! >= 192 && packet[1]! <= 223;
  const way = Math.floor(count / packets.length) % 5;
  if (way === 1 && !isRtcp) {
    // Half the range ahead or behind: a receiver that believed it would take another rollover counter for the true one (RFC 3711 §3.3.1).
    packet.writeUInt16BE((packet.readUInt16BE(2) + (count % 2 === 0 ? 0x7fff : 0x8000)) & 0xffff, 2);
  } else if (way === 1) packet.writeUInt32BE((0x80000000 + 1_000_000 + count) >>> 0, packet.length - 14);
  else if (way === 2) packet[packet.length - 20 - (count % 10)]! ^= 1;
  else if (way === 3) packet.writeUInt32BE(count, isRtcp ? 4 : 8);
  else if (way === 4) packet[packet.length - 1]! ^= 0x80;
  return packet;
}
