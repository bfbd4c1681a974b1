// Sees to it that what requests do and look at is in the audit log, by `trail-table.ts`: before the route where that must be, else
// when it was carried out. A refusal for want of a right is kept as well, whoever asks and whatever for.

import type { FastifyRequest } from 'fastify';
import type { Audit, AuditEntry, AuditTarget } from '../../identity/audit/audit.ts';
import { followWritten, type Written } from '../../identity/audit/written.ts';
import type { Logger } from '../../shared/logger.ts';
import { HttpProblem } from '../errors.ts';
import { roleOf } from '../guard/caller.ts';
import type { App } from '../server.ts';
import { actorOf } from './audited.ts';
import { kindOfParam, otherwise, type Trail, trails, type Untold } from './trail-table.ts';

declare module 'fastify' {
  interface FastifyRequest {
    written: Written | null;
  }
}

const longestPurpose = 500;

/** `POST /api/v1/…` as in the table. */
export const routeName = (method: string, url: string): string => `${method} ${url}`;

export function isChanging(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method);
}

/** Undefined: it only reads, and what it reads is nobody's in particular. */
export function trailOf(method: string, url: string): Trail | Untold | 'otherwise' | undefined {
  return trails[routeName(method, url)] ?? (isChanging(method) ? 'otherwise' : undefined);
}

export function leaveTrails(app: App, { audit, log }: { audit: Audit; log: Logger }): void {
  app.decorateRequest('written', null);
  app.addHook('onRequest', (request, _reply, done) => {
    request.written = new Set();
    followWritten(request.written, done);
  });
  // A body that arrives later has lost what was set when the request began.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.written) followWritten(request.written, done);
    else done();
  });

  app.addHook('preHandler', async (request) => {
    const trail = toldOf(request);
    if (!trail) return;
    if (trail.purpose === 'required') requirePurpose(request, trail);
    if (!trail.before || isLeftOut(trail, request)) return;
    await audit.write(entryOf(request, trail, 'done'));
  });

  app.addHook('onSend', async (request, reply) => {
    const { statusCode } = reply;
    if (!request.caller || !request.routeOptions.url?.startsWith('/api/')) return;
    if (statusCode === 403) return keep(request, refusal(request));
    const entry = carriedOut(request, statusCode);
    if (entry) await keep(request, entry);
  });

  /** What was done is done: that it could not be kept is told to the log, and the answer goes out. */
  async function keep(request: FastifyRequest, entry: AuditEntry | undefined): Promise<void> {
    if (!entry || (request.written?.size ?? 0) > 0) return;
    try {
      await audit.write(entry);
    } catch (err) {
      log.error({ err, act: entry.act }, 'something that was done could not be written to the audit log');
    }
  }
}

function toldOf(request: FastifyRequest): Trail | undefined {
  const { url } = request.routeOptions;
  const trail = url === undefined ? undefined : trails[routeName(request.method, url)];
  return trail && 'act' in trail ? trail : undefined;
}

function isLeftOut({ notBy, onlyWith }: Trail, request: FastifyRequest): boolean {
  const { caller } = request;
  if (notBy && caller?.kind === 'session' && notBy.roles.includes(roleOf(caller))) return true;
  return onlyWith !== undefined && (request.query as Record<string, unknown>)[onlyWith] === undefined;
}

function carriedOut(request: FastifyRequest, status: number): AuditEntry | undefined {
  const { method, caller, routeOptions } = request;
  const trail = trailOf(method, routeOptions.url!);
  const isKey = caller?.kind === 'key';
  if (trail === undefined) return undefined;
  const done = status < 400;
  if (trail === 'otherwise' || (!done && isKey && isChanging(method))) {
    if (!done && !isKey) return undefined;
    return generic(request, isKey ? otherwise.key : otherwise.person, done ? 'done' : 'refused', status);
  }
  // A program's own calls are kept even where a person's are not: there is no desk behind them.
  if ('untold' in trail) return isKey ? generic(request, otherwise.key, 'done', status) : undefined;
  if (!done || isLeftOut(trail, request)) return undefined;
  return entryOf(request, trail, 'done');
}

/** Not who was asked to step up: that is no refusal, and what follows is kept. */
function refusal(request: FastifyRequest): AuditEntry | undefined {
  if (request.refusedAs === 'step-up-needed') return undefined;
  return generic(request, otherwise.refused, 'refused', 403);
}

function generic(
  request: FastifyRequest,
  act: (typeof otherwise)[keyof typeof otherwise],
  outcome: AuditEntry['outcome'],
  status: number,
): AuditEntry {
  const route = routeName(request.method, request.routeOptions.url!);
  return { ...{ act, by: actorOf(request), target: targetOf(request), outcome }, details: { route, status } };
}

function entryOf(request: FastifyRequest, trail: Trail, outcome: AuditEntry['outcome']): AuditEntry {
  const purpose = purposeOf(request, trail);
  const given = { ...(request.query as object), ...(request.body as object | null) } as Record<string, unknown>;
  const shown = (trail.shows ?? []).flatMap((name) => {
    const value = given[name];
    return ['string', 'number', 'boolean'].includes(typeof value) ? [[name, value as string]] : [];
  });
  const route = routeName(request.method, request.routeOptions.url!);
  return {
    ...{ act: trail.act, by: actorOf(request), target: targetOf(request, trail), outcome },
    ...(purpose === undefined ? {} : { purpose }),
    details: { route, ...Object.fromEntries(shown) },
  };
}

function targetOf(request: FastifyRequest, trail?: Trail): AuditTarget {
  const params = { ...(request.query as object), ...(request.params as object) } as Record<string, unknown>;
  const { kind, param, id } = trail?.target ?? {};
  if (kind && id !== undefined) return { kind, id };
  if (kind && param && typeof params[param] === 'string') return { kind, id: params[param] };
  for (const [name, value] of Object.entries((request.params ?? {}) as Record<string, unknown>)) {
    const known = kindOfParam[name];
    if (known && typeof value === 'string') return { kind: known, id: value };
  }
  return { kind: 'route', id: routeName(request.method, request.routeOptions.url!) };
}

/** Why, as it was said in X-Purpose or in the body. */
export function purposeOf(
  request: FastifyRequest,
  { purposeIn = 'purpose' }: Pick<Trail, 'purposeIn'> = {},
): string | undefined {
  const header = request.headers['x-purpose'];
  const body = (request.body as Record<string, unknown> | null | undefined)?.[purposeIn];
  const text = typeof header === 'string' ? decoded(header) : typeof body === 'string' ? body : undefined;
  const trimmed = text?.trim().slice(0, longestPurpose);
  return trimmed === '' ? undefined : trimmed;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function requirePurpose(request: FastifyRequest, trail: Trail): void {
  if (purposeOf(request, trail) !== undefined) return;
  throw new HttpProblem(
    400,
    'Say why: in the header X-Purpose (UTF-8, percent-encoded), or as “purpose” in the body. It is kept in the audit log.',
    { code: 'purpose-needed' },
  );
}
