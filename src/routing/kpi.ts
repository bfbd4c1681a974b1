// The figures of a contact centre. One place, so that two screens can't disagree.
// Pure sums in, figures out; what is divided by nothing is null, not zero. Does not collect the sums: store/ reads them from
// the event log.

export interface HandledTime {
  talkMs: number;
  holdMs: number;
  afterCallWorkMs: number;
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/** AHT: (talk + hold + after-call work) ÷ calls handled. */
export function averageHandleTimeMs(time: HandledTime, handledCalls: number): number | null {
  return ratio(time.talkMs + time.holdMs + time.afterCallWorkMs, handledCalls);
}

/** ASA: wait of answered calls ÷ answered calls. */
export function averageSpeedOfAnswerMs(waitOfAnsweredMs: number, answeredCalls: number): number | null {
  return ratio(waitOfAnsweredMs, answeredCalls);
}

/**
 * Busy time ÷ (busy + available time), between 0 and 1. Not-ready time is in neither.
 * Alerting counts as busy, or as available, by `countAlerting`; say which where it is shown.
 */
export function occupancy(
  time: HandledTime & { alertingMs: number; availableMs: number },
  countAlerting: boolean,
): number | null {
  const work = time.talkMs + time.holdMs + time.afterCallWorkMs;
  const busy = countAlerting ? work + time.alertingMs : work;
  return ratio(busy, work + time.alertingMs + time.availableMs);
}

export interface QueueOutcome {
  outcome: 'answered' | 'abandoned';
  waitMs: number;
}

/** Answered within T ÷ (answered + abandoned later than the short-abandon limit), between 0 and 1. */
export function serviceLevel(
  calls: Iterable<QueueOutcome>,
  limits: { serviceLevelSeconds: number; shortAbandonSeconds: number },
): number | null {
  let inTime = 0;
  let counted = 0;
  for (const { outcome, waitMs } of calls) {
    if (outcome === 'answered') {
      counted += 1;
      if (waitMs <= limits.serviceLevelSeconds * 1000) inTime += 1;
    } else if (waitMs > limits.shortAbandonSeconds * 1000) counted += 1;
  }
  return ratio(inTime, counted);
}
