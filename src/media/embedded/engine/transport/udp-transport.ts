// RTP and RTCP over UDP towards carriers and telephones, plain or as SRTP with keys from SDES (RFC 3711, RFC 4568).
// Symmetric RTP (RFC 4961): until a packet has come we send to the address in the SDP; the first valid packet says where the
// far end really is (latching). From then on other sources are refused, so nobody can inject audio or turn ours aside by
// guessing a port; only the address that the SDP names may still take over from a source that it did not name.
// Does not look at what the packets say.

import type { RemoteInfo } from 'node:dgram';
import type { Transport, TransportListener } from './transport.ts';
import type { PortPair } from './udp-ports.ts';

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
  private signalled: RemoteAddress | undefined;
  private sendAddress = '';
  private sendPort = 0;
  private rtcpAddress = '';
  private rtcpPort = 0;
  private latched = false;
  private closed = false;

  constructor(pair: PortPair, listener: TransportListener) {
    this.pair = pair;
    this.port = pair.port;
    this.listener = listener;
    pair.rtp.on('message', (packet, from) => this.onMessage(packet, from));
    pair.rtcp.on('message', (packet, from) => this.onControl(packet, from));
    // Errors of a send (unreachable network) show as missing packets in the statistics; a socket stays usable.
    pair.rtp.on('error', () => this.refused++);
    pair.rtcp.on('error', () => this.refused++);
  }

  get connected(): boolean {
    return this.sendPort !== 0;
  }

  /** A new SDP of the far end. The same address keeps what was learnt; a new one is learnt anew. */
  setRemote(remote: RemoteAddress | undefined): void {
    const before = this.signalled;
    this.signalled = remote;
    if (!remote) {
      this.sendPort = 0;
      this.latched = false;
      return;
    }
    const same = before && before.address === remote.address && before.port === remote.port;
    if (same && this.latched) return;
    this.latched = false;
    this.sendAddress = remote.address;
    this.sendPort = remote.port;
    this.rtcpAddress = remote.rtcpAddress;
    this.rtcpPort = remote.rtcpPort;
    this.listener.onConnected();
  }

  private onMessage(packet: Buffer, from: RemoteInfo): void {
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
    const known = from.port === this.sendPort && from.address === this.sendAddress;
    if (!known && this.latched && !this.isSignalled(from)) {
      this.refused++;
      return;
    }
    const plain = this.protection ? this.protection.unprotectRtp(packet) : packet;
    if (!plain) {
      this.refused++;
      return;
    }
    if (!known || !this.latched) this.latch(from);
    this.listener.onRtp(plain);
  }

  private isSignalled(from: RemoteInfo): boolean {
    return from.port === this.signalled?.port && from.address === this.signalled.address;
  }

  private latch(from: RemoteInfo): void {
    if (!this.signalled) return;
    this.latched = true;
    const moved = from.address !== this.sendAddress || from.port !== this.sendPort;
    this.sendAddress = from.address;
    this.sendPort = from.port;
    if (!moved) return;
    // Behind NAT the RTCP address of the SDP is as wrong as the RTP one; the next port is the best guess until RTCP comes.
    this.rtcpAddress = from.address;
    this.rtcpPort = this.rtcpMux ? from.port : from.port + 1;
  }

  private onControl(packet: Buffer, from: RemoteInfo): void {
    if (packet.length < 8 || (packet[0]! & 0xc0) !== 0x80 || from.address !== this.sendAddress) {
      this.refused++;
      return;
    }
    const plain = this.protection ? this.protection.unprotectRtcp(packet) : packet;
    if (!plain) {
      this.refused++;
      return;
    }
    if (!this.rtcpMux) this.rtcpPort = from.port;
    this.listener.onRtcp(plain);
  }

  sendRtp(packet: Buffer): void {
    if (this.sendPort === 0 || this.closed) return;
    const out = this.protection ? this.protection.protectRtp(packet) : packet;
    if (out) this.pair.rtp.send(out, this.sendPort, this.sendAddress);
  }

  sendRtcp(packet: Buffer): void {
    if (this.closed || this.sendPort === 0) return;
    const out = this.protection ? this.protection.protectRtcp(packet) : packet;
    if (!out) return;
    if (this.rtcpMux) this.pair.rtp.send(out, this.sendPort, this.sendAddress);
    else if (this.rtcpPort > 0 && this.rtcpPort < 65536) this.pair.rtcp.send(out, this.rtcpPort, this.rtcpAddress);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const sockets = [this.pair.rtp, this.pair.rtcp];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }
}
