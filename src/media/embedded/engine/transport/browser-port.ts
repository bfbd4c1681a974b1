// The UDP port on which browsers reach an engine. Whose a packet is: a connectivity check says it by its user name, and from then on
// the address that the check came from does. What kind it is, its first byte says (RFC 7983). A packet of somebody who has not
// proved by a check to know a password of ours goes no further than here, and is not answered.

import type { SrtpCrypto } from '../../../../protocol/rtp/srtp-crypto.ts';
import { readCheck } from '../../../../protocol/stun/connectivity-check.ts';
import { type Remote, textOf, type UdpSocket, type UdpSockets } from '../sockets/udp-socket.ts';
import { DtlsSrtpTransport } from './dtls-srtp-transport.ts';
import type { Openssl } from './openssl.ts';
import type { BrowserSide, BrowserTransportNeeds } from './transport.ts';

const isStun = (first: number) => first < 4;
const isDtls = (first: number) => first >= 20 && first < 64;
const isMedia = (first: number) => first >= 128 && first < 192;

export interface BrowserPortNeeds {
  sockets: UdpSockets;
  openssl: Openssl;
  srtp: SrtpCrypto;
  address: string;
  /** 0 lets the system choose. */
  port: number;
  /** How long a browser may go without a check before nothing is sent to it; RFC 7675 §5.1 has 30 s. */
  consentMs?: number;
}

export class BrowserPort implements BrowserSide {
  readonly port: number;
  readonly needs: BrowserPortNeeds;
  /** Packets that were nobody's. */
  strangers = 0;
  private readonly socket: UdpSocket;
  private readonly byFragment = new Map<string, DtlsSrtpTransport>();
  private readonly byWay = new Map<string, DtlsSrtpTransport>();

  private constructor(socket: UdpSocket, needs: BrowserPortNeeds) {
    this.socket = socket;
    this.port = socket.port;
    this.needs = needs;
    socket.listen((packet, from, nowMs) => this.onPacket(packet, from, nowMs));
  }

  /** Undefined when the port is taken. */
  static async listen(needs: BrowserPortNeeds): Promise<BrowserPort | undefined> {
    const socket = await needs.sockets.open(needs.address, needs.port, 'shared');
    return socket && new BrowserPort(socket, needs);
  }

  open(needs: BrowserTransportNeeds): DtlsSrtpTransport {
    return new DtlsSrtpTransport(this, needs);
  }

  private onPacket(packet: Buffer, from: Remote, nowMs: number | undefined): void {
    const first = packet[0] ?? 0xff;
    if (isStun(first)) {
      const check = readCheck(packet);
      const owner = check && this.byFragment.get(check.usernameFragment);
      if (owner) owner.onCheck(check, packet, from);
      else this.strangers++;
      return;
    }
    const owner = this.byWay.get(textOf(from));
    if (owner && isMedia(first)) owner.onMedia(packet, nowMs);
    else if (owner && isDtls(first)) owner.onDtls(packet);
    else this.strangers++;
  }

  expect(usernameFragment: string, owner: DtlsSrtpTransport): void {
    this.byFragment.set(usernameFragment, owner);
  }

  /** Packets from there are this one's from now on. */
  allow(way: Remote, owner: DtlsSrtpTransport): void {
    this.byWay.set(textOf(way), owner);
  }

  forget(way: Remote, owner: DtlsSrtpTransport): void {
    if (this.byWay.get(textOf(way)) === owner) this.byWay.delete(textOf(way));
  }

  expectNoMore(usernameFragment: string): void {
    this.byFragment.delete(usernameFragment);
  }

  send(packet: Buffer, to: Remote): void {
    this.socket.send(packet, to);
  }

  close(): Promise<void> {
    return this.socket.close();
  }
}
