// The API, the pages and the softphones' WebSocket on one port, over TLS when there is a certificate.

import { isIPv6 } from 'node:net';
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { createSoftphoneTickets } from '../identity/softphone-tickets.ts';
import { AppError } from '../shared/errors.ts';
import { Problem } from './contract.ts';
import { feedRoute } from './feed/feed.ts';
import { guardRoutes, type Need } from './guard/caller.ts';
import { createDeviceDoor } from './guard/device-door.ts';
import { createDoorman } from './guard/doorman.ts';
import { createScoped } from './guard/scoped.ts';
import { healthRoutes } from './health.ts';
import { type ApiNeeds, type ListenSettings, limitDefaults } from './needs.ts';
import { servePages } from './pages.ts';
import { callCommandRoutes } from './routes/calls/call-command-routes.ts';
import { callListRoutes } from './routes/calls/call-list-routes.ts';
import { callRoutes } from './routes/calls/call-routes.ts';
import { deskRoutes } from './routes/calls/desk-routes.ts';
import { helpRoutes } from './routes/calls/help-routes.ts';
import { revealRoutes } from './routes/calls/reveal-routes.ts';
import { talkRoutes } from './routes/calls/talk-routes.ts';
import { telephoneRoutes } from './routes/calls/telephone-routes.ts';
import { tenureRoutes } from './routes/calls/tenure-routes.ts';
import { verifyRoutes } from './routes/calls/verify-routes.ts';
import { waitingWorkRoutes } from './routes/calls/waiting-work-routes.ts';
import { alarmRoutes } from './routes/centre/alarm-routes.ts';
import { blockRoutes } from './routes/centre/block-routes.ts';
import { centreRoutes } from './routes/centre/centre-routes.ts';
import { flowRoutes } from './routes/centre/flow-routes.ts';
import { mediaRoutes } from './routes/centre/media-routes.ts';
import { nodeRoutes } from './routes/centre/node-routes.ts';
import { policyRoutes } from './routes/centre/policy-routes.ts';
import { reportRoutes } from './routes/centre/report-routes.ts';
import { administrationRoutes } from './routes/people/administration-routes.ts';
import { auditRoutes } from './routes/people/audit-routes.ts';
import { deviceRoutes } from './routes/people/device-routes.ts';
import { environmentRoutes } from './routes/people/environment-routes.ts';
import { homeWorkRoutes } from './routes/people/home-work-routes.ts';
import { sessionListRoutes } from './routes/people/session-list-routes.ts';
import { listeningKeyRoutes } from './routes/recordings/listening-key-routes.ts';
import { playbackRoutes } from './routes/recordings/playback-routes.ts';
import { recordingLifeRoutes } from './routes/recordings/recording-life-routes.ts';
import { recordingRoutes } from './routes/recordings/recording-routes.ts';
import { sessionRoutes } from './routes/sign-in/session-routes.ts';
import { signInRoutes } from './routes/sign-in/sign-in-routes.ts';
import { createSigningIn } from './routes/sign-in/signing-in.ts';
import { stepUpRoutes } from './routes/sign-in/step-up-routes.ts';
import { type App, answerNotFound, createServer, tellMethods } from './server.ts';
import { acceptSoftphones } from './softphone/softphones.ts';
import { leaveTrails } from './trail/trail.ts';
import { createViews } from './views.ts';

export interface Api {
  /** Binds, begins to look after sessions; resolves with the URL under which browsers reach this. */
  listen(): Promise<string>;
  /** Empty until `listen` resolved. */
  readonly url: string;
  /** The port bound to; 0 until then. */
  readonly port: number;
  /** Cuts feeds and softphones, lets requests under way end, closes the port. */
  close(): Promise<void>;
  /** For tests and generators: a request without a socket. */
  readonly app: App;
}

export async function createApi(given: ApiNeeds): Promise<Api> {
  const { devices, store } = given;
  const deviceDoor = devices && createDeviceDoor(devices, given.listen, store.devices.byId);
  const doorman = createDoorman(given.identity, given.clock);
  const { identity } = doorman;
  const limits = { ...limitDefaults, ...given.limits };
  const needs = { ...given, identity, limits, ...(deviceDoor ? { deviceDoor } : {}) };
  const { listen, log } = needs;
  requireTlsBeyondLoopback(listen);
  const app = await createServer({
    log,
    listen,
    limits: needs.limits,
    ...(given.overNodes ? { overNodes: given.overNodes } : {}),
    asksForCamera: (given.environment?.settings.items.camera ?? 'off') !== 'off',
  });
  const otherMethods = tellMethods(app);
  await app.register(swagger, { openapi: openApiDocument, transform: describeProblems });
  guardRoutes(app, needs);
  doorman.watch(app);
  if (needs.audit) leaveTrails(app, { audit: needs.audit, log });
  const scoped = createScoped(needs);
  app.decorate('scoped', scoped);
  app.addHook('onClose', async () => scoped.close());

  const views = createViews(needs);
  const signingIn = createSigningIn(needs);
  sessionRoutes(app, needs, signingIn);
  const tickets = needs.softphone.tickets ?? createSoftphoneTickets({ clock: needs.clock });
  tenureRoutes(app, needs, tickets);
  sessionListRoutes(app, needs);
  stepUpRoutes(app, needs);
  if (needs.signIn) signInRoutes(app, { ...needs, signIn: needs.signIn }, signingIn);
  deskRoutes(app, needs, views);
  callRoutes(app, needs);
  callCommandRoutes(app, needs);
  if (needs.reveal) revealRoutes(app, { ...needs, reveal: needs.reveal });
  callListRoutes(app, needs);
  centreRoutes(app, needs, views);
  flowRoutes(app, needs);
  talkRoutes(app, needs);
  if (needs.helpDesk) helpRoutes(app, { ...needs, helpDesk: needs.helpDesk });
  mediaRoutes(app, needs);
  nodeRoutes(app, needs);
  blockRoutes(app, needs);
  recordingRoutes(app, needs);
  if (needs.recordings) recordingLifeRoutes(app, { ...needs, recordings: needs.recordings });
  verifyRoutes(app, needs);
  administrationRoutes(app, needs);
  if (needs.audit && needs.auditHeads) auditRoutes(app, { ...needs, audit: needs.audit, auditHeads: needs.auditHeads });
  waitingWorkRoutes(app, { ...needs, mailboxes: needs.mailboxes ?? [] });
  if (needs.playback) {
    playbackRoutes(app, { ...needs, playback: needs.playback });
    listeningKeyRoutes(app, { ...needs, playback: needs.playback });
  }
  if (needs.policy) policyRoutes(app, { ...needs, policy: needs.policy });
  if (devices && deviceDoor) {
    deviceRoutes(app, { ...needs, devices, deviceDoor });
    homeWorkRoutes(app, { ...needs, devices });
  }
  reportRoutes(app, needs);
  alarmRoutes(app, needs);
  telephoneRoutes(app, needs);
  environmentRoutes(app, needs);
  const feed = feedRoute(app, needs, views);
  const softphones = acceptSoftphones(app.server, needs, tickets);
  healthRoutes(app, needs, {
    feedReaders: () => feed.readers,
    softphoneConnections: () => softphones.connections,
  });
  // Made once: anybody may ask for it, and making it takes tens of milliseconds.
  let openApi: string | undefined;
  app.get('/api/v1/openapi.json', { config: { needs: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    openApi ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').send(openApi);
  });
  app.addHook('preClose', async () => softphones.close());
  if (needs.webRoot === undefined || !(await servePages(app, needs.webRoot, otherMethods, log)))
    answerNotFound(app, otherMethods);
  await app.ready();

  let url = '';
  let port = 0;
  return {
    app,
    get url() {
      return url;
    },
    get port() {
      return port;
    },
    async listen() {
      needs.identity.start();
      await app.listen({ host: listen.host, port: listen.port });
      const address = app.server.address();
      port = address !== null && typeof address === 'object' ? address.port : 0;
      url = listen.publicUrl ?? `${listen.tls ? 'https' : 'http'}://${hostInUrl(listen.host)}:${port}`;
      return url;
    },
    async close() {
      await app.close();
      needs.identity.close();
    },
  };
}

const openApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Engawa',
    version: '1',
    description:
      'Everything the pages do. Customers appear under an alias, never with a number. Errors are problem details (RFC 9457).',
  },
  servers: [{ url: '/' }],
  components: {
    securitySchemes: {
      session: { type: 'apiKey' as const, in: 'cookie' as const, name: 'engawa_session' },
      key: { type: 'http' as const, scheme: 'bearer' },
    },
  },
  security: [{ session: [] }, { key: [] }] as Record<string, string[]>[],
};

/** Whatever goes wrong, anywhere, looks like this. */
const problemAnswer = {
  description: 'What went wrong (RFC 9457)',
  content: { 'application/problem+json': { schema: Problem } },
};

const describeProblems: NonNullable<FastifyDynamicSwaggerOptions['transform']> = ({ schema, url, route }) => {
  const answers = (schema as { response?: object } | undefined)?.response;
  const needs = (route.config as { needs?: Need } | undefined)?.needs;
  const open = needs === 'public' ? { security: [] } : {};
  return {
    url,
    schema: {
      ...schema,
      ...open,
      'x-needs': needs,
      response: { ...answers, default: problemAnswer },
    } as unknown as FastifySchema,
  };
};

function requireTlsBeyondLoopback({ host, tls }: ListenSettings): void {
  const loopback = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  if (loopback || tls) return;
  throw new AppError(
    'config-invalid',
    `http.host is ${host}, which others can reach: give http.tls a certFile and a keyFile, or bind to 127.0.0.1.`,
  );
}

function hostInUrl(host: string): string {
  if (isIPv6(host)) return host === '::' ? 'localhost' : `[${host}]`;
  return host === '0.0.0.0' ? 'localhost' : host;
}
