// One call as data, from the first INVITE to the call record. The verbs beside this file act on it; each verb checks
// `isOver` after every await, because the caller may have hung up meanwhile.
//
//   flow      the customer is with the IVR                      customer set, nobody else
//   queued    waiting for an agent, or being offered to one      customer set, `alerting` maybe
//   dialling  outbound: the desk, then the customer is called    agent maybe, customer maybe
//   talking   customer and agent are joined (or held, detached)  customer and agent set
//   ended     final; set by endCall alone

import type { Endpoint, Playback } from '../media/endpoint.ts';
import type { MediaServer } from '../media/media-server.ts';
import type { Alias } from '../privacy/vault.ts';
import type { Reason } from '../routing/flow/flow.ts';
import type { Leg } from '../sbc/leg.ts';
import type { Timer } from '../shared/clock.ts';
import type { MediaQuality, Place } from '../shared/events.ts';
import type { CallId, PersonId, RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { CallParts } from './parts.ts';
import type { AcdRunner } from './queue/acd-runner.ts';

export type CallPhase = 'flow' | 'queued' | 'dialling' | 'talking' | 'ended';

export interface Party {
  leg: Leg;
  endpoint: Endpoint;
}

export interface AgentParty extends Party {
  personId: PersonId;
  place: Place;
  answeredAt: number;
  holdMs: number;
  /** Since when the browser is away; null while it is there. */
  detachedAt: number | null;
  /** Set while a new leg is set up for a desk that came back; aborting it gives that leg up. */
  attaching: AbortController | undefined;
}

export interface Alerting {
  personId: PersonId;
  since: number;
  leg: Leg | undefined;
  withdrawn: AbortController;
}

export interface CallState {
  readonly id: CallId;
  readonly direction: 'inbound' | 'outbound';
  readonly startedAt: number;
  readonly companyNumber: string;
  readonly log: Logger;
  /** Aborted when the call is over. */
  readonly over: AbortController;
  trunk: string | null;
  alias: Alias | null;
  phase: CallPhase;
  /** Known from the first moment; `customer` joins it with an endpoint once there is one. */
  customerLeg: Leg | undefined;
  customer: Party | undefined;
  agent: AgentParty | undefined;
  alerting: Alerting | undefined;
  reason: Reason | undefined;
  queue: string | null;
  queuedAt: number;
  queuePriority: number;
  waitMs: number;
  /** Settled by the verb that takes the call out of the queue. */
  leaveQueue: ((how: 'connected' | 'timeout' | 'over') => void) | undefined;
  heldSince: number | null;
  muted: boolean;
  recordingId: RecordingId | null;
  recording: boolean;
  music: Playback | undefined;
  /** Outbound, before the answer: what the agent hears of the customer's telephone, from us or from the carrier. */
  ringback: Playback | undefined;
  early: Endpoint | undefined;
  reattachTimer: Timer | undefined;
  quality: MediaQuality | null;
}

/** What the verbs share. */
export interface Centre {
  readonly parts: CallParts;
  /** `parts.media` makes endpoints that outlive their server; this makes them plain. For reanchor.ts alone. */
  readonly bareMedia: MediaServer;
  readonly acd: AcdRunner;
  readonly calls: Map<CallId, CallState>;
  /** The desk of this person shows something new. */
  deskChanged(personId: PersonId | undefined): void;
  /** The agent's audio stopped or the leg was lost: see reattach.ts. */
  agentWentAway(call: CallState): void;
}

export function newCall(
  fields: Pick<CallState, 'id' | 'direction' | 'startedAt' | 'companyNumber' | 'trunk' | 'alias' | 'log' | 'phase'>,
): CallState {
  return {
    ...fields,
    over: new AbortController(),
    customerLeg: undefined,
    customer: undefined,
    agent: undefined,
    alerting: undefined,
    reason: undefined,
    queue: null,
    queuedAt: 0,
    queuePriority: 0,
    waitMs: 0,
    leaveQueue: undefined,
    heldSince: null,
    muted: false,
    recordingId: null,
    recording: false,
    music: undefined,
    ringback: undefined,
    early: undefined,
    reattachTimer: undefined,
    quality: null,
  };
}

export function isOver(call: CallState): boolean {
  return call.phase === 'ended';
}

/** Who sees this call on the desk now. */
export function personOf(call: CallState): PersonId | undefined {
  return call.agent?.personId ?? call.alerting?.personId;
}

/** The call that a person is being offered or is in. */
export function callOfPerson(centre: Pick<Centre, 'calls'>, personId: PersonId): CallState | undefined {
  for (const call of centre.calls.values()) {
    if (call.phase !== 'ended' && (call.agent?.personId === personId || call.alerting?.personId === personId))
      return call;
  }
  return undefined;
}

/** An agent who has just answered: nothing held, nobody away. */
export function answeredAgent(
  who: Pick<AgentParty, 'leg' | 'endpoint' | 'personId' | 'place'>,
  answeredAt: number,
): AgentParty {
  return { ...who, answeredAt, holdMs: 0, detachedAt: null, attaching: undefined };
}
