// What each agent's desk shows, derived from the ACD and the calls; a revision per person lets a page throw away what is old.
// Revisions grow with the clock, so that they go on growing for a page that moves to another node.

import { createEmitter, type Unsubscribe } from '../shared/emitter.ts';
import type { Device } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';
import { agentPartyOf, type CallState, type Centre, callOfPerson, consultedPersonOf, peopleOf } from './call-state.ts';
import type { DeskCallState, DeskConsultation, DeskState } from './desk.ts';
import { deviceOfParty } from './queue/ring-desk.ts';
import { isPaused } from './talk/recording-pause.ts';

export interface Desks {
  desk(personId: PersonId): DeskState | undefined;
  changed(personId: PersonId | undefined): void;
  onDesk(listener: (personId: PersonId, desk: DeskState) => void): Unsubscribe;
}

export function createDesks(needs: {
  centre: () => Pick<Centre, 'acd' | 'calls' | 'parts'>;
  /** What the desk shows of a call that another node has. */
  callElsewhere?: (personId: PersonId) => DeskCallState | undefined;
}): Desks {
  const revisions = new Map<PersonId, number>();
  const emitter = createEmitter<{ desk: { personId: PersonId; desk: DeskState } }>();

  function desk(personId: PersonId): DeskState | undefined {
    const { acd, parts, ...centre } = needs.centre();
    const agent = acd.acd.agent(personId);
    if (!agent) return undefined;
    const call = callOfPerson(centre, personId);
    return {
      revision: revisions.get(personId) ?? 0,
      agent,
      softphoneRegistered: parts.border.isSoftphoneRegistered(personId),
      device: parts.telephones?.deviceOf(personId) ?? 'browser',
      call: call ? deskCall(call, personId) : (needs.callElsewhere?.(personId) ?? null),
    };
  }

  return {
    desk,
    changed(personId) {
      if (!personId) return;
      const { clock } = needs.centre().parts;
      revisions.set(personId, Math.max((revisions.get(personId) ?? 0) + 1, clock.now()));
      const current = desk(personId);
      if (current) emitter.emit('desk', { personId, desk: current });
    },
    onDesk: (listener) => emitter.on('desk', (event) => listener(event.personId, event.desk)),
  };
}

/** Everybody on whose desk this call is sees something new. */
export function deskChangedForAll(centre: Pick<Centre, 'deskChanged'>, call: CallState): void {
  for (const personId of peopleOf(call)) centre.deskChanged(personId);
}

export function deskCall(call: CallState, personId: PersonId): DeskCallState {
  return {
    id: call.id,
    direction: call.direction,
    state: stateForDesk(call, personId),
    alias: call.alias,
    companyNumber: call.companyNumber,
    queue: call.queue,
    reason: call.reason ? { id: call.reason.id, label: call.reason.label, piiClass: call.reason.piiClass } : null,
    muted: agentPartyOf(call, personId)?.muted ?? false,
    recording: call.recording,
    ...(isPaused(call) ? { recordingPaused: call.pause.causes } : {}),
    startedAt: call.startedAt,
    answeredAt: call.phase === 'talking' ? (call.agent?.answeredAt ?? null) : null,
    heldSince: call.heldSince,
    waitMs: call.waitMs,
    quality: call.quality,
    verification: call.verification?.shown ?? null,
    ...(call.withheld ? { withheld: call.withheld } : {}),
    device: deviceOfCall(call, personId),
    movingTo: call.moving?.to ?? null,
    role: consultedPersonOf(call) === personId ? 'consulted' : 'agent',
    consultation: deskConsultation(call),
    supervisors: call.monitors.flatMap(({ personId: who, mode, party }) =>
      party && mode !== 'listen' ? [{ personId: who, mode }] : [],
    ),
    step: call.step,
    steps: call.steps,
    verified: call.verified,
  };
}

function deskConsultation(call: CallState): DeskConsultation | null {
  const { consultation } = call;
  if (!consultation) return null;
  const { with: asked, by, startedAt, state } = consultation;
  const together = call.heldSince === null && state === 'answered' && consultation.heldSince === null;
  const talkingWith = together ? 'both' : call.heldSince === null ? 'customer' : 'consulted';
  return { with: asked, by, startedAt, state, talkingWith, personId: consultedPersonOf(call) ?? null };
}

function deviceOfCall(call: CallState, personId: PersonId): Device | null {
  const party = agentPartyOf(call, personId);
  return party ? deviceOfParty(party) : null;
}

function stateForDesk(call: CallState, personId: PersonId): DeskCallState['state'] {
  if (call.phase === 'dialling') return 'dialling';
  const party = agentPartyOf(call, personId);
  if (!party) return 'alerting';
  if (party.detachedAt !== null) return 'detached';
  return call.heldSince === null ? 'connected' : 'held';
}
