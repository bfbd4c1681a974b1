// The one way in which a call ends. Runs once, whatever ends it; both far ends and the agent's desk know at once,
// quality and the sealed recording follow.

import { asError } from '../../shared/errors.ts';
import { type CallState, type Centre, type Party, stopRinging } from '../call-state.ts';
import { tell } from '../parts.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { endAudio } from '../talk/arrange-audio.ts';
import { stopRecording } from '../talk/call-recording.ts';
import { dismiss } from '../transfer/end-of-party.ts';
import { giveUpSlot } from '../transfer/park-slots.ts';
import { consultationEnds } from '../transfer/party-leaves.ts';
import type { Termination } from './termination.ts';

const statsPatienceMs = 1000;
const farewellPatienceMs = 3000;

export async function endCall(centre: Centre, call: CallState, why: Termination): Promise<void> {
  if (call.phase === 'ended') return;
  const { parts } = centre;
  const wasQueued = call.phase === 'queued';
  const now = parts.clock.now();
  call.phase = 'ended';
  call.music?.stop();

  if (wasQueued) leaveAsAbandoned(centre, call, now);
  call.leaveQueue?.('over');
  stopRinging(call);
  call.over.abort();
  consultationEnds(centre, call, 'call-ended');
  if (call.outside) dismiss(call, call.outside, why.cause);
  giveUpSlot(centre, call);
  const agent = call.agent;
  const legs = [call.customerLeg, agent?.leg].filter((leg) => leg !== undefined);
  const legsEnded = Promise.allSettled(legs.map((leg) => leg.end(why.cause)));
  if (agent) agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  tell(parts, { type: 'call-ended', callId: call.id, ...why, durationMs: now - call.startedAt });
  call.log.info({ ...why, durationMs: now - call.startedAt }, 'call ended');

  await Promise.all([
    reportQuality(centre, call, 'customer', call.customer),
    reportQuality(centre, call, 'agent', agent),
  ]);
  await stopRecording(centre, call);
  await endAudio(call);
  const closed = [call.customer, agent].filter((party) => party !== undefined).map((party) => party.endpoint.close());
  for (const result of await Promise.allSettled(closed)) {
    if (result.status === 'rejected') call.log.warn({ err: asError(result.reason) }, 'a party did not close cleanly');
  }
  // A far end that is gone does not answer its BYE: that is no reason to keep the call.
  await Promise.race([legsEnded, pause(centre, farewellPatienceMs)]);
  centre.calls.delete(call.id);
}

function leaveAsAbandoned(centre: Centre, call: CallState, now: number): void {
  call.waitMs += now - call.queuedAt;
  if (call.queue) {
    tell(centre.parts, {
      type: 'queue-left',
      callId: call.id,
      queue: call.queue,
      outcome: 'abandoned',
      waitMs: now - call.queuedAt,
    });
  }
  void centre.acd.apply({ kind: 'callGone', callId: call.id });
}

async function reportQuality(
  centre: Centre,
  call: CallState,
  party: 'customer' | 'agent',
  who: Party | undefined,
): Promise<void> {
  if (!who) return;
  const quality = await Promise.race([who.endpoint.stats().catch(() => undefined), pause(centre, statsPatienceMs)]);
  if (quality) tell(centre.parts, { type: 'leg-quality', callId: call.id, legId: who.leg.id, party, quality });
}

function pause(centre: Centre, ms: number): Promise<undefined> {
  return new Promise((resolve) => void centre.parts.clock.after(ms, () => resolve(undefined)));
}
