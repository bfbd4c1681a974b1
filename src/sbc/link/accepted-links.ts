// Control connections that SIP servers make to us (outbound mode: `<request-handler>` in drachtio.conf.xml). Each brings one new
// request and lives as long as what came of it: we end the session once nothing of it is left.
// Connections from anywhere but our SIP servers are closed before a byte of the secret is said.
//
//   accepted ─authenticated▶ in use ─nothing open for five seconds▶ ended by us;  closed by the server: what was open is lost

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { type ControlLink, parseHostports } from './control-link.ts';
import { createLinkCore } from './link-core.ts';
import { createSrfConnection } from './srf-connection.ts';
import type { IncomingRequest, OutgoingResponse } from './srf-types.ts';

export interface AcceptSettings {
  host: string;
  /** 0 takes a free port. */
  port: number;
  tls?: { cert: string | Buffer; key: string | Buffer };
}

/** Which of our SIP servers a connection belongs to, and its secret; undefined when none of them is there. */
export type WhoDials = (peer: {
  address: string;
  hostports: string | undefined;
}) => { server: string; secret: string } | undefined;

export interface AcceptedLinks {
  /** Connections of this server that are open now. */
  count(server: string): number;
  /** The server is gone or hangs: nothing comes of its connections any more. */
  serverLost(server: string): void;
  readonly address: { host: string; port: number } | undefined;
  start(): Promise<void>;
  /** Takes no more; those in use go on until `close`. */
  close(): void;
}

export interface AcceptedLinksOptions {
  clock: Clock;
  log: Logger;
  settings: AcceptSettings;
  whoDials: WhoDials;
  onRequest: (request: IncomingRequest, response: OutgoingResponse, link: ControlLink) => void;
}

/** The server's echo of our last response is still on its way when nothing is open any more. */
const lingerMs = 5_000;
/** A connection that brings nothing. */
const idleMs = 10_000;

export function createAcceptedLinks(options: AcceptedLinksOptions): AcceptedLinks {
  const { settings, log, whoDials } = options;
  const open = new Set<AcceptedLink>();
  let listening: { host: string; port: number } | undefined;

  function adopt(socket: Socket): void {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const who = whoDials({ address, hostports: undefined });
    if (who === undefined) {
      log.warn({ address }, 'a control connection from an unknown address was closed');
      return void socket.destroy();
    }
    const link: AcceptedLink = adoptFrom(socket, who, address, { ...options, ended: () => open.delete(link) });
    open.add(link);
  }

  const server: Server = settings.tls ? createTlsServer(settings.tls) : createServer();
  server.on(settings.tls ? 'secureConnection' : 'connection', adopt);

  return {
    count: (name) => [...open].filter((link) => link.server === name).length,
    serverLost(name) {
      for (const link of [...open]) if (link.server === name) link.end('its SIP server is gone');
    },
    get address() {
      return listening;
    },
    start() {
      return new Promise((resolve, reject) => {
        server.once('error', (cause) => reject(cannotListen(settings, cause)));
        server.listen(settings.port, settings.host, () => {
          const bound = server.address();
          if (bound !== null && typeof bound === 'object') listening = { host: settings.host, port: bound.port };
          resolve();
        });
      });
    },
    close() {
      server.close();
      for (const link of [...open]) link.end('closed');
    },
  };
}

interface AcceptedLink {
  readonly server: string;
  end(because: string): void;
}

function adoptFrom(
  socket: Socket,
  firstGuess: { server: string; secret: string },
  address: string,
  options: AcceptedLinksOptions & { ended: () => void },
): AcceptedLink {
  const { clock } = options;
  let { server } = firstGuess;
  const log = options.log.child({ sipServer: server, control: 'accepted' });
  let unanswered = 0;
  let linger: Timer | undefined;
  let because = 'connected';
  let hostports = '';

  const core = createLinkCore({
    clock,
    log,
    onRequest: (request, response) => {
      count(request, response);
      options.onRequest(request, response, link);
    },
    onOverdue: () => {},
    onLess: endSoon,
  });

  /** Until it is answered or called off, a new request holds the connection. */
  function count(request: IncomingRequest, response: OutgoingResponse): void {
    if (request.source === 'application' || request.method === 'ACK') return;
    linger?.cancel();
    unanswered++;
    let counted = true;
    const done = () => {
      if (!counted) return;
      counted = false;
      unanswered--;
      endSoon();
    };
    response.once('finish', done);
    if (request.method === 'INVITE') request.on('cancel', done);
  }

  function endSoon(): void {
    linger?.cancel();
    if (unanswered + core.open > 0) return;
    linger = clock.after(lingerMs, () => {
      if (unanswered + core.open === 0) end('nothing of it is left');
    });
  }

  const connection = createSrfConnection({
    socket,
    secret: firstGuess.secret,
    onReady: (greeting) => {
      ({ hostports } = greeting);
    },
    onRequest: (request, response) => {
      // The request may come in the segment of the greeting, before the library tells of it.
      hostports ||= request.server?.hostport ?? '';
      server = options.whoDials({ address, hostports })?.server ?? server;
      core.dispatch(request, response);
    },
    onClosed: (why) => {
      because = why;
      linger?.cancel();
      core.lost();
      options.ended();
    },
  });
  core.connection = connection;
  linger = clock.after(idleMs, endSoon);

  const link: ControlLink = {
    get server() {
      return server;
    },
    get up() {
      return core.connection !== undefined;
    },
    get healthy() {
      return core.connection !== undefined;
    },
    get because() {
      return because;
    },
    get sipAddresses() {
      return parseHostports(hostports);
    },
    request: core.request,
    bindDialog: core.bindDialog,
    onDown: core.onDown,
  };

  function end(why: string): void {
    connection.close(why);
  }
  return {
    get server() {
      return server;
    },
    end,
  };
}

function cannotListen({ host, port }: AcceptSettings, cause: Error): AppError {
  return new AppError(
    'sip-server-unavailable',
    `Control connections of SIP servers cannot be taken at ${host}:${port} (sip.listen): ${cause.message}.`,
    { cause },
  );
}
