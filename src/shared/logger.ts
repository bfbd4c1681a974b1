// One root logger, a child per subsystem, a child per call.
// Messages are constant strings; data goes into fields. The redaction list is here and nowhere else.

import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

const redacted = [
  'authorization',
  '*.authorization',
  '*["proxy-authorization"]',
  'password',
  '*.password',
  'token',
  '*.token',
  'secret',
  '*.secret',
  'cookie',
  '*.cookie',
  'req.headers.cookie',
  'req.headers.authorization',
];

export interface LogOptions {
  level?: string;
  /** Written to this file (0600) instead of standard error. */
  file?: string;
  destination?: DestinationStream;
  /** Every line passes through it last: telephone numbers are masked here, by the policy of the operator. */
  mask?: (line: string) => string;
}

export function createLogger({ level = 'info', file, destination, mask }: LogOptions = {}): Logger {
  const options = {
    level,
    base: undefined,
    redact: { paths: redacted, censor: '[hidden]' },
    ...(mask ? { hooks: { streamWrite: mask } } : {}),
  };
  const target = file === undefined ? 2 : file;
  return pino(options, destination ?? pino.destination({ dest: target, mkdir: true, sync: false, mode: 0o600 }));
}

/** For tests and tools that do not want to be told. */
export const silentLogger: Logger = pino({ level: 'silent' });
