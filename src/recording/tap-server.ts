// Where media servers bring audio: a WebSocket, on loopback unless told, then with TLS; sub-protocol `audio.drachtio.org` (what mod_audio_fork speaks).
// The address carries a secret token per recording; anything else is refused before the upgrade.
// Binary frames are 16-bit little-endian stereo at 8 kHz, counted in bytes: a late frame of mod_audio_fork comes doubled.
// The first text frame is metadata in JSON, to which drachtio-fsmrf 4.1.2 appends `|true|false|`; of it only
// `resumedAtMs` is of use here (media/embedded: the same tap after an interruption, at this point of its own count).

import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

const tapProtocol = 'audio.drachtio.org';
const maxFrameBytes = 1024 * 1024;

export interface TapReceiver {
  connect(resumedAtMs?: number): void;
  push(pcm: Buffer): void;
  disconnect(): void;
}

export interface TapServer {
  readonly port: number;
  /** From now on the token opens a tap to `receiver`. Of several taps at once the newest counts. */
  admit(token: string, receiver: TapReceiver): void;
  /**
   * Refuses the token from now on. A tap that is still connected is being closed by its media server, or should be: what
   * it has sent is read to its end, but not for longer than `patienceMs`.
   */
  dismiss(token: string): Promise<void>;
  close(): Promise<void>;
}

interface Admission {
  receiver: TapReceiver;
  socket?: WebSocket;
  onClosed?: () => void;
}

const patienceMs = 300;

/** Where taps are taken. */
export interface TapListen {
  /** 127.0.0.1 unless told. Beyond loopback `tls` must be given: what comes is a conversation in the clear. */
  host?: string;
  /** PEM. */
  tls?: { cert: string; key: string };
}

export async function startTapServer({ port, taps = {} }: { port: number; taps?: TapListen }): Promise<TapServer> {
  const admissions = new Map<string, Admission>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(tapProtocol) ? tapProtocol : false),
  });
  const { host = '127.0.0.1', tls } = taps;
  const refuseRequest: Parameters<typeof createServer>[1] = (_, response) => response.writeHead(426).end();
  const server = tls ? createTlsServer(tls, refuseRequest) : createServer(refuseRequest);
  server.on('upgrade', (request, socket, head) => {
    const admission = admissions.get(tokenOf(request));
    if (!admission) return refuse(socket);
    sockets.handleUpgrade(request, socket, head, (webSocket) => receive(admission, webSocket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    admit: (token, receiver) => void admissions.set(token, { receiver }),
    async dismiss(token) {
      const admission = admissions.get(token);
      admissions.delete(token);
      const socket = admission?.socket;
      if (!admission || !socket) return;
      await new Promise<void>((resolve) => {
        admission.onClosed = resolve;
        setTimeout(resolve, patienceMs);
      });
      admission.socket = undefined;
      socket.close(1000);
    },
    close() {
      for (const client of sockets.clients) client.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function tokenOf(request: IncomingMessage): string {
  return /^\/tap\/([0-9a-f]{32})$/.exec(request.url ?? '')?.[1] ?? '';
}

function refuse(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

function receive(admission: Admission, socket: WebSocket): void {
  const { receiver } = admission;
  const earlier = admission.socket;
  admission.socket = socket;
  if (earlier) {
    earlier.terminate();
    receiver.disconnect();
  }
  receiver.connect();
  let metadataSeen = false;
  /** A sample pair has four bytes; what is left over waits for the next frame. */
  let remainder = Buffer.alloc(0);

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (admission.socket !== socket) return;
    if (!isBinary) {
      if (!metadataSeen) receiver.connect(resumedAt(String(data)));
      metadataSeen = true;
      return;
    }
    const bytes = remainder.length > 0 ? Buffer.concat([remainder, data as Buffer]) : (data as Buffer);
    const whole = bytes.length - (bytes.length % 4);
    remainder = Buffer.from(bytes.subarray(whole));
    if (whole > 0) receiver.push(bytes.subarray(0, whole));
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    if (admission.socket !== socket) return;
    admission.socket = undefined;
    admission.onClosed?.();
    receiver.disconnect();
  });
}

/** Metadata is for people who debug; unreadable metadata must not cost the recording. */
function resumedAt(text: string): number | undefined {
  try {
    const metadata = JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)) as { resumedAtMs?: unknown };
    const value = metadata?.resumedAtMs;
    return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
