// The Fastify instance: validation by TypeBox, security headers, limits, problem+json for everything that goes wrong.
// Knows no route.

import type { IncomingMessage, ServerResponse } from 'node:http';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify';
import { wantedHints } from '../identity/devices/browser-version.ts';
import { tlsSuites } from '../shared/http/tls-suites.ts';
import type { Logger } from '../shared/logger.ts';
import { HttpProblem, handleError, kindOfStatus, sendProblem } from './errors.ts';
import { createClientAddress } from './guard/client-address.ts';
import { createOwnCookies, isOverTls } from './guard/cookies.ts';
import { shedFloods } from './guard/http-flood.ts';
import { limitsOverNodes, type OverNodes } from './guard/limits-over-nodes.ts';
import { refuseNul } from './guard/no-nul.ts';
import type { ApiLimits, ListenSettings } from './needs.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export async function createServer(needs: {
  log: Logger;
  listen: ListenSettings;
  limits: ApiLimits;
  /** Where requests are counted with those of other nodes; without it, each node counts its own. */
  overNodes?: OverNodes;
  /** The check before a shift looks whether there is a camera. */
  asksForCamera?: boolean;
}): Promise<App> {
  const { log, listen, limits, overNodes } = needs;
  const camera = needs.asksForCamera ? 'camera=(self)' : 'camera=()';
  const options = {
    loggerInstance: log as unknown as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 128, caseSensitive: true },
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    trustProxy: createClientAddress(listen.trustedProxies).trusts,
    return503OnClosing: true,
    frameworkErrors: handleError as never,
    clientErrorHandler: answerBadRequest,
  };
  // Half a request, one byte a second: not longer than this.
  const patience = {
    headersTimeout: limits.upgradeTimeoutMs,
    connectionsCheckingInterval: limits.upgradeTimeoutMs / 2,
  };
  const handshake = { handshakeTimeout: limits.upgradeTimeoutMs };
  const { clientCa } = listen;
  // Whoever has no certificate comes in, too: which ones are demanded, and of whom, the rules for devices say.
  const asked = clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: false } : {};
  const offered = { minVersion: 'TLSv1.2' as const, ciphers: tlsSuites, honorCipherOrder: true };
  const wire = listen.tls
    ? { https: { ...patience, ...handshake, ...listen.tls, ...asked, ...offered } }
    : { http: patience };
  const app = fastify({ ...options, ...wire }) as unknown as App;

  app.setValidatorCompiler(TypeBoxValidatorCompiler as never);
  app.setErrorHandler(handleError);
  shedFloods(app, limits, createClientAddress(listen.trustedProxies).trusts);
  refuseNul(app);
  // What a form of another site can send without asking is taken nowhere.
  app.removeContentTypeParser('text/plain');
  await app.register(cookie);
  app.decorate('ownCookies', createOwnCookies(listen));
  await app.register(helmet, securityHeaders(listen));
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('accept-ch', wantedHints);
    void reply.header('permissions-policy', `microphone=(self), ${camera}, geolocation=(), display-capture=()`);
  });
  await app.register(rateLimit, {
    // Routes that say so have a limit of their own; the limits of all are in caller.ts.
    global: false,
    ...(overNodes ? { store: limitsOverNodes(overNodes), addHeaders: { 'x-ratelimit-remaining': false } } : {}),
    keyGenerator: (request) => request.ip,
    errorResponseBuilder: (_request, context) =>
      new HttpProblem(429, undefined, { headers: { 'retry-after': String(Math.ceil(context.ttl / 1000)) } }),
  });
  return app;
}

/** Nothing inline, nothing from elsewhere. `wss:` because older browsers do not count it as 'self'. */
function securityHeaders(listen: ListenSettings) {
  const overTls = isOverTls(listen);
  const self = ["'self'"];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: ["'self'", 'data:'],
        fontSrc: self,
        mediaSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'", 'wss:'],
        workerSrc: self,
        manifestSrc: self,
        baseUri: ["'none'"],
        formAction: self,
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' as const },
    strictTransportSecurity: overTls
      ? { maxAge: 31_536_000, includeSubDomains: listen.subdomainsOverTls ?? true }
      : false,
    crossOriginResourcePolicy: { policy: 'same-origin' as const },
    frameguard: { action: 'deny' as const },
  };
}

/** What is not HTTP, or takes too long to become it, never reaches a route. */
function answerBadRequest(this: unknown, error: Error & { code?: string }, socket: import('node:net').Socket): void {
  // A TLS handshake that fails, or takes too long, has nobody who could read an answer.
  const inHandshake = /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (error.code === 'ECONNRESET' || inHandshake || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const names: Record<number, string> = { 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };
  socket.end(`HTTP/1.1 ${status} ${names[status] ?? 'Bad Request'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/**
 * Paths that exist, with another method, answer 405 and say which; the rest is for `otherwise`.
 * Call before the routes are registered.
 */
export function tellMethods(app: App): (method: string, path: string) => string[] {
  const known: { path: RegExp; method: string }[] = [];
  app.addHook('onRoute', (route) => {
    const pattern = route.url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
    if (route.url.includes('*')) return;
    for (const method of [route.method].flat()) known.push({ path: new RegExp(`^${pattern}/?$`), method });
  });
  return (method, path) => [
    ...new Set(known.filter((route) => route.method !== method && route.path.test(path)).map((route) => route.method)),
  ];
}

export function answerNotFound(app: App, otherMethods: (method: string, path: string) => string[]): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const allowed = otherMethods(request.method, path);
    if (allowed.length === 0) return sendProblem(reply, { kind: kindOfStatus(404) });
    void reply.header('allow', allowed.join(', '));
    return sendProblem(reply, { kind: kindOfStatus(405) });
  });
}
