// The rules of outbound call lists: when a customer may be called, what follows an attempt, and the figures. Pure.
// Whether a person may have an entry is the policy's; keeping entries is store/call-lists.ts, calling is call/lists.

import type { EndCause } from '../shared/events.ts';
import type { AttemptOutcome, AttemptTotals, ClosedBecause, Disposition, RetryRules } from '../store/call-lists.ts';

export const dispositions: readonly Disposition[] = [
  'done',
  'call-again',
  'answering-machine',
  'wrong-number',
  'do-not-call',
];

export const defaultRetryRules: RetryRules = {
  maxAttempts: 3,
  retryMinutes: { 'no-answer': 120, busy: 15, rejected: 240, unreachable: 240, failed: 10, 'answering-machine': 240 },
};

export type NextStep = { kind: 'wait'; notBefore: number } | { kind: 'close'; because: ClosedBecause };

const oneDayMs = 24 * 3_600_000;

/** What follows attempt number `attempts` (1 for the first). `againAt`: when the customer asked to be called. */
export function afterAttempt(
  rules: RetryRules,
  attempt: { attempts: number; result: AttemptOutcome | Disposition; at: number; againAt?: number },
): NextStep {
  const { attempts, result, at, againAt } = attempt;
  if (result === 'done' || result === 'wrong-number' || result === 'do-not-call')
    return { kind: 'close', because: result };
  // Answered, and nobody said what came of it: the customer is not bothered a second time.
  if (result === 'answered') return { kind: 'close', because: 'done' };
  // A promised call is kept even when the attempts are used up.
  if (result === 'call-again') return { kind: 'wait', notBefore: againAt ?? at + oneDayMs };
  const minutes = rules.retryMinutes[result];
  if (minutes === undefined || attempts >= rules.maxAttempts) return { kind: 'close', because: 'attempts-used' };
  return { kind: 'wait', notBefore: at + minutes * 60_000 };
}

/** How an outbound call ended before the customer answered. */
export function outcomeOf(cause: EndCause): AttemptOutcome {
  switch (cause) {
    case 'no-answer':
    case 'busy':
    case 'rejected':
      return cause;
    case 'unreachable':
    case 'not-found':
    case 'incompatible-media':
      return 'unreachable';
    default:
      // Ours: the desk did not answer, the agent gave up, no line was free.
      return 'failed';
  }
}

export interface ListFigures extends AttemptTotals {
  /** Answered attempts ÷ attempts. */
  answerRate: number | null;
  /** Answered attempts that reached a person ÷ attempts. */
  contactRate: number | null;
  /** Attempts ÷ answered attempts. */
  attemptsPerAnswer: number | null;
  averageTalkMs: number | null;
}

export function figuresOf(sums: AttemptTotals): ListFigures {
  const answered = sums.byOutcome.answered ?? 0;
  const machines = sums.byDisposition['answering-machine'] ?? 0;
  const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  return {
    ...sums,
    answerRate: ratio(answered, sums.attempts),
    contactRate: ratio(answered - machines, sums.attempts),
    attemptsPerAnswer: ratio(sums.attempts, answered),
    averageTalkMs: ratio(sums.talkMs, answered),
  };
}
