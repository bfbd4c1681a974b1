// One control connection to a SIP server, through drachtio-srf. The only file that imports the library.
// The library reconnects for ever and forgets what was in flight, and what a listener throws inside it ends the process.
// So here: everything in flight is failed when the connection goes, every request has a time limit, and nothing throws
// through. Handlers run synchronously with the message: a 200, its ACK and a BYE may share one TCP segment.

import Srf from 'drachtio-srf';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type {
  Acknowledge,
  IncomingRequest,
  IncomingResponse,
  OutgoingResponse,
  RequestOptions,
  ResponseOptions,
  SentRequest,
} from './srf-types.ts';

export interface SipServerAddress {
  host: string;
  port: number;
  secret: string;
}

/** One of the addresses where the SIP server listens for SIP. */
export interface SipAddress {
  protocol: string;
  host: string;
  port: number;
}

export interface RequestHandlers {
  /** The request as it went out. Not called when `failed` is. */
  sent?(request: SentRequest): void;
  response(response: IncomingResponse, ack: Acknowledge): void;
  /** No final response will come. */
  failed(because: 'not-sent' | 'refused-by-server' | 'link-lost' | 'timeout'): void;
  /** An UPDATE that arrived while this request was open. */
  update?(request: IncomingRequest, response: OutgoingResponse): void;
}

export type DialogHandler = (request: IncomingRequest, response: OutgoingResponse) => void;

export interface ControlLink {
  readonly name: string;
  readonly up: boolean;
  readonly because: string;
  /** Where the server listens for SIP; empty until connected. */
  readonly sipAddresses: readonly SipAddress[];
  /** Resolves when connected; rejects with `sip-server-unavailable` after `withinMs`. */
  start(withinMs: number): Promise<void>;
  request(options: RequestOptions, handlers: RequestHandlers): void;
  /** Requests of this dialog go to `handler` from now on. Returns what undoes it. */
  bindDialog(dialogId: string, handler: DialogHandler): () => void;
  /** Told when the connection goes: no dialog can be taken up again afterwards, on no SIP server. Returns what undoes it. */
  onDown(listener: () => void): () => void;
  close(): void;
}

export interface ControlLinkOptions {
  clock: Clock;
  log: Logger;
  server: SipServerAddress;
  /** Requests outside of dialogs, and in dialogs that nobody bound. */
  onRequest: (request: IncomingRequest, response: OutgoingResponse, link: ControlLink) => void;
  onState: (up: boolean, link: ControlLink) => void;
}

/** Verbs the server is asked to hand us when they come outside of a dialog. */
const verbs = ['invite', 'register', 'options', 'message', 'subscribe', 'notify', 'info', 'publish'] as const;

/** A server that does not echo a request within this is not well. */
const echoTimeoutMs = 5_000;
/** Above 64·T1 (32 s), when the server itself gives up with 408. */
const finalTimeoutMs = 36_000;

/** What drachtio-srf offers beyond its declarations. */
interface SrfApplication {
  on(event: string, listener: (...args: never[]) => void): unknown;
  use(handler: (request: IncomingRequest, response: OutgoingResponse) => void): unknown;
  use(verb: string, handler: (request: IncomingRequest, response: OutgoingResponse) => void): unknown;
  connect(options: object): unknown;
  disconnect(): void;
  request(uri: string | undefined, options: object, callback: (error: unknown, request?: SentRequest) => void): unknown;
  app: { client?: { wp?: { closing?: boolean; reconnectVars?: { retryTimer?: NodeJS.Timeout | null } } } };
}

export function createControlLink({ clock, log, server, onRequest, onState }: ControlLinkOptions): ControlLink {
  const name = `${server.host}:${server.port}`;
  const srf = new (Srf as unknown as new () => SrfApplication)();
  const dialogs = new Map<string, DialogHandler>();
  const downListeners = new Set<() => void>();
  const inFlight = new Set<(because: 'link-lost') => void>();
  let up = false;
  let because = 'not connected yet';
  let closed = false;
  let sipAddresses: readonly SipAddress[] = [];
  let settleStart: ((error?: Error) => void) | undefined;

  const guarded = (what: string, run: () => void): void => {
    try {
      run();
    } catch (thrown) {
      log.error({ err: asError(thrown), what, sipServer: name }, 'a SIP handler failed');
    }
  };

  function setState(nowUp: boolean, why: string): void {
    because = why;
    if (up === nowUp) return;
    up = nowUp;
    log[nowUp || closed ? 'info' : 'error']({ sipServer: name, because: why }, 'control connection changed');
    if (!nowUp) {
      for (const fail of [...inFlight]) fail('link-lost');
      inFlight.clear();
      for (const listener of [...downListeners]) guarded('connection lost', listener);
      dialogs.clear();
    }
    guarded('state', () => onState(nowUp, link));
  }

  function onConnect(error: Error | null, hostports: unknown): void {
    if (closed) return disconnect();
    if (error) return setState(false, 'the SIP server refused the secret of its control port');
    sipAddresses = parseHostports(String(hostports ?? ''));
    setState(true, 'connected');
    settleStart?.();
  }

  function disconnect(): void {
    try {
      srf.disconnect();
    } catch {
      // Without a connection the library asserts; then all there is to stop is its retry timer.
      const wire = srf.app.client?.wp;
      if (!wire) return;
      wire.closing = true;
      if (wire.reconnectVars?.retryTimer) clearTimeout(wire.reconnectVars.retryTimer);
    }
  }

  function dispatch(request: IncomingRequest, response: OutgoingResponse): void {
    guarded(request.method, () => {
      const handler = request.stackDialogId ? dialogs.get(request.stackDialogId) : undefined;
      if (handler) handler(request, response);
      else onRequest(request, response, link);
    });
  }

  function request(options: RequestOptions, handlers: RequestHandlers): void {
    let settled = false;
    let timer: Timer | undefined;
    const settle = () => {
      settled = true;
      timer?.cancel();
      inFlight.delete(fail);
    };
    const fail = (why: Parameters<RequestHandlers['failed']>[0]) => {
      if (settled) return;
      settle();
      guarded(options.method, () => handlers.failed(why));
    };
    if (!up) return queueMicrotask(() => fail('not-sent'));
    inFlight.add(fail);
    timer = clock.after(echoTimeoutMs, () => fail('timeout'));
    const { uri, ...rest } = options;
    const sent = (error: unknown, outgoing?: SentRequest): void => {
      if (settled) return;
      if (error || !outgoing) {
        log.debug({ because: withoutUris(error), method: options.method }, 'the SIP server refused a request');
        return fail('refused-by-server');
      }
      timer?.cancel();
      // An INVITE may ring for minutes; its leg limits that.
      if (options.method !== 'INVITE') timer = clock.after(finalTimeoutMs, () => fail('timeout'));
      outgoing.on('response', (response, ack) => {
        if (response.status >= 200) settle();
        guarded(`${options.method} ${response.status}`, () => handlers.response(response, ack));
      });
      outgoing.on('update', (update, response) =>
        guarded('UPDATE', () => {
          // The library hands an UPDATE to any open request of the same Call-ID, a NOTIFY or INFO of ours too.
          if (handlers.update) handlers.update(update, response);
          else dispatch(update, response);
        }),
      );
      guarded(options.method, () => handlers.sent?.(outgoing));
    };
    try {
      srf.request(uri ?? 'sip:placeholder', { ...rest, headers: { ...rest.headers } }, sent);
    } catch (thrown) {
      log.warn({ because: withoutUris(thrown), method: options.method }, 'a request could not be sent');
      queueMicrotask(() => fail('not-sent'));
    }
  }

  function wire(): void {
    srf.on('connect', onConnect as never);
    srf.on('error', ((error: Error) => setState(false, `connection failed (${error.message})`)) as never);
    srf.on('close', (() => setState(false, closed ? 'closed' : 'the SIP server closed the connection')) as never);
    srf.use(dispatch);
    for (const verb of verbs) srf.use(verb, () => {});
    // Without a ceiling the library's delay grows without end.
    srf.connect({ ...server, enablePing: true, pingInterval: 15_000, reconnect: { retryMaxDelay: 1_000 } });
  }

  const link: ControlLink = {
    name,
    get up() {
      return up;
    },
    get because() {
      return because;
    },
    get sipAddresses() {
      return sipAddresses;
    },
    start(withinMs) {
      return new Promise((resolve, reject) => {
        const timer = clock.after(withinMs, () => settleStart?.(unavailable(name, because)));
        settleStart = (error) => {
          settleStart = undefined;
          timer.cancel();
          if (error) reject(error);
          else resolve();
        };
        wire();
      });
    },
    request,
    bindDialog(dialogId, handler) {
      dialogs.set(dialogId, handler);
      return () => {
        if (dialogs.get(dialogId) === handler) dialogs.delete(dialogId);
      };
    },
    onDown(listener) {
      downListeners.add(listener);
      return () => void downListeners.delete(listener);
    },
    close() {
      closed = true;
      setState(false, 'closed');
      disconnect();
    },
  };
  return link;
}

/** The server repeats a URI that it does not like, and a URI may be a customer's number. */
function withoutUris(error: unknown): string {
  return asError(error).message.replace(/(sips?|tel):\S+/gi, '$1:[hidden]');
}

/** `udp/127.0.0.1:5060,ws/127.0.0.1:5066` */
function parseHostports(text: string): SipAddress[] {
  return text.split(',').flatMap((one) => {
    const match = /^(\w+)\/(.+):(\d+)$/.exec(one.trim());
    return match ? [{ protocol: match[1]!.toLowerCase(), host: match[2]!, port: Number(match[3]) }] : [];
  });
}

function unavailable(name: string, because: string): AppError {
  return new AppError(
    'sip-server-unavailable',
    `No control connection to the SIP server at ${name}: ${because}. Check that it runs, its control port and its secret.`,
  );
}

/** Sends a response; what the library or the server has against it goes to `sent`. Never throws. */
export function respond(
  response: OutgoingResponse,
  status: number,
  options: ResponseOptions = {},
  sent: (error: Error | undefined) => void = () => {},
): void {
  try {
    response.send(status, undefined, options, (error) => sent(error ? asError(error) : undefined));
  } catch (thrown) {
    sent(asError(thrown));
  }
}
