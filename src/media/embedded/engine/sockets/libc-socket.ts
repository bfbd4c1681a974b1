// UDP sockets by the C library's own calls, all of an engine looked after together: every four milliseconds one epoll_wait says
// which have packets, and each packet is one recvfrom into one buffer for all. Node's dgram wakes up for every packet and makes
// a buffer, an address and an event of it, which costs more than all that a relay does with it (docs/decisions/0041).
// What is paid: a packet waits up to four milliseconds. The engine's tick looks too and sets the rhythm, so that five looks are
// one tick: a sender of 20 ms packets meets nearly the same wait each time (docs/decisions/0111).
// One packet of a socket at a look; all that it has when it had one at the look before, too. A telephone has one in five looks,
// so asking whether there is more is left to those who flood, or whose network holds packets back.

import { isIPv6 } from 'node:net';
import type { Address } from '../native.ts';
import { type Libc, linux, loadLibc } from './libc.ts';
import { family, ipv4Bytes, readSocketAddress, socketAddressBytes, writeSocketAddress } from './socket-address.ts';
import {
  type PacketListener,
  type Remote,
  receiveBufferBytes,
  textOf,
  type UdpSocket,
  type UdpSockets,
} from './udp-socket.ts';

/** A whole number of looks is a tick of 20 ms. */
const lookEveryMs = 4;
/** A look that comes later than this finds more than one packet in a socket. */
const lateMs = 15;
/** Of one socket at one time: a flood of packets must not keep the engine from its tick. */
const packetsAtOnce = 32;
/** 64,000 a second: more than a core can bridge, and a flood takes no more of it than that. */
const packetsAtOnceShared = 256;
/** Far ends of a shared socket whose addresses are kept as text and as bytes; a flood of strangers only makes it forget. */
const rememberedAtMost = 8192;
const eventsAtOnce = 256;
/** No RTP packet is as long; what fills the buffer was cut off, and is dropped. */
const packetBytes = 2048;

/** What the system's calls read and write, in one piece of memory. */
const eventsAt = 0;
const packetAt = eventsAt + eventsAtOnce * linux.eventBytes;
const outgoingAt = packetAt + packetBytes;
const fromAt = outgoingAt + packetBytes;
const lengthAt = fromAt + 32;
const fromWord = fromAt >> 2;
const lengthWord = lengthAt >> 2;

/** A remote as the system writes it. A class, so that all have one shape. */
class WiredRemote implements Remote {
  readonly address: string;
  readonly port: number;
  readonly text: string;
  readonly wire: Uint8Array;
  readonly words: Int32Array;
  /** Of `wire`. */
  readonly at: Address;

  constructor(read: { address: string; port: number }, bytes: Uint8Array, addressOf: Libc['addressOf']) {
    const memory = new ArrayBuffer(bytes.length);
    this.address = read.address;
    this.port = read.port;
    this.text = textOf(read);
    this.wire = new Uint8Array(memory);
    this.wire.set(bytes);
    this.words = new Int32Array(memory);
    this.at = addressOf(this.wire);
  }
}

class LibcSockets implements UdpSockets {
  readonly libc: Libc;
  private readonly epoll: number;
  private readonly sockets: (LibcSocket | undefined)[] = [];
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private lookedAt = 0;
  private looks = 0;
  private readonly memory = new ArrayBuffer(lengthAt + 4);
  private readonly bytes = new Uint8Array(this.memory);
  private readonly words = new Int32Array(this.memory);
  private readonly view = new DataView(this.memory);
  private readonly base: Address;
  /** The packet by length, made once: packets of a call are all of one or two lengths. */
  private readonly packets: (Buffer | undefined)[] = new Array<undefined>(packetBytes).fill(undefined);

  constructor(libc: Libc) {
    this.libc = libc;
    this.epoll = libc.epoll_create1(linux.closeOnExec);
    this.base = libc.addressOf(this.bytes);
  }

  async open(address: string, port: number, use?: 'shared'): Promise<UdpSocket | undefined> {
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
    const socket = new LibcSocket(this, fd, readSocketAddress(bound)!.port, use === 'shared');
    this.sockets[fd] = socket;
    this.count++;
    this.timer ??= setInterval(() => this.lookAround(performance.now()), lookEveryMs);
    return socket;
  }

  forget(fd: number): void {
    this.sockets[fd] = undefined;
    this.libc.close(fd);
    if (--this.count > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  look(nowMs: number): void {
    if (!this.timer) return;
    this.timer.refresh();
    this.lookAround(nowMs);
  }

  private lookAround(now: number): void {
    const { libc, epoll, base, view, sockets } = this;
    const late = now - this.lookedAt > lateMs;
    const look = ++this.looks;
    this.lookedAt = now;
    for (let ready = eventsAtOnce, rounds = 0; ready === eventsAtOnce && rounds < packetsAtOnce; rounds++) {
      ready = libc.epoll_wait(epoll, base + eventsAt, eventsAtOnce, 0);
      for (let i = 0; i < ready; i++) {
        const fd = view.getInt32(eventsAt + i * linux.eventBytes + linux.eventDataAt, true);
        const socket = sockets[fd];
        // Closed by what another packet of this moment has brought about.
        if (!socket) continue;
        let packets = socket.shared ? packetsAtOnceShared : late || socket.readyAt >= look - 1 ? packetsAtOnce : 1;
        socket.readyAt = look;
        while (packets > 0 && sockets[fd] === socket && this.receive(fd, socket, now)) packets--;
      }
    }
  }

  /** False when there was none. */
  private receive(fd: number, socket: LibcSocket, now: number): boolean {
    const { libc, base, words } = this;
    words[lengthWord] = socketAddressBytes;
    const { dontWait } = linux;
    const length = libc.recvfrom(fd, base + packetAt, packetBytes, dontWait, base + fromAt, base + lengthAt);
    if (length < 0) return false;
    if (length >= packetBytes) return true;
    const packet = this.packets[length] ?? this.packetOf(length);
    const { last } = socket;
    socket.onPacket(packet, last !== undefined && this.isFrom(last) ? last : this.remember(socket), now);
    return true;
  }

  private packetOf(length: number): Buffer {
    const packet = Buffer.from(this.memory, packetAt, length);
    this.packets[length] = packet;
    return packet;
  }

  private isFrom(remote: WiredRemote): boolean {
    const { words } = this;
    const its = remote.words;
    if (words[fromWord] !== its[0] || words[fromWord + 1] !== its[1]) return false;
    if (words[lengthWord] !== its.length * 4) return false;
    for (let i = 2; i < its.length; i++) if (words[fromWord + i] !== its[i]) return false;
    return true;
  }

  /** Nearly always it is the one who sent the last packet; of a shared socket, one who sent one before. */
  private remember(socket: LibcSocket): Remote {
    const { shared } = socket;
    if (!shared) return this.readFrom(socket);
    const { words } = this;
    const length = words[lengthWord]!;
    const key =
      length === ipv4Bytes ? (words[fromWord + 1]! >>> 0) * 65536 + (words[fromWord]! >>> 16) : this.fromAsText(length);
    const known = shared.get(key);
    if (known) {
      socket.last = known;
      return known;
    }
    const remote = this.readFrom(socket);
    if (shared.size >= rememberedAtMost) shared.clear();
    if (socket.last) shared.set(key, socket.last);
    return remote;
  }

  private fromAsText(length: number): string {
    return Buffer.from(this.memory, fromAt, length).toString('latin1');
  }

  private readFrom(socket: LibcSocket): Remote {
    const remote = this.wired(this.bytes.subarray(fromAt, fromAt + this.words[lengthWord]!));
    socket.last = remote;
    return remote ?? nobody;
  }

  wired(bytes: Uint8Array): WiredRemote | undefined {
    const read = readSocketAddress(bytes);
    return read && new WiredRemote(read, bytes, this.libc.addressOf);
  }

  send(fd: number, packet: Buffer, to: WiredRemote): void {
    const { length } = packet;
    let at = packetAt;
    // What is passed on is where it was received; anything else comes from somewhere in JavaScript's own memory.
    if (this.packets[length] !== packet) {
      if (length > packetBytes) return;
      this.bytes.set(packet, outgoingAt);
      at = outgoingAt;
    }
    this.libc.sendto(fd, this.base + at, length, linux.dontWait, to.at, to.wire.length);
  }
}

const nobody: Remote = { address: '', port: 0 };

class LibcSocket implements UdpSocket {
  readonly port: number;
  last: WiredRemote | undefined;
  /** The look that last found a packet here. */
  readyAt = -1;
  onPacket: PacketListener = () => {};
  /** Whom it has heard, when many send to it. */
  readonly shared: Map<number | string, WiredRemote> | undefined;
  private readonly all: LibcSockets;
  private fd: number;

  constructor(all: LibcSockets, fd: number, port: number, shared: boolean) {
    this.all = all;
    this.fd = fd;
    this.port = port;
    this.shared = shared ? new Map() : undefined;
  }

  listen(onPacket: PacketListener): void {
    this.onPacket = onPacket;
  }

  remote(address: string, port: number): Remote {
    const wire = writeSocketAddress(address, port);
    return (wire && this.all.wired(wire)) ?? { address, port };
  }

  send(packet: Buffer, to: Remote): void {
    if (this.fd >= 0 && to.wire) this.all.send(this.fd, packet, to as WiredRemote);
  }

  async close(): Promise<void> {
    if (this.fd < 0) return;
    this.all.forget(this.fd);
    this.fd = -1;
  }
}

/** Such sockets, or why there are none. */
export function libcSockets(): UdpSockets | string {
  const libc = loadLibc();
  return typeof libc === 'string' ? libc : new LibcSockets(libc);
}
