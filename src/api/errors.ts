// The one table from faults and outcomes to HTTP, as problem details (RFC 9457).
// A `detail` never holds what somebody sent, and is passed through a mask for numbers besides. What is our fault is logged
// in full and told as nothing but its kind.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { CommandOutcome } from '../call/desk.ts';
import { refusalCode } from '../call/outbound/refusals.ts';
import { AppError, asError, type ErrorCode } from '../shared/errors.ts';
import type { Problem } from './contract.ts';
import type { ApiRefusal, ProblemCode, ProblemSlug } from './problem-codes.ts';

export interface ProblemKind {
  status: number;
  slug: ProblemSlug;
  title: string;
}

const byCode: Record<ErrorCode, ProblemKind> = {
  'config-invalid': { status: 500, slug: 'internal', title: 'Something went wrong here' },
  'flow-invalid': { status: 422, slug: 'flow-invalid', title: 'The flow has mistakes' },
  'not-found': { status: 404, slug: 'not-found', title: 'There is no such thing' },
  conflict: { status: 409, slug: 'conflict', title: 'Not possible now' },
  forbidden: { status: 403, slug: 'forbidden', title: 'Not allowed' },
  unauthenticated: { status: 401, slug: 'unauthenticated', title: 'Sign in first' },
  'invalid-argument': { status: 400, slug: 'invalid-request', title: 'The request is not right' },
  'too-many-requests': { status: 429, slug: 'too-many-requests', title: 'Too many requests' },
  'too-large': { status: 413, slug: 'too-large', title: 'The body is too large' },
  'sip-server-unavailable': { status: 503, slug: 'telephony-unavailable', title: 'No calls at the moment' },
  'media-unavailable': { status: 503, slug: 'telephony-unavailable', title: 'No calls at the moment' },
  'storage-full': { status: 507, slug: 'storage-full', title: 'No room left' },
  'storage-unavailable': { status: 503, slug: 'storage-unavailable', title: 'Storage does not answer' },
  'database-unavailable': { status: 503, slug: 'database-unavailable', title: 'The database does not answer' },
  'database-newer-than-program': { status: 500, slug: 'internal', title: 'Something went wrong here' },
  'live-state-unavailable': { status: 503, slug: 'unavailable', title: 'Not at the moment' },
  'node-unreachable': { status: 503, slug: 'unavailable', title: 'Not at the moment' },
  'secret-missing': { status: 500, slug: 'internal', title: 'Something went wrong here' },
  'speech-unavailable': { status: 503, slug: 'speech-unavailable', title: 'Nothing can be spoken at the moment' },
  'shutting-down': { status: 503, slug: 'shutting-down', title: 'The service is being stopped' },
  internal: { status: 500, slug: 'internal', title: 'Something went wrong here' },
};

/** What Fastify and its plugins say by status alone. */
const byStatus: Record<number, ProblemKind> = {
  400: byCode['invalid-argument'],
  401: byCode.unauthenticated,
  403: byCode.forbidden,
  404: byCode['not-found'],
  405: { status: 405, slug: 'method-not-allowed', title: 'Not with this method' },
  406: { status: 406, slug: 'not-acceptable', title: 'Not in that form' },
  408: { status: 408, slug: 'too-slow', title: 'The request took too long to arrive' },
  409: byCode.conflict,
  413: byCode['too-large'],
  414: { status: 414, slug: 'too-large', title: 'The address is too long' },
  415: { status: 415, slug: 'unsupported-media-type', title: 'Send application/json' },
  416: { status: 416, slug: 'range-not-satisfiable', title: 'There is no such part of it' },
  422: { status: 422, slug: 'unprocessable', title: 'The request cannot be carried out' },
  429: byCode['too-many-requests'],
  426: { status: 426, slug: 'upgrade-required', title: 'This address takes WebSockets' },
  431: { status: 431, slug: 'too-large', title: 'The headers are too large' },
  502: { status: 502, slug: 'telephony-unavailable', title: 'The SIP server does not answer' },
  503: { status: 503, slug: 'unavailable', title: 'Not at the moment' },
  504: { status: 504, slug: 'telephony-unavailable', title: 'The SIP server does not answer' },
};

/** A fault with a status of HTTP's own, for use inside api/. */
export class HttpProblem extends Error {
  readonly kind: ProblemKind;
  readonly detail: string | undefined;
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Members of the problem that this code alone has (RFC 9457 §3.2). */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    detail?: string,
    {
      code,
      headers = {},
      more = {},
    }: { code?: ProblemCode | undefined; headers?: Record<string, string>; more?: Record<string, unknown> } = {},
  ) {
    const kind = kindOfStatus(status);
    super(detail ?? kind.title);
    this.kind = kind;
    this.detail = detail;
    this.code = code ?? kind.slug;
    this.headers = headers;
    this.more = more;
  }
}

export function kindOfStatus(status: number): ProblemKind {
  return byStatus[status] ?? (status >= 500 ? byCode.internal : byCode['invalid-argument']);
}

export function problemBody({ kind, code = kind.slug, detail, errors, more }: Told): Problem {
  return {
    ...more,
    type: `/problems/${kind.slug}`,
    title: kind.title,
    status: kind.status,
    code,
    ...(detail === undefined ? {} : { detail: withoutNumbers(detail) }),
    ...(errors === undefined ? {} : { errors }),
  };
}

/** Whatever could be read as somebody's telephone number goes. Sentences of ours never need one. */
export function withoutNumbers(text: string): string {
  return text.replace(/\+?\d(?:[\s().-]{0,2}\d){6,}/g, '[number]');
}

interface Told {
  kind: ProblemKind;
  /** The slug of the kind unless told. */
  code?: ProblemCode;
  detail?: string | undefined;
  errors?: Problem['errors'] | undefined;
  headers?: Readonly<Record<string, string>>;
  more?: Readonly<Record<string, unknown>>;
}

export function translate(thrown: unknown): Told {
  const error = asError(thrown) as FastifyError & Error;
  if (error instanceof HttpProblem) return error;
  if (error instanceof AppError) {
    const kind = byCode[error.code];
    return kind.status < 500 ? { kind, detail: error.message } : { kind };
  }
  if (error.validation) {
    // The compiler's own words, which name rules and never the value.
    const errors = error.validation.map(({ instancePath, message }) => ({
      path: `${error.validationContext ?? 'body'}${instancePath}`,
      message: message ?? 'is not right',
    }));
    return { kind: byCode['invalid-argument'], errors };
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) return { kind: kindOfStatus(status) };
  return { kind: status === 503 ? kindOfStatus(503) : byCode.internal };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The code of the problem that this request was answered with. */
    refusedAs?: ProblemCode;
  }
}

/** Fastify's error handler. */
export function handleError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const told = translate(thrown);
  request.refusedAs = told.code ?? told.kind.slug;
  if (told.kind.status >= 500) request.log.error({ err: asError(thrown) }, 'a request failed');
  for (const [name, value] of Object.entries(told.headers ?? {})) void reply.header(name, value);
  if (told.kind.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (told.kind.status === 503 && !reply.hasHeader('retry-after')) void reply.header('retry-after', '5');
  sendProblem(reply, told);
}

export function sendProblem(reply: FastifyReply, told: Told): void {
  // As a string, so that no response schema of the route drops members of it.
  void reply
    .code(told.kind.status)
    .type('application/problem+json')
    .serializer((body: unknown) => String(body))
    .send(JSON.stringify(problemBody(told)));
}

/** What became of a command, for a route that answers 204 when it worked. `nothing` is what was not found: the call. */
export function requireOk(
  outcome: CommandOutcome,
  nothing: { code: ApiRefusal; detail: string } = {
    code: 'call-over',
    detail: 'There is no such call, or it is over.',
  },
): void {
  switch (outcome.kind) {
    case 'ok':
      return;
    case 'not-found':
      throw new HttpProblem(404, nothing.detail, nothing);
    case 'conflict':
    case 'forbidden': {
      const { kind, because } = outcome;
      throw new HttpProblem(kind === 'conflict' ? 409 : 403, because, { code: refusalCode(because) });
    }
  }
}
