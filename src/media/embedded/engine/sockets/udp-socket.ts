// What the engine needs of a UDP socket. Two makers: dgram-socket.ts (Node's own, everywhere) and libc-socket.ts (Linux, by the
// C library's calls, at a third of the cost).

export interface Remote {
  readonly address: string;
  readonly port: number;
  /** As the socket that gave it writes addresses. */
  readonly wire?: Uint8Array;
  /** Address and port in one, where the socket keeps it: what a far end is looked up by. */
  readonly text?: string;
}

/**
 * The packet is the listener's until it returns, and may be changed in place; who keeps it makes a copy. `nowMs` is
 * performance.now(), where the socket already knows it.
 */
export type PacketListener = (packet: Buffer, from: Remote, nowMs?: number) => void;

export interface UdpSocket {
  readonly port: number;
  /** Packets come to this one from now on. */
  listen(onPacket: PacketListener): void;
  /** Whom to send to; its text is the one that `from` will have. */
  remote(address: string, port: number): Remote;
  /**
   * Sends without waiting, and without telling of packets that cannot be sent: they are lost as on the way. The packet is
   * the caller's again when it returns.
   */
  send(packet: Buffer, to: Remote): void;
  close(): Promise<void>;
}

export interface UdpSockets {
  /**
   * Undefined when the port is taken. Port 0 lets the system choose. `shared`: many far ends send to it, so it has more packets
   * at a time than the socket of one.
   */
  open(address: string, port: number, use?: 'shared'): Promise<UdpSocket | undefined>;
  /** Takes what has come now, where the sockets are looked at from time to time, and goes on in that rhythm. */
  look?(nowMs: number): void;
}

/** What may wait in a socket: bursts while the process is busy. */
export const receiveBufferBytes = 512 * 1024;

export const textOf = (remote: Remote): string => remote.text ?? `${remote.address} ${remote.port}`;

export const sameRemote = (one: Remote | undefined, other: Remote | undefined): boolean =>
  one === other || (one !== undefined && one.port === other?.port && one.address === other.address);
