// The call record as a reading of one call's events (ARCHITECTURE.md). Pure: the same events in the same order
// give the same record, whether they come one by one or years later. An event that makes no sense where it stands (an agent
// leaves who never answered) changes nothing. Events of other kinds than a call's are not for here.

import type { EngawaEvent } from '../shared/events.ts';
import type { CallId } from '../shared/ids.ts';
import type { CallRecord, CallSegment } from './records.ts';

/** The record and what is needed to go on reading. A new object whenever anything changed. */
export interface CallReading {
  readonly record: CallRecord;
  /** Since when the call is on hold; several holds at once count once. */
  readonly heldSince: number | null;
  /** It was ended for a node that was taken for dead, which need not have been: what it says itself of the end counts. */
  readonly cutOff?: boolean;
}

type CallEvent = Extract<EngawaEvent, { callId: CallId }>;

export function isCallEvent(event: EngawaEvent): event is CallEvent {
  return 'callId' in event;
}

export function readCall(events: Iterable<EngawaEvent>): CallReading | undefined {
  let reading: CallReading | undefined;
  for (const event of events) if (isCallEvent(event)) reading = applyToCall(reading, event);
  return reading;
}

export function applyToCall(reading: CallReading | undefined, event: CallEvent): CallReading | undefined {
  if (event.type === 'call-started') return reading ?? started(event);
  if (!reading) return undefined;
  if (reading.cutOff && showsLife.has(event.type)) return applyToCall(reopened(reading), event);
  const { record } = reading;
  const changed = (change: Partial<CallRecord>): CallReading => ({ ...reading, record: { ...record, ...change } });

  switch (event.type) {
    case 'flow-entered':
      return record.flow === null ? changed({ flow: event.flow }) : reading;
    case 'call-answered':
      return record.answeredAt === null ? changed({ answeredAt: event.at }) : reading;
    case 'customer-answered':
      return changed({ answeredAt: record.answeredAt ?? event.at, trunk: event.trunk });
    case 'reason-set':
      return changed({ reason: event.reason, piiClass: event.piiClass });
    case 'verification-result': {
      const verified = record.verified ?? [];
      if (!event.verified || verified.includes(event.factor)) return reading;
      return changed({ verified: [...verified, event.factor] });
    }
    case 'queue-entered':
      return changed({ queue: event.queue });
    case 'queue-left':
      return changed({ waitMs: record.waitMs + event.waitMs });
    case 'agent-answered':
      return changed(agentAnswered(record, event));
    case 'agent-left':
      return changed(agentLeft(record, event));
    case 'call-held':
      return reading.heldSince === null ? { record, heldSince: event.at } : reading;
    case 'call-resumed':
      return resumed(reading, event.at);
    case 'recording-started':
      if (record.recordingIds.includes(event.recordingId)) return reading;
      return changed({ recordingIds: [...record.recordingIds, event.recordingId] });
    case 'callback-kept':
      return changed({ callback: 'waiting' });
    case 'callback-ended':
      return changed({ callback: event.because });
    case 'leg-quality':
      return changed({ quality: { ...record.quality, [event.party]: event.quality } });
    case 'media-reanchored': {
      const { times, longestSilentMs } = record.reanchored ?? { times: 0, longestSilentMs: 0 };
      return changed({
        reanchored: { times: times + 1, longestSilentMs: Math.max(longestSilentMs, event.silentMs) },
      });
    }
    case 'call-ended':
      return ended(reading, event);
    default:
      return reading;
  }
}

/** What happens in a call that goes on, and never after its end. */
const showsLife: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>([
  ...(['agent-answered', 'customer-answered', 'call-adopted', 'call-held', 'call-resumed', 'queue-entered'] as const),
]);

function reopened({ record }: CallReading): CallReading {
  const segments = record.segments.map((segment) =>
    segment.endedAt === record.endedAt ? { ...segment, endedAt: null } : segment,
  );
  return { heldSince: null, record: { ...record, segments, endedAt: null, cause: null, side: null } };
}

function started(event: Extract<CallEvent, { type: 'call-started' }>): CallReading {
  const record: CallRecord = {
    id: event.callId,
    direction: event.direction,
    alias: event.alias,
    companyNumber: event.companyNumber,
    trunk: event.trunk,
    startedAt: event.at,
    answeredAt: null,
    agentAnsweredAt: null,
    endedAt: null,
    flow: null,
    reason: null,
    piiClass: null,
    queue: null,
    waitMs: 0,
    talkMs: 0,
    holdMs: 0,
    segments: [],
    recordingIds: [],
    cause: null,
    side: null,
    quality: { customer: null, agent: null },
    ...(event.callbackOf ? { callbackOf: event.callbackOf } : {}),
  };
  return { record, heldSince: null };
}

function agentAnswered(
  record: CallRecord,
  event: Extract<CallEvent, { type: 'agent-answered' }>,
): Pick<CallRecord, 'segments' | 'agentAnsweredAt'> {
  const segment: CallSegment = {
    personId: event.personId,
    place: event.place,
    answeredAt: event.at,
    endedAt: null,
    talkMs: 0,
    holdMs: 0,
    ringMs: event.ringMs,
  };
  return { segments: [...record.segments, segment], agentAnsweredAt: record.agentAnsweredAt ?? event.at };
}

/** Changes a person's last segment, if it is open or was closed only because the call ended; and the sums with it. */
function agentLeft(
  record: CallRecord,
  { personId, at, talkMs, holdMs }: Extract<CallEvent, { type: 'agent-left' }>,
): Pick<CallRecord, 'segments' | 'talkMs' | 'holdMs'> {
  const index = record.segments.findLastIndex(
    (segment) => segment.personId === personId && (segment.endedAt === null || segment.endedAt === record.endedAt),
  );
  const segments = record.segments.map((segment, position) =>
    position === index ? { ...segment, endedAt: at, talkMs, holdMs } : segment,
  );
  return summed(segments);
}

function summed(segments: CallSegment[]): Pick<CallRecord, 'segments' | 'talkMs' | 'holdMs'> {
  return {
    segments,
    talkMs: segments.reduce((sum, segment) => sum + segment.talkMs, 0),
    holdMs: segments.reduce((sum, segment) => sum + segment.holdMs, 0),
  };
}

/** Hold counts for whoever is on the call; `agent-left` brings the exact figures and replaces what was counted here. */
function resumed(reading: CallReading, at: number): CallReading {
  if (reading.heldSince === null) return reading;
  const heldMs = at - reading.heldSince;
  const segments = reading.record.segments.map((segment) =>
    segment.endedAt === null
      ? { ...segment, holdMs: segment.holdMs + Math.min(heldMs, at - segment.answeredAt) }
      : segment,
  );
  return { heldSince: null, record: { ...reading.record, ...summed(segments) } };
}

/** A segment that nobody closed (the process died) ends with the call. */
function ended(reading: CallReading, event: Extract<CallEvent, { type: 'call-ended' }>): CallReading {
  const at = event.cutOffAt ?? event.at;
  const cutOff = event.cutOffAt !== undefined;
  const isRealEnd = reading.cutOff && !cutOff;
  const { record } = resumed(isRealEnd ? reopened(reading) : reading, at);
  if (record.endedAt !== null) return reading;
  const segments = record.segments.map((segment) =>
    segment.endedAt === null
      ? { ...segment, endedAt: at, talkMs: Math.max(0, at - segment.answeredAt - segment.holdMs) }
      : segment,
  );
  return {
    heldSince: null,
    record: { ...record, ...summed(segments), endedAt: at, cause: event.cause, side: event.side },
    ...(cutOff ? { cutOff } : {}),
  };
}
