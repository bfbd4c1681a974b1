// One control connection, made by us or by the SIP server, driven by drachtio-srf. The only file that imports the library.
// The library is given sockets that we opened or accepted (its listen mode, with a server that never listens): its own client
// reconnects over TLS without TLS, cannot be told to give up a connection attempt, and asks for every request whether wanted
// or not. One instance per socket, because a CANCEL goes out on the instance's first socket.
//
//   authenticating ─OK▶ ready ─socket closes▶ closed
//        └── refused, closed or silent ─────────▶ closed

import { randomUUID } from 'node:crypto';
import { Server, type Socket } from 'node:net';
import Srf from 'drachtio-srf';
import { asError } from '../../shared/errors.ts';
import type { IncomingRequest, OutgoingResponse, RequestOptions, SentRequest } from './srf-types.ts';

/** What the server says about itself when it takes our secret. */
export interface ServerGreeting {
  /** `udp/192.0.2.1:5060,ws/192.0.2.1:5066` */
  hostports: string;
  version: string | undefined;
}

export interface SrfConnectionOptions {
  /** Connected. */
  socket: Socket;
  secret: string;
  onReady: (greeting: ServerGreeting) => void;
  onRequest: (request: IncomingRequest, response: OutgoingResponse) => void;
  /** Once, whatever ended it. */
  onClosed: (because: string) => void;
}

export interface SrfConnection {
  /** Counts up with everything that the server sends. */
  readonly heard: number;
  request(options: RequestOptions, sent: (error: unknown, request?: SentRequest) => void): void;
  /** Asks the server for requests with this method (lower case, as the protocol has it). */
  route(method: string): void;
  /** It is to give us no more of them; drachtio-server takes that for all methods. */
  unroute(method: string): void;
  /** `answered`: the server has done everything that it was told before. */
  ping(answered?: () => void): void;
  /** Only our own server knows this: drachtio-server closes the connection on what it does not know. */
  forget(dialogId: string): void;
  close(because: string): void;
}

/** What drachtio-srf offers beyond its declarations. */
interface SrfApplication {
  on(event: string, listener: (...args: never[]) => void): unknown;
  use(handler: (request: IncomingRequest, response: OutgoingResponse) => void): unknown;
  listen(options: object): unknown;
  request(uri: string, options: object, callback: (error: unknown, request?: SentRequest) => void): unknown;
  endSession(holder: { socket: Socket }): void;
}

/** A server that has not read our last words by then is cut off. */
const goodbyeMs = 1_000;

export function createSrfConnection(options: SrfConnectionOptions): SrfConnection {
  const { socket } = options;
  const srf = new (Srf as unknown as new () => SrfApplication)();
  const neverListens = new Server();
  let closedBecause: string | undefined;
  let over = false;
  let heard = 0;

  function closed(because: string): void {
    if (over) return;
    over = true;
    options.onClosed(closedBecause ?? because);
  }

  function onConnect(error: Error | null, hostports: unknown, version: unknown): void {
    if (over) return;
    if (error) return close('the SIP server refused the secret of its control port');
    options.onReady({ hostports: String(hostports ?? ''), version: version ? String(version) : undefined });
  }

  function close(because: string): void {
    if (over) return;
    closedBecause ??= because;
    try {
      srf.endSession({ socket });
    } catch {
      // Not connected any more, which is what was wanted.
    }
    setTimeout(() => socket.destroy(), goodbyeMs).unref();
    closed(because);
  }

  /** A command of our own; the library passes over answers to what it did not ask for. Returns the command's id. */
  function say(command: string): string {
    const id = randomUUID();
    if (over || !socket.writable) return id;
    const payload = `${id}|${command}`;
    socket.write(`${Buffer.byteLength(payload)}#${payload}`);
    return id;
  }

  function ping(answered: () => void): void {
    const id = say('ping');
    let tail = '';
    const look = (chunk: Buffer) => {
      // The answer names the id; it may come in pieces, and behind anything else.
      tail = (tail + chunk.toString('latin1')).slice(-(chunk.length + id.length));
      if (!tail.includes(id)) return;
      socket.off('data', look);
      if (!over) answered();
    };
    socket.on('data', look);
  }

  socket.setNoDelay(true);
  socket.setKeepAlive(true, 15_000);
  socket.on('data', () => {
    heard++;
  });
  socket.on('error', (error) => {
    closedBecause ??= `connection failed (${error.message})`;
  });
  socket.on('close', () => closed('the SIP server closed the connection'));
  srf.use((request, response) => {
    if (!over) options.onRequest(request, response);
  });
  srf.on('connect', onConnect as never);
  srf.listen({ server: neverListens, secret: options.secret });
  neverListens.emit('connection', socket);

  return {
    get heard() {
      return heard;
    },
    request(wanted, sent) {
      const { uri, ...rest } = wanted;
      srf.request(uri ?? 'sip:placeholder', { ...rest, headers: { ...rest.headers }, _socket: socket }, sent);
    },
    route: (method) => void say(`route|${method}`),
    unroute: (method) => void say(`remove_route|${method}`),
    ping: (answered) => (answered ? ping(answered) : void say('ping')),
    forget: (dialogId) => void say(`forget|${dialogId}`),
    close,
  };
}

/** The server repeats a URI that it does not like, and a URI may be a customer's number. */
export function withoutUris(error: unknown): string {
  return asError(error).message.replace(/(sips?|tel):\S+/gi, '$1:[hidden]');
}
