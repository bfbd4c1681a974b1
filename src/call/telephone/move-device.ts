// A live call moves from the browser to the own telephone, or back, and the customer notices nothing: the other device is
// called and has answered (a telephone with key 1, a browser by itself, with its audio up) while the old one talks on; then
// the two change places in one step, and the old leg ends. The recording, at the customer's side, goes on as one. Whatever
// fails on the way leaves the call where it was. Hold and mute are kept.

import type { Device, EndCause } from '../../shared/events.ts';
import { connected, swap } from '../anchor/reattach.ts';
import { type AgentParty, agentPartyOf, type CallState, type Centre, isOver } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { tell, unattended } from '../parts.ts';
import { deviceOfParty, type RingOutcome, ringDesk } from '../queue/ring-desk.ts';

/** Begins the move; how it ended is told by an event and shown by the desk. To the device it is on: gives a move up. */
export function moveToDevice(centre: Centre, call: CallState, to: Device): CommandOutcome {
  const { border, telephones } = centre.parts;
  const { agent } = call;
  if (!agent || call.phase !== 'talking' || agent.detachedAt !== null)
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  if (call.moving?.to === to) return { kind: 'ok' };
  if (deviceOfParty(agent) === to) {
    if (!call.moving) return { kind: 'conflict', because: 'The call is on this device already.' };
    call.moving.givenUp.abort();
    return { kind: 'ok' };
  }
  if (to === 'telephone' && !telephones?.isUsable(agent.personId))
    return { kind: 'forbidden', because: 'You may not work by telephone.' };
  if (to === 'browser' && !border.isSoftphoneRegistered(agent.personId))
    return { kind: 'conflict', because: 'The softphone of this desk is not connected.' };
  const moving = { to, givenUp: new AbortController() };
  call.moving = moving;
  centre.deskChanged(agent.personId);
  const moved = carryOver(centre, call, agent, moving).finally(() => {
    if (call.moving === moving) call.moving = undefined;
    centre.deskChanged(agent.personId);
  });
  unattended(call.log, 'move the call to another device', moved);
  return { kind: 'ok' };
}

async function carryOver(
  centre: Centre,
  call: CallState,
  old: AgentParty,
  { to, givenUp }: NonNullable<CallState['moving']>,
): Promise<void> {
  const { personId } = old;
  const from = deviceOfParty(old);
  const outcome = await ringDesk(centre, call, {
    personId,
    device: to,
    autoAnswer: 'attach',
    words: 'move',
    ringTimeoutSeconds: centre.parts.settings.deskAnswerSeconds,
    signal: AbortSignal.any([call.over.signal, givenUp.signal]),
  });
  if (outcome.kind === 'not-answered') return notMoved(centre, call, old, to, outcome.ended.cause);
  const { leg, endpoint, ringMs } = outcome;
  if (to === 'browser') await connected(centre, endpoint);
  const here = () => !isOver(call) && agentPartyOf(call, personId) === old && !givenUp.signal.aborted;
  if (here() && old.muted) await endpoint.setMuted(true);
  if (!here() || leg.state === 'ended') {
    await discard(outcome);
    return notMoved(centre, call, old, to, 'cancelled');
  }
  await swap(
    centre,
    call,
    old,
    { leg, endpoint },
    { type: 'call-moved', callId: call.id, personId, from, to, legId: leg.id, ringMs },
  );
}

async function discard({ leg, endpoint }: Extract<RingOutcome, { kind: 'answered' }>): Promise<void> {
  await Promise.allSettled([leg.end('cancelled'), endpoint.close()]);
}

function notMoved(centre: Centre, call: CallState, { personId }: AgentParty, to: Device, because: EndCause): void {
  if (isOver(call)) return;
  tell(centre.parts, { type: 'call-not-moved', callId: call.id, personId, to, because });
  call.log.info({ personId, to, because }, 'the call stays on its device');
}
