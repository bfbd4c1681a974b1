// Into a queue and out of it, for whatever sends a customer there: a flow (wait-in-queue.ts), a transfer, an agent who went away. The
// ACD decides who gets the call; offer.ts rings.

import type { WaitingCall } from '../../routing/acd/acd.ts';
import type { OverflowReason } from '../../routing/acd/admission.ts';
import type { CallFacts } from '../../routing/policy/policy.ts';
import type { CallState, Centre } from '../call-state.ts';
import { classOf, stopRinging } from '../call-state.ts';
import { tell } from '../parts.ts';

/** What a flow asks of a queue for this call; a transfer asks nothing. */
export interface QueueWishes {
  place: Pick<WaitingCall, 'placeSince' | 'skills' | 'preferred' | 'mostWaitSeconds' | 'callback'>;
  /** For what the call has no other way: then it waits on. */
  staysFor(because: OverflowReason): boolean;
  /** The queue has taken it, so that what comes later is no refusal at the door. */
  joined: boolean;
}

/** Puts the call into a queue; the ACD may offer it at once. */
export function enterQueue(
  centre: Centre,
  call: CallState,
  { queue, priority, wishes }: { queue: string; priority: number; wishes?: QueueWishes },
): void {
  const { parts } = centre;
  call.phase = 'queued';
  call.queue = queue;
  call.queuedAt = parts.clock.now();
  call.music?.stop();
  call.music = call.customer?.endpoint.play({ kind: 'music' }, { loop: true });
  tell(parts, { type: 'queue-entered', callId: call.id, queue });
  call.log.info({ queue }, 'waiting in queue');
  call.queuePriority = priority;
  call.wishes = wishes;
  const joining = giveToAcd(centre, call, { alwaysJoins: wishes === undefined });
  void joining?.then(() => {
    if (call.wishes) call.wishes.joined = true;
  });
}

/** The ACD decides by what it was told: told again when the reason becomes known while the call waits. */
export function tellAcd(centre: Centre, call: CallState): void {
  void giveToAcd(centre, call, { alwaysJoins: true });
}

function giveToAcd(
  centre: Centre,
  call: CallState,
  { alwaysJoins }: { alwaysJoins: boolean },
): Promise<boolean> | undefined {
  if (call.phase !== 'queued' || call.queue === null) return undefined;
  const { queue, queuedAt: enteredAt, queuePriority: priority, wishes } = call;
  const waiting = { ...waitingCall(call, { queue, enteredAt, priority }), ...wishes?.place };
  return centre.acd.apply({ kind: 'callWaiting', call: waiting, alwaysJoins });
}

/** The call as the ACD is told of it. */
export function waitingCall(
  call: CallState,
  place: Pick<WaitingCall, 'queue' | 'enteredAt' | 'priority'>,
): WaitingCall {
  const notFor = call.notFor.size > 0 ? { notFor: [...call.notFor] } : {};
  return { callId: call.id, facts: factsOfCall(call), ...notFor, ...place };
}

/** What the policy is told of a call. */
export function factsOfCall(call: CallState): CallFacts {
  const { direction, reason, verified, step } = call;
  return { direction, reason: reason?.id, piiClass: classOf(call), verified, step };
}

/** Takes the call out of its queue; tells how and how long it took. */
export function leaveQueue(centre: Centre, call: CallState, outcome: 'answered' | 'overflowed' | 'transferred'): void {
  const waitMs = centre.parts.clock.now() - call.queuedAt;
  call.waitMs += waitMs;
  if (call.queue) tell(centre.parts, { type: 'queue-left', callId: call.id, queue: call.queue, outcome, waitMs });
}

/**
 * The ACD has let the call go. The flow goes on, if it has a way for that; otherwise the call takes its place again: nobody is lost
 * between two queues.
 */
export function overflowed(centre: Centre, call: CallState, because: OverflowReason): void {
  if (call.phase !== 'queued') return;
  if (!call.leaveQueue || !call.wishes || call.wishes.staysFor(because)) {
    const place = { ...call.wishes?.place, stays: true };
    call.wishes = { staysFor: () => true, joined: true, ...call.wishes, place };
    return tellAcd(centre, call);
  }
  leaveQueue(centre, call, 'overflowed');
  call.log.info({ queue: call.queue, because }, 'overflowed');
  call.phase = 'flow';
  call.music?.stop();
  stopRinging(call);
  call.leaveQueue(because);
}
