// The control port: accepts applications (TCP or TLS) and dials them in outbound mode. In both modes the application speaks
// first and must authenticate. Hands commands to the upper half; does not look into them.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../../../shared/clock.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logger.ts';
import { type Application, type ApplicationHandlers, createApplication } from './application.ts';
import type { ProxyCommand, SipCommand } from './commands.ts';
import { createRoutes, type Routes } from './routes.ts';

export interface ControlOptions {
  host: string;
  port: number;
  secret: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
}

export interface ControlServer {
  readonly routes: Routes;
  readonly address: { host: string; port: number };
  /** Outbound mode: dials an application; resolves once it has authenticated, undefined when it does not. */
  dial(target: { host: string; port: number; tls: boolean }): Promise<Application | undefined>;
  close(): Promise<void>;
}

interface Needs {
  options: ControlOptions;
  greeting: () => string;
  onCommand: (application: Application, command: SipCommand | ProxyCommand) => void;
  onForget: (application: Application, dialogId: string) => void;
  onGone: (application: Application) => void;
  clock: Clock;
  log: Logger;
  count: (what: string) => void;
  dialTimeoutMs?: number;
}

export async function startControlServer(needs: Needs): Promise<ControlServer> {
  const { options, clock, log, count } = needs;
  const routes = createRoutes();
  const sockets = new Set<Socket>();
  const waiting = new Map<Application, (application: Application) => void>();
  let lastId = 0;

  const handlers: ApplicationHandlers = {
    authenticated(application) {
      routes.authenticated(application);
      waiting.get(application)?.(application);
      waiting.delete(application);
      log.info({ application: application.id, tags: [...application.tags] }, 'application connected');
    },
    route: (application, verb) => routes.add(application, verb),
    removeRoute: (application, verb) => routes.remove(application, verb),
    command: needs.onCommand,
    forget: needs.onForget,
    gone(application) {
      routes.forget(application);
      log.info({ application: application.id }, 'application gone');
      needs.onGone(application);
    },
  };

  function adopt(socket: Socket): Application {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    lastId += 1;
    const { secret } = options;
    return createApplication({ id: lastId, socket, secret, greeting: needs.greeting, handlers, clock, log, count });
  }

  const server: Server = options.tls ? createTlsServer(options.tls, adopt) : createServer(adopt);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AppError(
          'sip-server-unavailable',
          `The control port ${options.host}:${options.port} cannot be opened; choose another or stop what uses it.`,
          { cause },
        ),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  server.on('error', (err) => log.error({ err }, 'control port failed'));
  const bound = server.address() as { address: string; port: number };

  function dial(target: { host: string; port: number; tls: boolean }): Promise<Application | undefined> {
    return new Promise((resolve) => {
      const socket = target.tls ? tlsConnect(target.port, target.host) : connect(target.port, target.host);
      const application = adopt(socket);
      const giveUp = clock.after(needs.dialTimeoutMs ?? 4000, () => socket.destroy());
      waiting.set(application, (ready) => {
        giveUp.cancel();
        resolve(ready);
      });
      socket.once('close', () => {
        giveUp.cancel();
        waiting.delete(application);
        resolve(undefined);
      });
    });
  }

  return {
    routes,
    address: { host: bound.address, port: bound.port },
    dial,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const application of routes.applications) application.end();
      const force = clock.after(500, () => {
        for (const socket of sockets) socket.destroy();
      });
      if (routes.applications.size === 0) for (const socket of sockets) socket.destroy();
      await closed;
      force.cancel();
    },
  };
}
