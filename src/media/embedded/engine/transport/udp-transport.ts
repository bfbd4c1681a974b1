// RTP and RTCP over UDP towards carriers and telephones, plain or as SRTP with keys from SDES (RFC 3711, RFC 4568).
// Symmetric RTP (RFC 4961): until a packet has come we send to the address in the SDP; packets say where the far end really is
// (latching). From then on other sources are refused, so nobody can inject audio or turn ours aside by guessing a port; only the
// address that the SDP names may still take over from a source that it did not name.
// Whom to believe first: with SRTP whoever has the key. In plain RTP the host that the SDP names, from whatever port; another host only
// when it has sent several packets in order, of one source, and the named host none: at once where the SDP names a private address,
// which is a far end behind a translator, else after a second of nothing from the named one. Does not look at what the packets say.

import type { PortPair } from '../sockets/udp-ports.ts';
import { type Remote, sameRemote } from '../sockets/udp-socket.ts';
import type { Transport, TransportListener } from './transport.ts';

export interface PacketProtection {
  /** Undefined when it cannot be sealed: then it must not be sent. */
  protectRtp(packet: Buffer): Buffer | undefined;
  /** Undefined when it is not authentic or was seen before. */
  unprotectRtp(packet: Buffer): Buffer | undefined;
  protectRtcp(packet: Buffer): Buffer | undefined;
  unprotectRtcp(packet: Buffer): Buffer | undefined;
}

export interface RemoteAddress {
  address: string;
  port: number;
  rtcpAddress: string;
  rtcpPort: number;
}

/** A source that is not the one of the SDP, on probation. */
interface Probation {
  from: Remote;
  ssrc: number;
  sequence: number;
  inOrder: number;
}

/** 100 ms of speech; who guesses a port seldom guesses so well, and who sends to all ports hits none so often. */
const probationPackets = 5;
const namedHostHasMs = 1000;

export class UdpTransport implements Transport {
  refused = 0;
  protection: PacketProtection | undefined;
  rtcpMux = false;
  readonly port: number;
  private readonly pair: PortPair;
  private readonly listener: TransportListener;
  /** What SDP says, and whom we send to. */
  private signalled: Remote | undefined;
  private sendTo: Remote | undefined;
  private rtcpTo: Remote | undefined;
  private rtcpSignalled: Remote | undefined;
  private rtcpLatched: Remote | undefined;
  private latched = false;
  private probation: Probation | undefined;
  private signalledIsPrivate = false;
  private signalledAt = 0;
  private closed = false;

  constructor(pair: PortPair, listener: TransportListener) {
    this.pair = pair;
    this.port = pair.rtp.port;
    this.listener = listener;
    pair.rtp.listen((packet, from, nowMs) => this.onMessage(packet, from, nowMs));
    pair.rtcp.listen((packet, from) => this.onControl(packet, from));
  }

  get connected(): boolean {
    return this.sendTo !== undefined;
  }

  /** A new SDP of the far end. The same address keeps what was learnt; a new one is learnt anew. */
  setRemote(given: RemoteAddress | undefined): void {
    const before = this.signalled;
    this.signalled = given && this.pair.rtp.remote(given.address, given.port);
    if (!given) {
      this.sendTo = undefined;
      this.latched = false;
      return;
    }
    if (this.latched && sameRemote(before, this.signalled)) return;
    this.latched = false;
    this.probation = undefined;
    this.signalledIsPrivate = isPrivate(given.address);
    this.signalledAt = performance.now();
    this.sendTo = this.signalled;
    this.rtcpTo = this.pair.rtcp.remote(given.rtcpAddress, given.rtcpPort);
    this.rtcpSignalled = this.rtcpTo;
    this.rtcpLatched = undefined;
    this.listener.onConnected();
  }

  private onMessage(packet: Buffer, from: Remote, nowMs: number | undefined): void {
    if (packet.length < 12 || (packet[0]! & 0xc0) !== 0x80) {
      this.refused++;
      return;
    }
    // RFC 5761 §4: payload types 64 to 95 on the RTP port are RTCP.
    const type = packet[1]! & 0x7f;
    if (type >= 64 && type < 96) {
      this.onControl(packet, from);
      return;
    }
    const known = from === this.sendTo || sameRemote(from, this.sendTo);
    if (!known && this.latched && !this.mayTakeOver(from)) {
      this.refused++;
      return;
    }
    const plain = this.protection ? this.protection.unprotectRtp(packet) : packet;
    if (!plain || (!known && !this.protection && !this.isBelieved(packet, from))) {
      this.refused++;
      return;
    }
    if (!known || !this.latched) this.latch(from, known);
    this.listener.onRtp(plain, nowMs);
  }

  /** The address that the SDP names, and any port of that host from a host that it does not name. */
  private mayTakeOver(from: Remote): boolean {
    const named = this.signalled;
    return sameRemote(from, named) || (from.address === named?.address && this.sendTo?.address !== named.address);
  }

  /** Plain RTP from an address that we do not send to. */
  private isBelieved(packet: Buffer, from: Remote): boolean {
    if (from.address === this.signalled?.address) return true;
    if (!this.signalled || this.latched) return false;
    if (!this.signalledIsPrivate && performance.now() - this.signalledAt < namedHostHasMs) return false;
    const sequence = packet.readUInt16BE(2);
    const ssrc = packet.readUInt32BE(8);
    const known = this.probation;
    if (
      !known ||
      !sameRemote(from, known.from) ||
      ssrc !== known.ssrc ||
      sequence !== ((known.sequence + 1) & 0xffff)
    ) {
      this.probation = { from, ssrc, sequence, inOrder: 1 };
      return false;
    }
    known.sequence = sequence;
    known.inOrder++;
    return known.inOrder >= probationPackets;
  }

  private latch(from: Remote, known: boolean): void {
    if (!this.signalled) return;
    this.latched = true;
    // The very object that its next packets bring, where the socket keeps one: quickly compared.
    this.sendTo = from;
    if (known) return;
    // Behind NAT the RTCP address of the SDP is as wrong as the RTP one; the next port is the best guess until RTCP comes.
    this.rtcpTo = this.pair.rtcp.remote(from.address, this.rtcpMux ? from.port : from.port + 1);
  }

  private onControl(packet: Buffer, from: Remote): void {
    if (packet.length < 8 || (packet[0]! & 0xc0) !== 0x80 || from.address !== this.sendTo?.address) {
      this.refused++;
      return;
    }
    const plain = this.protection ? this.protection.unprotectRtcp(packet) : packet;
    if (!plain) {
      this.refused++;
      return;
    }
    if (!this.rtcpMux) {
      // The first one stays; only the address that the SDP names may take over from it.
      const named = sameRemote(from, this.rtcpSignalled);
      if (this.rtcpLatched && !named && !sameRemote(from, this.rtcpLatched)) {
        this.refused++;
        return;
      }
      this.rtcpLatched = from;
      this.rtcpTo = from;
    }
    this.listener.onRtcp(plain);
  }

  sendRtp(packet: Buffer): void {
    if (!this.sendTo || this.closed) return;
    const out = this.protection ? this.protection.protectRtp(packet) : packet;
    if (out) this.pair.rtp.send(out, this.sendTo);
  }

  sendRtcp(packet: Buffer): void {
    if (this.closed || !this.sendTo) return;
    const out = this.protection ? this.protection.protectRtcp(packet) : packet;
    if (!out) return;
    if (this.rtcpMux) this.pair.rtp.send(out, this.sendTo);
    else if (this.rtcpTo && this.rtcpTo.port > 0 && this.rtcpTo.port < 65536) this.pair.rtcp.send(out, this.rtcpTo);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([this.pair.rtp.close(), this.pair.rtcp.close()]);
  }
}

/** Of networks that are behind translators (RFC 1918, RFC 6598, RFC 3927, RFC 4193), or nobody's. */
function isPrivate(address: string): boolean {
  return (
    /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.)/.test(
      address,
    ) || /^f[cde]/i.test(address)
  );
}
