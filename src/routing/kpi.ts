// The figures of a contact centre. One place, so that two screens can't disagree.
// Pure sums in, figures out; what is divided by nothing is null, not zero. Shares are between 0 and 1. Does not collect the sums:
// store/ reads them from the event log. What each figure is called elsewhere: docs/queues.md.

export interface HandledTime {
  talkMs: number;
  holdMs: number;
  afterCallWorkMs: number;
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

const workOf = (time: HandledTime) => time.talkMs + time.holdMs + time.afterCallWorkMs;

// --- agents

/** AHT: (talk + hold + after-call work) ÷ calls handled. */
export function averageHandleTimeMs(time: HandledTime, handledCalls: number): number | null {
  return ratio(workOf(time), handledCalls);
}

/**
 * Busy time ÷ (busy + available time). Not-ready time is in neither.
 * Alerting counts as busy, or as available, by `countAlerting`; say which where it is shown.
 */
export function occupancy(
  time: HandledTime & { alertingMs: number; availableMs: number },
  countAlerting: boolean,
): number | null {
  const work = workOf(time);
  const busy = countAlerting ? work + time.alertingMs : work;
  return ratio(busy, work + time.alertingMs + time.availableMs);
}

/** Work ÷ all of the time signed in, breaks included. */
export function utilisation(time: HandledTime, signedInMs: number): number | null {
  return ratio(workOf(time), signedInMs);
}

/** RONA: offers that an agent did not answer ÷ offers that rang to their end. One that was taken back is in neither. */
export function unansweredOfferRate(offers: {
  answered: number;
  notAnswered: number;
  rejected: number;
}): number | null {
  const missed = offers.notAnswered + offers.rejected;
  return ratio(missed, offers.answered + missed);
}

/** Calls that an agent passed on ÷ calls handled. */
export function transferRate(transferredCalls: number, handledCalls: number): number | null {
  return ratio(transferredCalls, handledCalls);
}

// --- queues

export interface QueueOutcome {
  /** As in the event `queue-left`. */
  outcome: 'answered' | 'abandoned' | 'overflowed' | 'transferred';
  waitMs: number;
}

export interface ServiceLevelLimits {
  serviceLevelSeconds: number;
  /** Who gives up within this was not really waiting. */
  shortAbandonSeconds: number;
}

/**
 * What is divided by what; T is `serviceLevelSeconds`.
 *
 *   standard   answered within T ÷ (answered + abandoned later than the short-abandon limit)
 *   answered   answered within T ÷ answered                                     whoever gave up is in neither
 *   offered    answered within T ÷ (answered + abandoned + overflowed)          short abandons count against
 *   lenient    (answered + abandoned, within T) ÷ (answered + abandoned)        whoever gave up within T counts as served
 *   strict     answered within T ÷ (answered + abandoned later than T)          whoever gave up within T is in neither
 */
export const serviceLevelFormulas = ['standard', 'answered', 'offered', 'lenient', 'strict'] as const;
export type ServiceLevelFormula = (typeof serviceLevelFormulas)[number];

/** Transferred calls are in none of the formulas: they are counted where they went. */
export function serviceLevel(
  calls: Iterable<QueueOutcome>,
  limits: ServiceLevelLimits,
  formula: ServiceLevelFormula = 'standard',
): number | null {
  let inTime = 0;
  let counted = 0;
  for (const { outcome, waitMs } of calls) {
    const within = waitMs <= limits.serviceLevelSeconds * 1000;
    if (outcome === 'answered') {
      counted += 1;
      if (within) inTime += 1;
    } else if (countsAgainst[formula](outcome, waitMs, limits)) {
      counted += 1;
      if (formula === 'lenient' && within) inTime += 1;
    }
  }
  return ratio(inTime, counted);
}

type Unanswered = Exclude<QueueOutcome['outcome'], 'answered'>;

/** Whether a call that was not answered is in the denominator. */
const countsAgainst: Record<
  ServiceLevelFormula,
  (outcome: Unanswered, waitMs: number, limits: ServiceLevelLimits) => boolean
> = {
  standard: (outcome, waitMs, { shortAbandonSeconds }) =>
    outcome === 'abandoned' && waitMs > shortAbandonSeconds * 1000,
  answered: () => false,
  offered: (outcome) => outcome !== 'transferred',
  lenient: (outcome) => outcome === 'abandoned',
  strict: (outcome, waitMs, { serviceLevelSeconds }) => outcome === 'abandoned' && waitMs > serviceLevelSeconds * 1000,
};

/** Abandoned later than the short-abandon limit ÷ (that + answered). */
export function abandonmentRate(
  calls: Iterable<QueueOutcome>,
  { shortAbandonSeconds }: Pick<ServiceLevelLimits, 'shortAbandonSeconds'>,
): number | null {
  let abandoned = 0;
  let answered = 0;
  for (const { outcome, waitMs } of calls) {
    if (outcome === 'answered') answered += 1;
    else if (outcome === 'abandoned' && waitMs > shortAbandonSeconds * 1000) abandoned += 1;
  }
  return ratio(abandoned, abandoned + answered);
}

/** Short abandons ÷ all calls that were offered: callers who dialled wrong, and fraud. */
export function shortAbandonRate(
  calls: Iterable<QueueOutcome>,
  { shortAbandonSeconds }: Pick<ServiceLevelLimits, 'shortAbandonSeconds'>,
): number | null {
  let short = 0;
  let all = 0;
  for (const { outcome, waitMs } of calls) {
    all += 1;
    if (outcome === 'abandoned' && waitMs <= shortAbandonSeconds * 1000) short += 1;
  }
  return ratio(short, all);
}

/** Overflowed ÷ all calls that entered the queue. */
export function overflowRate(calls: Iterable<QueueOutcome>): number | null {
  let overflowed = 0;
  let all = 0;
  for (const { outcome } of calls) {
    all += 1;
    if (outcome === 'overflowed') overflowed += 1;
  }
  return ratio(overflowed, all);
}

/** ASA: wait of answered calls ÷ answered calls. */
export function averageSpeedOfAnswerMs(waitOfAnsweredMs: number, answeredCalls: number): number | null {
  return ratio(waitOfAnsweredMs, answeredCalls);
}

/** Wait of abandoned calls ÷ abandoned calls, short ones included. */
export function averageTimeToAbandonMs(calls: Iterable<QueueOutcome>): number | null {
  let waited = 0;
  let abandoned = 0;
  for (const { outcome, waitMs } of calls) {
    if (outcome !== 'abandoned') continue;
    abandoned += 1;
    waited += waitMs;
  }
  return ratio(waited, abandoned);
}

/** The wait that `share` of the answered calls did not exceed (nearest rank): 0.5 for the median, 1 for the longest. */
export function waitOfShareMs(calls: Iterable<QueueOutcome>, share: number): number | null {
  const waits = [...calls].flatMap(({ outcome, waitMs }) => (outcome === 'answered' ? [waitMs] : []));
  if (waits.length === 0) return null;
  waits.sort((a, b) => a - b);
  return waits[Math.max(0, Math.ceil(share * waits.length) - 1)]!;
}

// --- outbound

/** Calls that somebody answered ÷ calls tried (answer-seizure ratio). */
export function answerRate(answered: number, tried: number): number | null {
  return ratio(answered, tried);
}
