// What each agent's desk shows, derived from the ACD and the calls; a revision per person lets a page throw away what is old.
// Revisions grow with the clock, so that they go on growing for a page that moves to another node.

import { createEmitter, type Unsubscribe } from '../shared/emitter.ts';
import type { PersonId } from '../shared/ids.ts';
import { type CallState, type Centre, callOfPerson } from './call-state.ts';
import type { DeskCallState, DeskState } from './desk.ts';

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

export function deskCall(call: CallState, personId: PersonId): DeskCallState {
  return {
    id: call.id,
    direction: call.direction,
    state: stateForDesk(call, personId),
    alias: call.alias,
    companyNumber: call.companyNumber,
    queue: call.queue,
    reason: call.reason ? { id: call.reason.id, label: call.reason.label, piiClass: call.reason.piiClass } : null,
    muted: call.muted,
    recording: call.recording,
    startedAt: call.startedAt,
    answeredAt: call.phase === 'talking' ? (call.agent?.answeredAt ?? null) : null,
    heldSince: call.heldSince,
    waitMs: call.waitMs,
    quality: call.quality,
  };
}

function stateForDesk(call: CallState, personId: PersonId): DeskCallState['state'] {
  if (call.phase === 'dialling') return 'dialling';
  if (call.agent?.personId !== personId) return 'alerting';
  if (call.agent.detachedAt !== null) return 'detached';
  return call.heldSince === null ? 'connected' : 'held';
}
