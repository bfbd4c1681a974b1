// RTP and RTCP over UDP towards carriers and telephones, plain or as SRTP with keys from SDES (RFC 3711, RFC 4568).
// Symmetric RTP (RFC 4961): until a packet has come we send to the address in the SDP; the first valid packet says where the
// far end really is (latching). From then on other sources are refused, so nobody can inject audio or turn ours aside by
// guessing a port; only the address that the SDP names may still take over from a source that it did not name.
// Does not look at what the packets say.

import type { Transport, TransportListener } from './transport.ts';
import type { PortPair } from './udp-ports.ts';
import { type Remote, sameRemote } from './udp-socket.ts';

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
  private latched = false;
  private closed = false;

  constructor(pair: PortPair, listener: TransportListener) {
    this.pair = pair;
    this.port = pair.rtp.port;
    this.listener = listener;
    pair.rtp.listen((packet, from) => this.onMessage(packet, from));
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
    this.sendTo = this.signalled;
    this.rtcpTo = this.pair.rtcp.remote(given.rtcpAddress, given.rtcpPort);
    this.listener.onConnected();
  }

  private onMessage(packet: Buffer, from: Remote): void {
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
    const known = sameRemote(from, this.sendTo);
    if (!known && this.latched && !sameRemote(from, this.signalled)) {
      this.refused++;
      return;
    }
    const plain = this.protection ? this.protection.unprotectRtp(packet) : packet;
    if (!plain) {
      this.refused++;
      return;
    }
    if (!known || !this.latched) this.latch(from, known);
    this.listener.onRtp(plain);
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
    if (!this.rtcpMux) this.rtcpTo = from;
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
