// What carries a party's packets. Makers: udp-transport.ts (RTP, SRTP by SDES), and of ICE with DTLS-SRTP dtls-srtp-transport.ts, or
// library-transport.ts where that cannot be.
// Packets handed in and out are plain RTP and RTCP; keys and addresses stay inside.

import type { LocalIce } from '../../../negotiation.ts';

export interface TransportListener {
  /** The packet is the listener's until it returns, and may be changed in place; who keeps it makes a copy. `nowMs` is performance.now(), if known. */
  onRtp(packet: Buffer, nowMs?: number): void;
  onRtcp(packet: Buffer): void;
  /** Packets can be sent. */
  onConnected(): void;
}

export interface Transport {
  /** Sends without waiting; what cannot be sent now is dropped. The caller may use the packet's memory again when it returns. */
  sendRtp(packet: Buffer): void;
  sendRtcp(packet: Buffer): void;
  readonly connected: boolean;
  /** Packets that were not from whom they should be, or not intact. */
  readonly refused: number;
  close(): Promise<void>;
}

/** Towards a browser. A new ICE session (RFC 8839 §4.4.1.1) is a new transport. */
export interface BrowserTransport extends Transport {
  /** The far end's credentials are in use; they cannot be changed any more. */
  readonly answered: boolean;
  /** Our credentials for an offer. */
  offer(): LocalIce;
  /** Throws when the SDP cannot be used. */
  setAnswer(sdp: string): void;
  /** Our credentials for an answer. Rejects when the SDP cannot be used. */
  answer(sdpOffer: string): Promise<LocalIce>;
}

export interface BrowserTransportNeeds {
  /** For the log. */
  name: string;
  ssrc: number;
  cname: string;
  listener: TransportListener;
  onLost(because: string): void;
}

/** The side of an engine that browsers reach: one UDP port for all. */
export interface BrowserSide {
  readonly port: number;
  /** Packets that were nobody's, as far as the side can tell. */
  readonly strangers: number;
  open(needs: BrowserTransportNeeds): BrowserTransport;
  close(): Promise<void>;
}
