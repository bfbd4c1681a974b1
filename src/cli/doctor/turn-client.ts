// A small TURN client (RFC 8656) over UDP, TCP or TLS, to see whether a TURN server does for a desk what it should: an
// allocation with a credential, its refresh, permissions for peers, data both ways by indications (§11).
// Does not do channels, TCP relays, redirects or DTLS to the server; a browser is the client that calls go through.

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  decodeStun,
  encodeStun,
  longTermKey,
  type StunAddress,
  type StunMessage,
  stunLength,
  verifyStun,
} from '../../protocol/stun/stun-message.ts';
import { asError } from '../../shared/errors.ts';

export interface TurnUrl {
  host: string;
  port: number;
  transport: 'udp' | 'tcp' | 'tls';
}

export type TurnAnswer =
  | { kind: 'ok'; message: StunMessage }
  /** The server's error code and its words (RFC 8489 §14.8). */
  | { kind: 'refused'; code: number; reason: string }
  | { kind: 'no-answer'; because: string };

export interface TurnClient {
  allocate(): Promise<TurnAnswer>;
  /** 0 ends the allocation. */
  refresh(lifetimeSeconds: number): Promise<TurnAnswer>;
  /** Only then may a peer send, or be sent to. */
  permit(peer: StunAddress): Promise<TurnAnswer>;
  send(peer: StunAddress, data: Buffer): void;
  /** What peers sent, in order. */
  readonly received: { peer: StunAddress; data: Buffer }[];
  close(): void;
}

/** `turn:host[:port][?transport=tcp]`, `turns:…` (RFC 7065 §3). Undefined when it is not one that this client can use. */
export function parseTurnUrl(url: string): TurnUrl | undefined {
  const parts = /^(turns?):(\[[0-9a-f:.]+\]|[^:?[\]]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i.exec(url);
  if (!parts) return undefined;
  const [, scheme, host = '', port, transport] = parts;
  const secure = scheme!.toLowerCase() === 'turns';
  if (secure && transport?.toLowerCase() === 'udp') return undefined;
  const plain = transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  return {
    host: host.replace(/[[\]]/g, ''),
    port: port ? Number(port) : secure ? 5349 : 3478,
    transport: secure ? 'tls' : plain,
  };
}

interface Wire {
  send(bytes: Buffer): void;
  close(): void;
}

const retransmitMs = 500;

export async function openTurnClient(options: {
  server: TurnUrl;
  username: string;
  credential: string;
  timeoutMs?: number;
  /** More authorities than the system's, PEM. */
  ca?: string | Buffer;
}): Promise<TurnClient> {
  const { server, username, credential, timeoutMs = 5000 } = options;
  const waiting = new Map<string, (message: StunMessage, bytes: Buffer) => void>();
  const received: TurnClient['received'] = [];
  let realm = '';
  let nonce = '';
  const wire = await openWire(server, timeoutMs, options.ca, (bytes) => {
    const message = decodeStun(bytes);
    if (!message) return;
    if (message.class === 'indication' && message.method === 'data' && message.peerAddress && message.data)
      received.push({ peer: message.peerAddress, data: Buffer.from(message.data) });
    waiting.get(message.transactionId.toString('hex'))?.(message, bytes);
  });

  function exchange(message: StunMessage, key: Buffer | undefined): Promise<TurnAnswer> {
    const bytes = encodeStun(message, key);
    const id = message.transactionId.toString('hex');
    return new Promise((resolve) => {
      const again = server.transport === 'udp' ? setInterval(() => wire.send(bytes), retransmitMs) : undefined;
      const end = (answer: TurnAnswer) => {
        clearInterval(again);
        clearTimeout(late);
        waiting.delete(id);
        resolve(answer);
      };
      const because = `no answer from ${server.host}:${server.port} over ${server.transport} within ${timeoutMs / 1000} s`;
      const late = setTimeout(() => end({ kind: 'no-answer', because }), timeoutMs);
      waiting.set(id, (answer, raw) => {
        if (answer.error) {
          realm = answer.realm ?? realm;
          nonce = answer.nonce ?? nonce;
          end({ kind: 'refused', ...answer.error });
        } else if (answer.class === 'success' && (!key || verifyStun(raw, key))) end({ kind: 'ok', message: answer });
      });
      wire.send(bytes);
    });
  }

  /** First without credentials, to be told realm and nonce (RFC 8489 §9.2.4); a stale nonce is replaced once. */
  async function request(fields: Omit<StunMessage, 'class' | 'transactionId'>): Promise<TurnAnswer> {
    const fresh = () => ({ ...fields, class: 'request' as const, transactionId: randomBytes(12) });
    if (realm === '') {
      const challenge = await exchange(fresh(), undefined);
      if (challenge.kind !== 'refused' || challenge.code !== 401) return challenge;
    }
    const signed = () =>
      exchange({ ...fresh(), username, realm, nonce }, longTermKey({ username, realm, password: credential }));
    const answer = await signed();
    return answer.kind === 'refused' && answer.code === 438 ? signed() : answer;
  }

  return {
    received,
    allocate: () => request({ method: 'allocate', requestedTransport: 17 }),
    refresh: (lifetimeSeconds) => request({ method: 'refresh', lifetimeSeconds }),
    permit: (peer) => request({ method: 'createPermission', peerAddress: peer }),
    send: (peer, data) =>
      wire.send(
        encodeStun({
          method: 'send',
          class: 'indication',
          transactionId: randomBytes(12),
          peerAddress: peer,
          data,
        }),
      ),
    close: () => wire.close(),
  };
}

/** Rejects with the reason when there is no connection. */
function openWire(
  { host, port, transport }: TurnUrl,
  timeoutMs: number,
  ca: string | Buffer | undefined,
  onMessage: (bytes: Buffer) => void,
): Promise<Wire> {
  return new Promise((resolve, reject) => {
    if (transport === 'udp') {
      const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
      socket.on('message', onMessage);
      socket.once('error', reject);
      socket.connect(port, host, () => {
        // A port that is closed is told on the next send; silence is what the caller waits out.
        socket.removeListener('error', reject).on('error', () => undefined);
        resolve({ send: (bytes) => socket.send(bytes, () => undefined), close: () => socket.close() });
      });
      return;
    }
    const socket =
      transport === 'tls'
        ? connectTls({ host, port, servername: host, ...(ca ? { ca } : {}) })
        : connectTcp({ host, port });
    const late = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs / 1000} s`)), timeoutMs);
    socket.once('error', (thrown) => reject(asError(thrown)));
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(late);
      socket.on('error', () => undefined);
      resolve({ send: (bytes) => void socket.write(bytes), close: () => socket.destroy() });
    });
    socket.once('close', () => clearTimeout(late));
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let length = stunLength(pending); length !== undefined && pending.length >= length; ) {
        onMessage(pending.subarray(0, length));
        pending = pending.subarray(length);
        length = stunLength(pending);
      }
    });
  });
}
