// What carries a party's packets. Makers: udp-transport.ts (RTP, SRTP by SDES), webrtc-transport.ts (ICE and DTLS-SRTP).
// Packets handed in and out are plain RTP and RTCP; keys and addresses stay inside.

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
