// Promises to call back, and the places that they keep in the queues.
//
//   kept ─the caller has hung up▶ in the queue ─agent answers▶ the customer is called ─▶ reached
//                                      ▲                              │ busy, no answer: again after a while
//                                      └──────────────────────────────┘ or given up; expired, cancelled, called again: over
//
// A promise is an event before it is anything else (store/waiting-work.ts): whatever becomes of this program, it is taken up again
// at the next start, or by another node. Each attempt is a call of its own, begun when an agent is found for it.

import type { Alias } from '../../privacy/vault.ts';
import type { Timer } from '../../shared/clock.ts';
import type { EndCause } from '../../shared/events.ts';
import { type CallId, newId, type PersonId } from '../../shared/ids.ts';
import type { CallbackEnd, CallbackRow } from '../../store/waiting-work.ts';
import { type AgentParty, type CallState, type Centre, newCall } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell, unattended } from '../parts.ts';
import { callBack } from './call-back.ts';
import { type CallbackClaims, claimsOfOneNode } from './callback-claims.ts';

type Kept = Omit<CallbackRow, 'endedAt' | 'endedBecause' | 'personId'>;

interface Place {
  row: Kept;
  /** The call that this is in the queue, or in which the customer is called; null while it is not time yet. */
  attemptId: CallId | null;
  /** The customer has called again and waits in person. */
  inPerson: boolean;
  timers: Timer[];
}

export interface CallbackKeeper {
  /** Promises to call this customer back as soon as this call is over. False: nobody could be called. */
  keep(call: CallState, wanted: KeepRequest): boolean;
  /** Takes up what was promised before this program was started. */
  start(): void;
  /** The call for a place that has come up: an agent is to be rung for it. */
  callFor(attemptId: CallId): CallState | undefined;
  /** Whether this is the place of somebody who is called back. */
  isPlace(attemptId: CallId): boolean;
  /** The agent has answered: calls the customer. */
  answered(call: CallState, agent: AgentParty): Promise<void>;
  /**
   * This customer waits in the queue again: in the place that was kept, which is kept for a call back once more should the
   * customer give up. Gives since when; undefined: none was kept.
   */
  comesBack(call: CallState, queue: string): number | undefined;
  /** An agent talks with this customer: nobody needs to be called back about it any more. */
  talksWith(call: CallState): void;
  cancel(callId: CallId, personId: PersonId | null): Promise<'ok' | 'not-found'>;
  close(): void;
}

export interface KeepRequest {
  alias: Alias;
  queue: string;
  priority: number;
  skills: Readonly<Record<string, number>>;
  waitingSince: number;
}

/** Rows that nobody has yet, because a node is gone or the database was away. */
const sweepEveryMs = 30_000;
/** Another attempt when it was nobody's fault: the agent hung up before the customer answered. */
const soonMs = 5000;

export function createCallbacks(centreOf: () => Centre, claims: CallbackClaims = claimsOfOneNode()): CallbackKeeper {
  const places = new Map<CallId, Place>();
  const attempts = new Map<CallId, Place>();
  /** Not known yet whether they are this node's. */
  const taking = new Set<CallId>();
  let closing = false;
  let sweep: Timer | undefined;

  function keep(call: CallState, { alias, ...wanted }: KeepRequest): boolean {
    const { parts } = centreOf();
    const same = [...places.values()].find(({ row }) => row.alias === alias && row.queue === wanted.queue);
    if (same || places.has(call.id)) return true;
    const now = parts.clock.now();
    const row: Kept = {
      ...{ callId: call.id, alias, companyNumber: call.companyNumber, ...wanted },
      ...{ reason: call.reason?.id ?? null, piiClass: call.reason?.piiClass ?? null },
      ...{
        requestedAt: now,
        expiresAt: now + hoursMs(parts.settings.callbacks?.expireHours ?? 24),
        attempts: 0,
        nextAt: now,
      },
    };
    const { attempts: _, requestedAt: __, nextAt: ___, ...fields } = row;
    tell(parts, { type: 'callback-kept', ...fields });
    call.log.info({ queue: row.queue }, 'a call back was promised');
    // Whoever still listens to the goodbye would be busy.
    call.over.signal.addEventListener('abort', () => void take(row, async () => true));
    return true;
  }

  /** `stillWaits`: asked once it is this node's, so that what another one has just ended is not begun again. */
  async function take(row: Kept, stillWaits: () => Promise<boolean>): Promise<void> {
    if (closing || places.has(row.callId) || taking.has(row.callId)) return;
    taking.add(row.callId);
    const mine = await claims.claim(row.callId);
    const waits = mine && (await stillWaits().catch(() => false));
    taking.delete(row.callId);
    if (!waits || closing) {
      if (mine) claims.release(row.callId);
      return;
    }
    const place: Place = { row, attemptId: null, inPerson: false, timers: [] };
    places.set(row.callId, place);
    const { clock } = centreOf().parts;
    place.timers.push(clock.after(Math.max(0, row.expiresAt - clock.now()), () => expire(place)));
    later(place, row.nextAt);
  }

  function later(place: Place, at: number): void {
    const { clock } = centreOf().parts;
    const waitMs = at - clock.now();
    if (waitMs <= 0) return enterLine(place);
    place.timers.push(clock.after(waitMs, () => enterLine(place)));
  }

  function enterLine(place: Place): void {
    if (closing || place.inPerson || place.attemptId !== null || !places.has(place.row.callId)) return;
    const { acd, parts } = centreOf();
    const { row } = place;
    const attemptId = newId('call');
    place.attemptId = attemptId;
    attempts.set(attemptId, place);
    const entering = acd.apply({
      kind: 'callWaiting',
      alwaysJoins: true,
      call: {
        ...{ callId: attemptId, queue: row.queue, enteredAt: parts.clock.now(), priority: row.priority },
        facts: { direction: 'outbound', ...known(row) },
        ...wishesOf(row),
      },
    });
    void entering.then((accepted) => {
      if (accepted || closing || place.attemptId !== attemptId) return;
      parts.log.error({ callId: row.callId, queue: row.queue }, 'a call back has no queue any more');
      end(place, 'given-up', null);
    });
  }

  function callFor(attemptId: CallId): CallState | undefined {
    const place = attempts.get(attemptId);
    return place && beginAttempt(centreOf(), place.row, attemptId, () => attemptOver(place, attemptId));
  }

  /** Over without a word of what became of the customer: hung up by somebody, or shut down. */
  function attemptOver(place: Place, attemptId: CallId): void {
    if (place.attemptId !== attemptId) return;
    leaveLine(place);
    if (!closing && places.has(place.row.callId)) later(place, centreOf().parts.clock.now() + soonMs);
  }

  function leaveLine(place: Place): void {
    if (place.attemptId !== null) attempts.delete(place.attemptId);
    place.attemptId = null;
  }

  function settled(place: Place, call: CallState, agent: AgentParty, outcome: 'reached' | EndCause): void {
    const { parts } = centreOf();
    const { row } = place;
    // The agent hung up, or the desk went away, before the customer could answer: that was no attempt.
    if (outcome === 'cancelled') return;
    row.attempts += 1;
    const { attempts: most = 3, retryMinutes = 15 } = parts.settings.callbacks ?? {};
    const more = outcome !== 'reached' && outcome !== 'forbidden' && row.attempts < most;
    const retryAt = more ? parts.clock.now() + retryMinutes * 60_000 : null;
    const tried = { callId: row.callId, attemptCallId: call.id, attempt: row.attempts, outcome, retryAt };
    tell(parts, { type: 'callback-tried', ...tried });
    leaveLine(place);
    if (outcome === 'reached') return end(place, 'reached', agent.personId);
    if (retryAt === null) return end(place, 'given-up', null);
    later(place, retryAt);
  }

  function end(place: Place, because: CallbackEnd, personId: PersonId | null): void {
    const { callId } = place.row;
    tell(centreOf().parts, { type: 'callback-ended', callId, because, personId });
    forget(place);
  }

  /** Out of the queue, unless the customer is being called at this moment. */
  function forget(place: Place): void {
    const { acd, calls } = centreOf();
    const { callId } = place.row;
    places.delete(callId);
    for (const timer of place.timers) timer.cancel();
    const { attemptId } = place;
    leaveLine(place);
    claims.release(callId);
    if (attemptId === null) return;
    const call = calls.get(attemptId);
    if (!call) void acd.apply({ kind: 'callGone', callId: attemptId });
    // Taken back while an agent is being rung; once the customer is called, it goes on.
    else if (call.phase === 'queued') unattended(call.log, 'end it', endCall(centreOf(), call, takenBack));
  }

  function expire(place: Place): void {
    // Somebody is being rung for it, or the customer is: the next attempt is none any more.
    if (place.attemptId !== null && centreOf().calls.has(place.attemptId)) {
      place.timers.push(centreOf().parts.clock.after(soonMs, () => expire(place)));
      return;
    }
    if (places.has(place.row.callId)) end(place, 'expired', null);
  }

  function comesBack(call: CallState, queue: string): number | undefined {
    const { acd, calls, parts } = centreOf();
    const place = [...places.values()].find(({ row }) => row.alias === call.alias && row.queue === queue);
    // While the customer is being called, or an agent rung for that, the one call will find the other busy.
    if (!place || (place.attemptId !== null && calls.has(place.attemptId))) return undefined;
    place.inPerson = true;
    if (place.attemptId !== null) void acd.apply({ kind: 'callGone', callId: place.attemptId });
    leaveLine(place);
    call.over.signal.addEventListener('abort', () => {
      place.inPerson = false;
      if (!closing && places.has(place.row.callId)) later(place, Math.max(parts.clock.now(), place.row.nextAt));
    });
    return place.row.waitingSince;
  }

  async function takeUp(): Promise<void> {
    const { callbackRows, log } = centreOf().parts;
    if (!callbackRows || closing) return;
    try {
      for (const row of await callbackRows.list({ waiting: true, limit: 1000 }))
        await take(row, async () => (await callbackRows.byCall(row.callId))?.endedAt === null);
    } catch (err) {
      log.warn({ err }, 'call backs are taken up later');
    }
  }

  return {
    keep,
    start() {
      claims.onFreed(() => void takeUp());
      claims.onEnded((callId) => {
        const place = places.get(callId);
        if (place) forget(place);
      });
      sweep = centreOf().parts.clock.every(sweepEveryMs, () => void takeUp());
      void takeUp();
    },
    callFor,
    isPlace: (attemptId) => attempts.has(attemptId),
    async answered(call, agent) {
      const place = attempts.get(call.id);
      if (!place) return endCall(centreOf(), call, takenBack);
      await callBack(centreOf(), call, agent, (outcome) => settled(place, call, agent, outcome));
    },
    comesBack,
    talksWith({ alias, queue, callbackOf, agent }) {
      if (alias === null || callbackOf) return;
      for (const place of [...places.values()])
        if (place.row.alias === alias && place.row.queue === queue) end(place, 'called-again', agent?.personId ?? null);
    },
    async cancel(callId, personId) {
      const { callbackRows, events } = centreOf().parts;
      const row = await callbackRows?.byCall(callId);
      if (!row || row.endedAt !== null) return 'not-found';
      await events.append({ type: 'callback-ended', callId, because: 'cancelled', personId });
      claims.tellEnded(callId);
      return 'ok';
    },
    close() {
      closing = true;
      sweep?.cancel();
      for (const { timers } of places.values()) for (const timer of timers) timer.cancel();
    },
  };
}

const takenBack = { cause: 'cancelled', side: 'us' } as const;
const hoursMs = (hours: number) => hours * 3_600_000;

const known = ({ reason, piiClass }: Kept) => ({
  ...(reason === null ? {} : { reason }),
  ...(piiClass === null ? {} : { piiClass }),
});

const wishesOf = ({ waitingSince, skills }: Kept) => ({
  placeSince: waitingSince,
  callback: true,
  skills: Object.entries(skills).map(([skill, level]) => ({ skill, level })),
});

/** The call of an attempt; the same one when agent after agent is rung for it. */
function beginAttempt(centre: Centre, row: Kept, id: CallId, onOver: () => void): CallState {
  const { parts, calls } = centre;
  const running = calls.get(id);
  if (running) return running;
  const { companyNumber, queue, priority } = row;
  const alias = row.alias as Alias;
  const startedAt = parts.clock.now();
  const log = parts.log.child({ callId: id });
  const call = newCall({
    id,
    direction: 'outbound',
    startedAt,
    companyNumber,
    trunk: null,
    alias,
    log,
    phase: 'queued',
  });
  call.callbackOf = row.callId;
  call.queue = queue;
  call.queuedAt = startedAt;
  call.queuePriority = priority;
  call.reason = row.reason === null ? undefined : parts.reason(row.reason);
  call.wishes = { place: wishesOf(row), staysFor: () => true, joined: true };
  call.over.signal.addEventListener('abort', onOver);
  calls.set(id, call);
  const started = { direction: 'outbound', alias, companyNumber, trunk: null, callbackOf: row.callId } as const;
  tell(parts, { type: 'call-started', callId: id, ...started });
  tell(parts, { type: 'queue-entered', callId: id, queue });
  log.info({ alias, queue, callbackOf: row.callId }, 'an agent is found for a call back');
  return call;
}
