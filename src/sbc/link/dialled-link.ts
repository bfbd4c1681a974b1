// A control link that we dial, and dial again for ever with a bounded back-off (inbound mode, as drachtio-server calls it).
// TCP says when a server died; one that hangs is found by its silence: a ping goes out whenever nothing was heard for an
// interval, and after three of them without a byte the connection is given up. A server that is too old is not used at all.
//
//   down ─TCP, secret, version▶ up ─closed, reset, three silent pings▶ down ─back-off▶ …        any ─close()▶ closed

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import { type ControlLink, parseHostports, type SipAddress } from './control-link.ts';
import { createLinkCore } from './link-core.ts';
import { isOurs, judgeVersion } from './server-version.ts';
import { createSrfConnection, type ServerGreeting } from './srf-connection.ts';
import type { IncomingRequest, OutgoingResponse } from './srf-types.ts';

export interface SipServerAddress {
  /** The same on every node; `host:port` unless given. */
  name?: string;
  host: string;
  port: number;
  secret: string;
  /**
   * TLS on the control port. `ca`: PEM of who signed its certificate, when that is not one of the well-known; `anyName`: a
   * certificate of theirs is good whatever name is in it (our own server, by its address).
   */
  tls?: { ca?: string | Buffer; anyName?: boolean };
  /** Takes new requests of this server (the default); otherwise it is only used to reach what is registered there. */
  takesRequests?: boolean;
  /** Where `/sip` is tunnelled to, when the server does not tell (drachtio-server behind NAT, or with wss only). */
  webSocket?: { host: string; port: number };
  region?: string;
}

export interface LinkTiming {
  pingIntervalMs: number;
  /** Ends an attempt to connect. */
  connectTimeoutMs: number;
  firstRetryMs: number;
  lastRetryMs: number;
}

export const defaultLinkTiming: LinkTiming = {
  pingIntervalMs: 3_000,
  connectTimeoutMs: 5_000,
  firstRetryMs: 250,
  lastRetryMs: 5_000,
};

export interface DialledLink extends ControlLink {
  readonly address: SipServerAddress;
  readonly version: string | undefined;
  /** The server's addresses as it tells them, to know it again when it dials us. */
  readonly hostports: string;
  /** Resolves when connected; rejects with `sip-server-unavailable` after `withinMs`, and goes on trying. */
  start(withinMs: number): Promise<void>;
  /** Asks for no more new requests, now and after a reconnection. Resolves when none comes any more; what there is goes on. */
  release(): Promise<void>;
  close(because?: string): void;
}

export interface DialledLinkOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  address: SipServerAddress;
  timing?: Partial<LinkTiming>;
  onRequest: (request: IncomingRequest, response: OutgoingResponse, link: ControlLink) => void;
  onState: (up: boolean, link: DialledLink) => void;
}

/** Methods the server is asked to hand us when they come outside of a dialog. */
const methods = ['invite', 'register', 'options', 'message', 'subscribe', 'notify', 'info', 'publish'] as const;
const silentPings = 3;
/** drachtio-server may have chosen us for a request just before, and send it a moment later. */
const releasedAfterMs = 500;

export const serverName = ({ name, host, port }: SipServerAddress): string => name ?? `${host}:${port}`;

export function createDialledLink(options: DialledLinkOptions): DialledLink {
  const { clock, random, address } = options;
  const timing = { ...defaultLinkTiming, ...options.timing };
  const server = serverName(address);
  const log = options.log.child({ sipServer: server });
  const core = createLinkCore({
    clock,
    log,
    onRequest: (request, response) => options.onRequest(request, response, link),
    onOverdue: () => {
      overdue = true;
    },
  });
  let up = false;
  let overdue = false;
  let because = 'not connected yet';
  let closed = false;
  let takesRequests = address.takesRequests !== false;
  let greeting: ServerGreeting = { hostports: '', version: undefined };
  let sipAddresses: readonly SipAddress[] = [];
  let retryMs = timing.firstRetryMs;
  let retry: Timer | undefined;
  let pinging: Timer | undefined;
  let abandon: ((why: string) => void) | undefined;
  let settleStart: ((error?: Error) => void) | undefined;

  function setState(nowUp: boolean, why: string): void {
    const news = why !== because;
    because = why;
    if (up === nowUp) {
      if (news && !closed) log.warn({ because: why }, 'the SIP server cannot be reached');
      return;
    }
    up = nowUp;
    log[nowUp || closed ? 'info' : 'error']({ because: why, version: greeting.version }, 'control connection changed');
    if (!nowUp) {
      pinging?.cancel();
      core.lost();
    }
    core.guarded('state', () => options.onState(nowUp, link));
  }

  function failed(why: string): void {
    abandon = undefined;
    setState(false, why);
    if (closed) return;
    retry = clock.after(retryMs * (0.75 + random.next() / 2), dial);
    retryMs = Math.min(timing.lastRetryMs, retryMs * 1.7);
  }

  function dial(): void {
    const { host, port, tls } = address;
    const name = host.replace(/^\[|\]$/g, '');
    const socket: Socket = tls
      ? connectTls({ host: name, port, ca: tls.ca, ...(tls.anyName ? { checkServerIdentity: () => undefined } : {}) })
      : connect({ host: name, port });
    let why = 'connection failed';
    const late = clock.after(timing.connectTimeoutMs, () => give(`it does not answer on ${host}:${port}`));
    const give = (reason: string) => {
      why = reason;
      socket.destroy();
    };
    const onError = (error: Error) => {
      why = `connection failed (${error.message})`;
    };
    const onClose = () => {
      late.cancel();
      failed(why);
    };
    socket.once('error', onError);
    socket.once('close', onClose);
    abandon = give;
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      late.cancel();
      socket.off('error', onError);
      socket.off('close', onClose);
      authenticate(socket);
    });
  }

  function authenticate(socket: Socket): void {
    const late = clock.after(timing.connectTimeoutMs, () => connection.close('it does not answer on its control port'));
    const connection = createSrfConnection({
      socket,
      secret: address.secret,
      onRequest: core.dispatch,
      onClosed: (why) => {
        late.cancel();
        failed(why);
      },
      onReady: greeted,
    });
    abandon = (why) => connection.close(why);

    function greeted(hello: ServerGreeting): void {
      const verdict = judgeVersion(hello.version);
      if (verdict.kind === 'too-old') return connection.close(verdict.because);
      if (verdict.kind === 'unknown')
        log.warn({ because: verdict.because }, 'the version of the SIP server is unknown');
      greeting = hello;
      sipAddresses = parseHostports(hello.hostports);
      if (takesRequests) for (const method of methods) connection.route(method);
      // Up is who has heard our routes, too: before that it would refuse a call.
      connection.ping(ready);
    }

    function ready(): void {
      late.cancel();
      retryMs = timing.firstRetryMs;
      overdue = false;
      core.connection = connection;
      watch();
      setState(true, 'connected');
      settleStart?.();
    }

    function watch(): void {
      let heard = connection.heard;
      let unanswered = 0;
      // Counted in turns, not in time: after a stall of our own, what the server said waits unread behind this timer.
      pinging = clock.every(timing.pingIntervalMs, () => {
        if (connection.heard !== heard) {
          heard = connection.heard;
          unanswered = 0;
          overdue = false;
        } else if (unanswered >= silentPings) {
          return connection.close(`it hangs: ${silentPings} pings without an answer`);
        }
        overdue ||= unanswered > 0;
        unanswered++;
        connection.ping();
      });
    }
  }

  const link: DialledLink = {
    server,
    address,
    get up() {
      return up;
    },
    get healthy() {
      return up && !overdue;
    },
    get because() {
      return because;
    },
    get version() {
      return greeting.version;
    },
    get hostports() {
      return greeting.hostports;
    },
    get sipAddresses() {
      return sipAddresses;
    },
    start(withinMs) {
      return new Promise((resolve, reject) => {
        const timer = clock.after(withinMs, () => settleStart?.(unavailable(server, because)));
        // The clock's timers keep no process alive; who waits here wants to see how it ends.
        const waiting = setTimeout(() => {}, withinMs + 1_000);
        settleStart = (error) => {
          settleStart = undefined;
          timer.cancel();
          clearTimeout(waiting);
          if (error) reject(error);
          else resolve();
        };
        dial();
      });
    },
    release() {
      takesRequests = false;
      const { connection } = core;
      if (!connection) return Promise.resolve();
      for (const method of methods) connection.unroute(method);
      return new Promise((resolve) => {
        const late = clock.after(timing.connectTimeoutMs, resolve);
        connection.ping(() => {
          late.cancel();
          clock.after(releasedAfterMs, resolve);
        });
      });
    },
    request: core.request,
    bindDialog: core.bindDialog,
    forgetDialog(dialogId) {
      // Ours ends the dialogs of an application that goes; drachtio-server leaves them alone.
      if (isOurs(greeting.version)) core.connection?.forget(dialogId);
    },
    onDown: core.onDown,
    close(why = 'closed') {
      if (closed) return;
      closed = true;
      retry?.cancel();
      pinging?.cancel();
      settleStart?.(unavailable(server, why));
      abandon?.(why);
      setState(false, why);
    },
  };
  return link;
}

function unavailable(name: string, because: string): AppError {
  return new AppError(
    'sip-server-unavailable',
    `No control connection to the SIP server at ${name}: ${because}. Check that it runs, its control port and its secret.`,
  );
}
