// Faults. Expected outcomes are values, never exceptions; this is for the rest.
// `message` is for the operator and says what to do; `details` goes to the log and holds no personal information.

export const errorCodes = [
  'config-invalid',
  'flow-invalid',
  'not-found',
  'conflict',
  'forbidden',
  'unauthenticated',
  'invalid-argument',
  'too-many-requests',
  'too-large',
  'sip-server-unavailable',
  'media-unavailable',
  'storage-full',
  'storage-unavailable',
  'database-unavailable',
  'database-newer-than-program',
  'live-state-unavailable',
  'node-unreachable',
  'secret-missing',
  'speech-unavailable',
  'shutting-down',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Anything thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
