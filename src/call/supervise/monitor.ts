// Supervisors with the agent of a call: listen (heard by nobody), whisper (coaching, heard by the agent alone), barge-in (heard by
// all). Several at once. The supervisor's own softphone is rung and answers by itself; who hears whom is talk/audio-plan.ts's,
// so nobody else's audio is touched by the ring, and the recording has of it what the customer hears: a barge-in, nothing else.
//
//   rung ─answered▶ listen ◀─switch─▶ whisper ◀─▶ barge        ends with the agent's part of the call, or on its own
//
// A supervisor's softphone that goes away ends it: it is asked for again in a second.

import type { MonitorMode } from '../../shared/events.ts';
import { type CallId, newId, type PersonId } from '../../shared/ids.ts';
import { type CallState, type Centre, callOfPerson, isOver, type Monitor } from '../call-state.ts';
import type { CommandOutcome, MonitorView } from '../desk.ts';
import { tell, unattended } from '../parts.ts';
import { canBeRung, type RingOutcome, ringDesk } from '../queue/ring-desk.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { followOffers } from '../talk/follow-offers.ts';
import { dismiss } from '../transfer/end-of-party.ts';
import { whyNotTake } from '../transfer/may-take.ts';

const ringSeconds = 10;

/** Begins, or changes the mode of one who is there. */
export async function monitor(
  centre: Centre,
  call: CallState,
  personId: PersonId,
  mode: MonitorMode,
): Promise<CommandOutcome> {
  const there = call.monitors.find((one) => one.personId === personId);
  if (there) return switchMode(centre, call, there, mode);
  const { agent } = call;
  if (call.phase !== 'talking' || !agent) return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (agent.personId === personId || callOfPerson(centre, personId) || monitoredBy(centre, personId))
    return { kind: 'conflict', because: 'There is a call at this desk already.' };
  const asCall = newId('call');
  const refused = (await whyNotTake(centre, call, personId)) ?? (await reserve(centre, call, asCall, personId));
  if (refused) return refused;
  if (isOver(call) || call.agent !== agent) {
    free(centre, { asCall, personId });
    return { kind: 'not-found' };
  }
  const { clock } = centre.parts;
  const joining: Monitor = {
    asCall,
    personId,
    mode,
    since: clock.now(),
    over: new AbortController(),
    party: undefined,
  };
  call.monitors.push(joining);
  const rung = await ringDesk(centre, call, {
    personId,
    ringTimeoutSeconds: ringSeconds,
    autoAnswer: 'monitor',
    signal: AbortSignal.any([call.over.signal, joining.over.signal]),
  });
  return begin(centre, call, joining, rung);
}

function begin(centre: Centre, call: CallState, joining: Monitor, rung: RingOutcome): CommandOutcome {
  const { personId } = joining;
  if (rung.kind === 'not-answered') {
    if (remove(call, joining)) free(centre, joining);
    return { kind: 'conflict', because: 'The softphone did not answer.' };
  }
  if (isOver(call) || !call.monitors.includes(joining)) {
    dismiss(call, rung, 'cancelled');
    if (remove(call, joining)) free(centre, joining);
    return { kind: 'not-found' };
  }
  joining.party = rung;
  const { leg, endpoint } = rung;
  followOffers(call.log, leg, () => endpoint);
  const left = () => endMonitor(centre, call, personId, 'hung-up');
  leg.on('ended', left);
  endpoint.on('mediaTimeout', left);
  endpoint.on('ended', left);
  tell(centre.parts, {
    type: 'monitor-started',
    callId: call.id,
    personId,
    agentId: call.agent?.personId ?? null,
    mode: joining.mode,
  });
  call.log.info({ personId, mode: joining.mode }, 'a supervisor is with the agent');
  audioFollows(centre, call);
  centre.deskChanged(call.agent?.personId);
  if (leg.state === 'ended') left();
  return { kind: 'ok' };
}

async function switchMode(centre: Centre, call: CallState, there: Monitor, mode: MonitorMode): Promise<CommandOutcome> {
  if (there.mode === mode) return { kind: 'ok' };
  const refused = await whyNotTake(centre, call, there.personId);
  if (refused) return refused;
  there.mode = mode;
  if (there.party) tell(centre.parts, { type: 'monitor-changed', callId: call.id, personId: there.personId, mode });
  audioFollows(centre, call);
  centre.deskChanged(call.agent?.personId);
  return { kind: 'ok' };
}

export function endMonitor(centre: Centre, call: CallState, personId: PersonId, because: string): CommandOutcome {
  const there = call.monitors.find((one) => one.personId === personId);
  if (!there) return { kind: 'conflict', because: 'You are not with this call.' };
  letGo(centre, call, there, because);
  audioFollows(centre, call);
  centre.deskChanged(call.agent?.personId);
  return { kind: 'ok' };
}

/** The agent's part of the call is over; the next agent's is another one, of another class perhaps. */
export function endMonitors(centre: Centre, call: CallState, because: string): void {
  for (const there of [...call.monitors]) letGo(centre, call, there, because);
}

function letGo(centre: Centre, call: CallState, there: Monitor, because: string): void {
  remove(call, there);
  there.over.abort();
  const { personId, party } = there;
  // Still rung: `begin` finds that it is not wanted any more.
  if (party) {
    dismiss(call, party, 'normal');
    const lastedMs = centre.parts.clock.now() - there.since;
    tell(centre.parts, { type: 'monitor-ended', callId: call.id, personId, because, lastedMs });
  }
  free(centre, there);
}

function remove(call: CallState, joining: Monitor): boolean {
  const at = call.monitors.indexOf(joining);
  if (at >= 0) call.monitors.splice(at, 1);
  return at >= 0;
}

/** A supervisor who serves a queue is offered nothing meanwhile. One without a desk is nobody's for the ACD. */
async function reserve(
  centre: Centre,
  call: CallState,
  asCall: CallId,
  personId: PersonId,
): Promise<Extract<CommandOutcome, { kind: 'conflict' }> | undefined> {
  const { acd } = centre;
  if (!canBeRung(centre, personId))
    return { kind: 'conflict', because: 'The softphone of this desk is not connected.' };
  const agent = acd.acd.agent(personId);
  if (!agent || agent.state === 'offline') return undefined;
  const taken = agent.callId === null && (await acd.apply({ kind: 'agentCallStarted', personId, callId: asCall }));
  if (!taken) return { kind: 'conflict', because: 'There is a call at this desk already.' };
  if (agent.state === 'not-ready')
    unattended(
      call.log,
      'not ready afterwards',
      acd.apply({ kind: 'agentNotReady', personId, because: agent.because ?? 'break' }),
    );
  return undefined;
}

function free(centre: Centre, { asCall, personId }: Pick<Monitor, 'asCall' | 'personId'>): void {
  // Impossible, and ignored, when there is no desk.
  void centre.acd.apply({ kind: 'agentCallEnded', personId, callId: asCall, afterCallWorkSeconds: 0 });
  centre.deskChanged(personId);
}

export function monitoredBy(centre: Pick<Centre, 'calls'>, personId: PersonId): CallState | undefined {
  for (const call of centre.calls.values()) if (call.monitors.some((one) => one.personId === personId)) return call;
  return undefined;
}

export function monitorsOf(call: CallState): MonitorView[] {
  return call.monitors.map(({ personId, mode, since, party }) => ({
    callId: call.id,
    personId,
    agentId: call.agent?.personId ?? null,
    mode,
    since,
    connected: party !== undefined,
  }));
}
