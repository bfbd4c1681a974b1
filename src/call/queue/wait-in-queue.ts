// A customer whom a flow sends into a queue: waits until an agent is connected, the queue is left for a cause for which the flow has a
// way, a key is pressed that the flow offers, or the call is over. The ACD decides when and to whom; offer.ts rings.

import type { OverflowReason } from '../../routing/acd/admission.ts';
import type { FlowAction, OverflowCause } from '../../routing/flow/flow.ts';
import { type CallState, type Centre, stopRinging } from '../call-state.ts';
import type { DigitSource } from '../inbound/digit-collector.ts';
import { tell } from '../parts.ts';
import type { CutOff, EarlierCalls } from './earlier-calls.ts';
import { type CompanyNeeds, keepCompany } from './keep-company.ts';
import { enterQueue, leaveQueue, type QueueWishes } from './queueing.ts';

type QueueAction = Extract<FlowAction, { kind: 'queue' }>;

export type WaitEnded =
  | { kind: 'connected' }
  | { kind: 'over' }
  | { kind: 'overflow'; cause: OverflowCause }
  | { kind: 'key'; digits: string };

export interface WaitNeeds extends Pick<CompanyNeeds, 'language' | 'source'> {
  action: QueueAction;
  digits: DigitSource;
  earlier: EarlierCalls;
  /** Since when this customer waits, also in another queue before this one; null: not yet. */
  placeSince: number | null;
}

export async function waitInQueue(centre: Centre, call: CallState, needs: WaitNeeds): Promise<WaitEnded> {
  const { action } = needs;
  const ended = new Promise<WaitEnded>((resolve) => {
    call.leaveQueue = (how) =>
      resolve(how === 'connected' || how === 'over' ? { kind: how } : { kind: 'overflow', cause: causeOf(call, how) });
  });
  const { queue, priority } = action;
  // Before the queue is entered: the ACD may answer at once.
  call.wishes = wishesOf(centre, call, needs);
  enterQueue(centre, call, { queue, priority, wishes: call.wishes });
  const company = keepCompany(centre, call, needs);
  const waited = new AbortController();
  const key =
    action.keys.length === 0 ? ended : keyPressed(needs, waited.signal).then((digits) => byKey(centre, call, digits));
  const how = await Promise.race([ended, key.then((pressed) => pressed ?? ended)]);
  call.leaveQueue = undefined;
  waited.abort();
  company.end();
  return how;
}

/** Only keys that the flow offers count; the others are nothing. */
async function keyPressed({ digits, action }: WaitNeeds, signal: AbortSignal): Promise<string> {
  for (;;) {
    const got = await digits.collect({
      ...{ minDigits: 1, maxDigits: 1, terminator: null, timeoutSeconds: 3600, signal },
      onFirst: () => {},
      after: Promise.resolve(),
    });
    if (got.kind === 'digits' && action.keys.includes(got.digits)) return got.digits;
    if (got.kind === 'aborted') return new Promise(() => {});
  }
}

/** Out of the queue by the caller's own wish; undefined when somebody has the call by now. */
function byKey(centre: Centre, call: CallState, digits: string): WaitEnded | undefined {
  if (call.phase !== 'queued' || call.agent) return undefined;
  leaveQueue(centre, call, 'overflowed');
  call.phase = 'flow';
  call.music?.stop();
  stopRinging(call);
  void centre.acd.apply({ kind: 'callGone', callId: call.id });
  call.log.info({ queue: call.queue }, 'left the queue by a key');
  return { kind: 'key', digits };
}

function causeOf(call: CallState, because: OverflowReason): OverflowCause {
  if (because === 'waited-too-long') return 'timeout';
  if (because === 'full' || because === 'long-wait-expected') return 'full';
  return call.wishes?.joined ? 'left-empty' : 'nobody';
}

function wishesOf(centre: Centre, call: CallState, needs: WaitNeeds): QueueWishes {
  const { action, earlier, placeSince } = needs;
  const { clock, settings } = centre.parts;
  const now = clock.now();
  const back = returnsAfter(earlier.cutOff, action.queue, now - settings.reentryMinutes * 60_000);
  if (back) tell(centre.parts, { type: 'place-restored', callId: call.id, queue: action.queue, since: back.since });
  const kept = centre.callbacks.comesBack(call, action.queue);
  const since = Math.min(placeSince ?? now, back?.since ?? now, kept ?? now);
  const { sticky } = action;
  const last = back?.personId ? { personId: back.personId, at: back.endedAt } : earlier.lastAgent;
  const wanted = sticky && last && !call.notFor.has(last.personId) ? last : undefined;
  const skills = Object.entries(action.skills).map(([skill, level]) => ({ skill, level }));
  return {
    // Where the flow has a way for nothing, the caller waits as long as it takes.
    staysFor: (because) => !(action.overflow.includes(causeOf(call, because)) || action.overflow.includes('timeout')),
    joined: false,
    place: {
      ...(since < now ? { placeSince: since } : {}),
      ...(skills.length > 0 ? { skills } : {}),
      ...(wanted && sticky ? { preferred: { personId: wanted.personId, seconds: sticky.seconds } } : {}),
      ...(action.timeoutSeconds === null ? {} : { mostWaitSeconds: action.timeoutSeconds }),
    },
  };
}

/** Cut off while waiting in this queue (or talking), and back within the time. */
function returnsAfter(cutOff: CutOff | null, queue: string, endedAfter: number): CutOff | undefined {
  return cutOff && cutOff.queue === queue && cutOff.endedAt > endedAfter ? cutOff : undefined;
}
