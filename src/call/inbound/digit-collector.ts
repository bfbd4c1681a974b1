// Collects the digits that a caller keys, from RFC 4733, in band and SIP INFO alike (one key press is one digit even when
// it arrives both ways). Digits stay here and in the flow; they are never logged.

import type { Endpoint } from '../../media/endpoint.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Unsubscribe } from '../../shared/emitter.ts';

/** A gateway that sends both INFO and RFC 4733 sends them within this time of each other. */
const sameKeyPressMs = 120;

export interface DigitRequest {
  minDigits: number;
  maxDigits: number;
  terminator: string | null;
  timeoutSeconds: number;
  /** Called at the first digit: the prompt stops. */
  onFirst: () => void;
  /** Called at every key, the terminator included. */
  onKey?: () => void;
  /** The time-out starts when this settles: nobody must hurry while the menu is still being read out. */
  after: Promise<unknown>;
  signal: AbortSignal;
}

export interface DigitSource {
  collect(
    request: DigitRequest,
  ): Promise<{ kind: 'digits'; digits: string } | { kind: 'timeout' } | { kind: 'aborted' }>;
  /** Resolves once no key has come for `quietMs`, after 10 s at the latest. Keys that come meanwhile, or came early, are forgotten. */
  untilQuiet(quietMs: number): Promise<void>;
  close(): void;
}

const quietWithinMs = 10_000;

export function createDigitSource(needs: { clock: Clock; leg: Leg; endpoint: Endpoint }): DigitSource {
  const { clock, leg, endpoint } = needs;
  let typedAhead = '';
  let listener: ((digit: string) => void) | undefined;
  let last: { digit: string; at: number; by: string } | undefined;

  function heard(digit: string, by: string): void {
    const now = clock.now();
    const echo = last && last.digit === digit && last.by !== by && now - last.at < sameKeyPressMs;
    last = { digit, at: now, by };
    if (echo) return;
    if (listener) listener(digit);
    else typedAhead = (typedAhead + digit).slice(-32);
  }

  const offs: Unsubscribe[] = [
    endpoint.on('digit', ({ digit, by }) => heard(digit, by)),
    leg.on('digit', ({ digit }) => heard(digit, 'info')),
  ];

  return {
    collect(request) {
      return new Promise((resolve) => {
        let digits = '';
        let timer: Timer | undefined;
        const finish = (result: { kind: 'digits'; digits: string } | { kind: 'timeout' } | { kind: 'aborted' }) => {
          timer?.cancel();
          listener = undefined;
          request.signal.removeEventListener('abort', onAbort);
          resolve(result);
        };
        const onAbort = () => finish({ kind: 'aborted' });
        const arm = () => {
          timer?.cancel();
          timer = clock.after(request.timeoutSeconds * 1000, () =>
            finish(digits.length >= request.minDigits && digits ? { kind: 'digits', digits } : { kind: 'timeout' }),
          );
        };
        if (request.signal.aborted) return resolve({ kind: 'aborted' });
        request.signal.addEventListener('abort', onAbort);
        listener = (digit) => {
          request.onKey?.();
          if (digits === '') request.onFirst();
          if (digit === request.terminator) return finish({ kind: 'digits', digits });
          digits += digit;
          if (digits.length >= request.maxDigits) return finish({ kind: 'digits', digits });
          arm();
        };
        void request.after.then(() => {
          if (listener && digits === '' && !request.signal.aborted) arm();
        });
        const early = typedAhead;
        typedAhead = '';
        // What one question does not take is for the next one.
        for (const digit of early) {
          if (listener) listener(digit);
          else typedAhead += digit;
        }
      });
    },
    untilQuiet(quietMs) {
      return new Promise((resolve) => {
        let timer: Timer | undefined;
        const quiet = () => {
          timer?.cancel();
          latest.cancel();
          if (listener === forget) listener = undefined;
          typedAhead = '';
          resolve();
        };
        const latest = clock.after(quietWithinMs, quiet);
        const forget = () => {
          timer?.cancel();
          timer = clock.after(quietMs, quiet);
        };
        typedAhead = '';
        listener = forget;
        forget();
      });
    },
    close() {
      for (const off of offs) off();
    },
  };
}
