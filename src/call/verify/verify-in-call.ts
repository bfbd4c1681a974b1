// An agent has the customer verified in the middle of a call: the agent stays on the line, hears a beep for each key and nothing
// of the customer, and sees which factor is asked for and what came of it; never a digit, nor how many there were.
//
//   collecting ⇄ checking ─▶ verified | not-verified | not-checked | cancelled      shown until the next one is asked for

import type { PlaySource } from '../../media/endpoint.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver, personOf } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { createDigitSource } from '../inbound/digit-collector.ts';
import { refusals } from '../outbound/refusals.ts';
import { unattended } from '../parts.ts';
import { type Asked, askInSecret } from './ask.ts';
import { questionOf } from './questions.ts';
import type { FactorSettings } from './verification-settings.ts';

export type VerificationShown = {
  factor: string;
  state: 'collecting' | 'checking' | 'verified' | 'not-verified' | 'not-checked' | 'cancelled';
};

/** Of a call. `running` is set while the customer is cut off. */
export interface CallVerification {
  tries: number;
  shown: VerificationShown | undefined;
  running?: AbortController | undefined;
}

/** Between the rows and the columns of DTMF, and none of them. */
const beep: PlaySource = { kind: 'tone', frequencyHz: 425, durationMs: 90 };

const conflict = (because: (typeof refusals)[keyof typeof refusals]): CommandOutcome => ({ kind: 'conflict', because });

/** Answers at once; the desk shows how it goes on. */
export function askForVerification(
  centre: Centre,
  call: CallState,
  { factor: name, language = 'ja' }: { factor: string; language?: 'ja' | 'en' },
): CommandOutcome {
  const { verification } = centre.parts;
  const factor = verification?.factors.find((one) => one.name === name);
  if (!verification || !factor) return conflict(refusals['no-such-factor']);
  if (call.phase !== 'talking' || !call.customer || !call.agent) return conflict(refusals['nobody-connected']);
  if (call.heldSince !== null) return conflict(refusals['already-held']);
  call.verification ??= { tries: 0, shown: undefined };
  const state = call.verification;
  if (state.running) return conflict(refusals['verification-running']);
  if (state.tries >= verification.triesPerCall) return conflict(refusals['verification-tries']);
  const running = new AbortController();
  state.running = running;
  show(centre, call, { factor: factor.name, state: 'collecting' });
  unattended(call.log, 'verify the customer', verify(centre, call, factor, language, call.agent.personId, running));
  return { kind: 'ok' };
}

/** The customer is heard again when no key has come for a second. */
export function cancelVerification(call: CallState): CommandOutcome {
  const running = call.verification?.running;
  if (!running) return conflict(refusals['no-verification']);
  running.abort();
  return { kind: 'ok' };
}

async function verify(
  centre: Centre,
  call: CallState,
  factor: FactorSettings,
  language: 'ja' | 'en',
  by: PersonId,
  running: AbortController,
): Promise<void> {
  const digits = createDigitSource({ clock: centre.parts.clock, ...call.customer! });
  const stop = () => running.abort();
  call.over.signal.addEventListener('abort', stop, { once: true });
  let asked: Asked = { kind: 'aborted' };
  try {
    for (let attempt = 1; attempt <= factor.attempts; attempt++) {
      const again = attempt > 1;
      if (again) show(centre, call, { factor: factor.name, state: 'collecting' });
      asked = await askInSecret(centre, call, digits, {
        factor: factor.name,
        check: checkOf(factor),
        say: { kind: 'say', text: questionOf(factor, language, again), language },
        over: true,
        minDigits: factor.minDigits,
        maxDigits: factor.maxDigits,
        terminator: factor.endKey,
        timeoutSeconds: factor.timeoutSeconds,
        by,
        signal: running.signal,
        onKey: () => void call.agent?.endpoint.play(beep, { over: true }),
        onChecking: () => show(centre, call, { factor: factor.name, state: 'checking' }),
      });
      if (asked.kind !== 'wrong' && asked.kind !== 'timeout') break;
    }
  } catch (thrown) {
    asked = { kind: 'not-checked', because: 'fault' };
    throw thrown;
  } finally {
    call.over.signal.removeEventListener('abort', stop);
    digits.close();
    if (call.verification) call.verification.running = undefined;
    show(centre, call, { factor: factor.name, state: shownAs[asked.kind] });
  }
}

const shownAs: { readonly [K in Asked['kind']]: VerificationShown['state'] } = {
  verified: 'verified',
  wrong: 'not-verified',
  timeout: 'not-verified',
  locked: 'not-verified',
  aborted: 'cancelled',
  'not-checked': 'not-checked',
};

function show(centre: Centre, call: CallState, shown: VerificationShown): void {
  if (!call.verification || isOver(call)) return;
  call.verification.shown = shown;
  centre.deskChanged(personOf(call));
}

function checkOf({ check }: FactorSettings) {
  return check.kind === 'lookup' ? { ...check, parameters: [] } : check;
}
