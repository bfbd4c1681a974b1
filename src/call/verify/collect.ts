// Collects digits of a customer in secret: before the question is asked, the customer is cut off from everybody who hears, and
// comes back only when no key has come for a second, however the collecting ended (docs/decisions/0066). The digits are in the
// result and nowhere else; who needs them gets them from there.

import type { Endpoint, Playback } from '../../media/endpoint.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { DigitSource } from '../inbound/digit-collector.ts';

/** On FreeSWITCH a key in the audio is told when it begins: so long it may be held without being heard. */
const quietMs = 1000;

export interface SecretRequest {
  endpoint: Endpoint;
  digits: DigitSource;
  log: Logger;
  ask(): Playback;
  minDigits: number;
  maxDigits: number;
  terminator: string;
  timeoutSeconds: number;
  /** At each key, for the masked beep. */
  onKey?: () => void;
  signal: AbortSignal;
}

export type SecretDigits =
  | { kind: 'digits'; digits: string }
  | { kind: 'too-few' }
  | { kind: 'timeout' }
  | { kind: 'aborted' };

/**
 * Gives what `use` made of the digits once the customer may be heard again. `use` runs while it is still quiet.
 * Rejects, without having asked anything, when the media cannot keep digits secret.
 */
export async function collectSecretly<T>(request: SecretRequest, use: (got: SecretDigits) => Promise<T>): Promise<T> {
  const { endpoint, digits, log } = request;
  await endpoint.setDigitsAudible(false);
  try {
    const got = await ask(request);
    const quiet = digits.untilQuiet(quietMs);
    try {
      return await use(got);
    } finally {
      await quiet;
    }
  } finally {
    await endpoint
      .setDigitsAudible(true)
      .catch((thrown: unknown) => log.info({ err: asError(thrown) }, 'a party has gone while it keyed in secret'));
  }
}

async function ask(request: SecretRequest): Promise<SecretDigits> {
  const { digits, minDigits, maxDigits, terminator, timeoutSeconds, onKey, signal } = request;
  const playback = request.ask();
  let keys = 0;
  const got = await digits.collect({
    ...{ minDigits, maxDigits, terminator, timeoutSeconds, signal },
    onFirst: () => playback.stop(),
    onKey() {
      keys += 1;
      onKey?.();
    },
    after: playback.finished,
  });
  playback.stop();
  if (got.kind === 'digits') return got.digits.length < minDigits ? { kind: 'too-few' } : got;
  return got.kind === 'timeout' && keys > 0 ? { kind: 'too-few' } : got;
}
