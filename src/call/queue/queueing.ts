// A customer waits in a queue: music, comfort words, time-out. The ACD decides who; offer.ts rings.

import type { PlaySource } from '../../media/endpoint.ts';
import type { OverflowReason } from '../../routing/acd/admission.ts';
import type { FlowAction } from '../../routing/flow/flow.ts';
import type { CallFacts } from '../../routing/policy/policy.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { tell } from '../parts.ts';

type QueueAction = Extract<FlowAction, { kind: 'queue' }>;

/** Puts the call into a queue; the ACD may offer it at once. */
export function enterQueue(
  centre: Centre,
  call: CallState,
  { queue, priority }: { queue: string; priority: number },
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
  tellAcd(centre, call);
}

/** The ACD decides by what it was told: told again when the reason becomes known while the call waits. */
export function tellAcd(centre: Centre, call: CallState): void {
  if (call.phase !== 'queued' || call.queue === null) return;
  const { id: callId, queue, queuedAt: enteredAt, queuePriority: priority } = call;
  void centre.acd.apply({
    kind: 'callWaiting',
    call: { callId, queue, enteredAt, facts: factsOfCall(call), priority },
  });
}

/** What the policy is told of a call. */
export function factsOfCall({ direction, reason }: CallState): CallFacts {
  return { direction, reason: reason?.id, piiClass: reason?.piiClass };
}

/** Takes the call out of its queue; tells how and how long it took. */
export function leaveQueue(centre: Centre, call: CallState, outcome: 'answered' | 'overflowed' | 'transferred'): void {
  const waitMs = centre.parts.clock.now() - call.queuedAt;
  call.waitMs += waitMs;
  if (call.queue) tell(centre.parts, { type: 'queue-left', callId: call.id, queue: call.queue, outcome, waitMs });
}

/** For the flow: waits until an agent is connected, the time is up, or the call is over. */
export async function waitInQueue(
  centre: Centre,
  call: CallState,
  action: QueueAction,
  comfort: (say: NonNullable<QueueAction['comfort']>) => PlaySource,
): Promise<'connected' | 'timeout' | 'over'> {
  const { clock } = centre.parts;
  const left = new Promise<'connected' | 'timeout' | 'over'>((resolve) => {
    call.leaveQueue = resolve;
  });
  enterQueue(centre, call, action);
  const words = action.comfort;
  const comfortTimer = words
    ? clock.every(action.comfortEverySeconds * 1000, () => void sayComfort(call, comfort(words)))
    : undefined;
  const timeoutTimer =
    action.timeoutSeconds === null
      ? undefined
      : clock.after(action.timeoutSeconds * 1000, () => giveUpWaiting(centre, call));
  const how = await left;
  call.leaveQueue = undefined;
  comfortTimer?.cancel();
  timeoutTimer?.cancel();
  return how;
}

function giveUpWaiting(centre: Centre, call: CallState): void {
  if (call.phase !== 'queued') return;
  void centre.acd.apply({ kind: 'callGone', callId: call.id });
  overflowed(centre, call, 'waited-too-long');
}

/** The call is in no queue any more: the flow goes on. */
export function overflowed(centre: Centre, call: CallState, because: OverflowReason): void {
  if (call.phase !== 'queued') return;
  leaveQueue(centre, call, 'overflowed');
  call.log.info({ queue: call.queue, because }, 'overflowed');
  call.phase = 'flow';
  call.music?.stop();
  call.alerting?.withdrawn.abort();
  call.leaveQueue?.('timeout');
}

async function sayComfort(call: CallState, source: PlaySource): Promise<void> {
  if (call.phase !== 'queued' || !call.customer) return;
  await call.customer.endpoint.play(source).finished;
  if (call.phase !== 'queued' || isOver(call)) return;
  call.music = call.customer?.endpoint.play({ kind: 'music' }, { loop: true });
}
