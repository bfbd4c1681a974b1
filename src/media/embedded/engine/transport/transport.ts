// What carries a party's packets. Makers: udp-transport.ts (RTP, SRTP by SDES), webrtc-transport.ts (ICE and DTLS-SRTP).
// Packets handed in and out are plain RTP and RTCP; keys and addresses stay inside.

export interface TransportListener {
  /** The packet belongs to the listener from now on and may be changed in place. */
  onRtp(packet: Buffer): void;
  onRtcp(packet: Buffer): void;
  /** Packets can be sent. */
  onConnected(): void;
}

export interface Transport {
  /** Sends without waiting; what cannot be sent now is dropped. The packet is no longer the caller's. */
  sendRtp(packet: Buffer): void;
  sendRtcp(packet: Buffer): void;
  readonly connected: boolean;
  /** Packets that were not from whom they should be, or not intact. */
  readonly refused: number;
  close(): Promise<void>;
}
