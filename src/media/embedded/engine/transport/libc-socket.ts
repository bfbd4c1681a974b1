// UDP sockets by the C library's own calls, all of an engine looked after together: every three milliseconds one epoll_wait says
// which have packets, and each packet is one recvfrom into one buffer for all. Node's dgram wakes up for every packet and makes
// a buffer, an address and an event of it, which costs more than all that a relay does with it (docs/decisions/0041).
// What is paid: a packet waits up to three milliseconds, and that wait is added to the jitter that is measured.

import { isIPv6 } from 'node:net';
import { type Libc, linux, loadLibc } from './libc.ts';
import { family, readSocketAddress, socketAddressBytes, writeSocketAddress } from './socket-address.ts';
import { type PacketListener, type Remote, receiveBufferBytes, type UdpSocket, type UdpSockets } from './udp-socket.ts';

const lookEveryMs = 3;
/** Looks at one time: a flood of packets must not keep the engine from its tick. */
const looksAtOnce = 32;
const eventsAtOnce = 256;
/** No RTP packet is as long; what fills the buffer was cut off, and is dropped. */
const packetBytes = 2048;

const sameBytes = (one: Int32Array, other: Int32Array): boolean => {
  for (let i = 0; i < other.length; i++) if (one[i] !== other[i]) return false;
  return true;
};

/** A remote with its address in words, for comparing. */
interface WiredRemote extends Remote {
  readonly wire: Uint8Array;
  readonly words: Int32Array;
}

const inWords = (bytes: Uint8Array) => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

/** A copy that begins at a word boundary. */
function wired(bytes: Uint8Array): WiredRemote | undefined {
  const wire = new Uint8Array(bytes);
  const read = readSocketAddress(wire);
  return read && { ...read, wire, words: inWords(wire) };
}

class LibcSockets implements UdpSockets {
  private readonly libc: Libc;
  private readonly epoll: number;
  private readonly sockets: (LibcSocket | undefined)[] = [];
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly events = new Uint8Array(eventsAtOnce * linux.eventBytes);
  private readonly eventView = new DataView(this.events.buffer);
  private readonly packet = Buffer.alloc(packetBytes);
  /** The packet by length, made once: packets of a call are all of one or two lengths. */
  private readonly packets: (Buffer | undefined)[] = [];
  private readonly from = new Uint8Array(socketAddressBytes);
  private readonly fromWords = inWords(this.from);
  private readonly fromLength = new Int32Array(1);

  constructor(libc: Libc) {
    this.libc = libc;
    this.epoll = libc.epoll_create1(linux.closeOnExec);
  }

  async open(address: string, port: number): Promise<UdpSocket | undefined> {
    const { libc } = this;
    const local = writeSocketAddress(address, port);
    if (!local) return undefined;
    const fd = libc.socket(isIPv6(address) ? family.ipv6 : family.ipv4, linux.datagramCloseOnExec, 0);
    if (fd < 0) return undefined;
    const bound = new Uint8Array(socketAddressBytes);
    const event = new DataView(new ArrayBuffer(linux.eventBytes));
    event.setUint32(0, linux.epollIn, true);
    event.setInt32(linux.eventDataAt, fd, true);
    const ready =
      libc.bind(fd, local, local.length) === 0 &&
      libc.getsockname(fd, bound, Int32Array.of(bound.length)) === 0 &&
      libc.epoll_ctl(this.epoll, linux.epollAdd, fd, new Uint8Array(event.buffer)) === 0;
    if (!ready) {
      libc.close(fd);
      return undefined;
    }
    libc.setsockopt(fd, linux.socketLevel, linux.receiveBuffer, Int32Array.of(receiveBufferBytes), 4);
    const socket = new LibcSocket(libc, fd, readSocketAddress(bound)!.port, () => this.forget(fd));
    this.sockets[fd] = socket;
    this.count++;
    this.timer ??= setInterval(() => this.look(), lookEveryMs);
    return socket;
  }

  private forget(fd: number): void {
    this.sockets[fd] = undefined;
    if (--this.count > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const { libc, epoll, events, eventView } = this;
    for (let looks = 0; looks < looksAtOnce; looks++) {
      const ready = libc.epoll_wait(epoll, events, eventsAtOnce, 0);
      if (ready <= 0) return;
      for (let i = 0; i < ready; i++) {
        const fd = eventView.getInt32(i * linux.eventBytes + linux.eventDataAt, true);
        this.receive(fd, this.sockets[fd]);
      }
    }
  }

  private receive(fd: number, socket: LibcSocket | undefined): void {
    // Closed by what another packet of this moment has brought about.
    if (!socket) return;
    this.fromLength[0] = socketAddressBytes;
    const { libc, packet, from, fromLength } = this;
    const length = libc.recvfrom(fd, packet, packetBytes, linux.dontWait, from, fromLength);
    if (length < 0 || length >= packetBytes) return;
    this.packets[length] ??= packet.subarray(0, length);
    socket.take(this.packets[length], this.remoteOf(socket));
  }

  /** Nearly always the one who sent the last packet. */
  private remoteOf(socket: LibcSocket): Remote {
    const { last } = socket;
    if (last && last.wire.length === this.fromLength[0] && sameBytes(this.fromWords, last.words)) return last;
    const remote = wired(this.from.subarray(0, this.fromLength[0]));
    socket.last = remote;
    return remote ?? nobody;
  }
}

const nobody: Remote = { address: '', port: 0 };

class LibcSocket implements UdpSocket {
  readonly port: number;
  last: WiredRemote | undefined;
  private readonly libc: Libc;
  private readonly onClosed: () => void;
  private fd: number;
  private onPacket: PacketListener = () => {};

  constructor(libc: Libc, fd: number, port: number, onClosed: () => void) {
    this.libc = libc;
    this.fd = fd;
    this.port = port;
    this.onClosed = onClosed;
  }

  listen(onPacket: PacketListener): void {
    this.onPacket = onPacket;
  }

  take(packet: Buffer, from: Remote): void {
    this.onPacket(packet, from);
  }

  remote(address: string, port: number): Remote {
    const wire = writeSocketAddress(address, port);
    return (wire && wired(wire)) ?? { address, port };
  }

  send(packet: Buffer, to: Remote): void {
    if (this.fd < 0 || !to.wire) return;
    this.libc.sendto(this.fd, packet, packet.length, linux.dontWait, to.wire, to.wire.length);
  }

  async close(): Promise<void> {
    if (this.fd < 0) return;
    this.onClosed();
    this.libc.close(this.fd);
    this.fd = -1;
  }
}

/** Such sockets, or why there are none. */
export function libcSockets(): UdpSockets | string {
  const libc = loadLibc();
  return typeof libc === 'string' ? libc : new LibcSockets(libc);
}
