// One call as data, from the first INVITE to the call record. The verbs beside this file act on it; each verb checks
// `isOver` after every await, because the caller may have hung up meanwhile.
//
//   flow      the customer is with the IVR                      customer set, nobody else
//   queued    waiting for an agent, or being offered to some     customer set, `rung` maybe
//   directed  one person is rung for it, outside the queues      customer set, `alerting` set
//   parked    waits at a park slot until somebody takes it       customer and `parked` set
//   dialling  outbound: the desk, then the customer is called    agent maybe, customer maybe
//   talking   customer and agent are joined (or held, detached)  customer set, and agent or `outside`
//   ended     final; set by endCall alone

import type { Endpoint, Playback } from '../media/endpoint.ts';
import type { MediaServer } from '../media/media-server.ts';
import type { Alias } from '../privacy/vault.ts';
import type { OverflowReason } from '../routing/acd/admission.ts';
import type { Reason } from '../routing/flow/flow.ts';
import type { CallFacts } from '../routing/policy/policy.ts';
import type { Leg } from '../sbc/leg.ts';
import type { Timer } from '../shared/clock.ts';
import type {
  Consulted,
  Device,
  MediaQuality,
  MonitorMode,
  PiiClass,
  Place,
  WithheldReason,
} from '../shared/events.ts';
import type { CallId, PersonId, RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { CallbackKeeper } from './callback/callbacks.ts';
import type { DeskStep, ParkedView } from './desk.ts';
import type { Termination } from './ending/termination.ts';
import type { CallParts } from './parts.ts';
import type { AcdRunner } from './queue/acd-runner.ts';
import type { QueueWishes } from './queue/queueing.ts';
import type { ArrangedAudio } from './talk/arrange-audio.ts';
import type { RecordingPause } from './talk/recording-pause.ts';
import type { ParkSlots } from './transfer/park-slots.ts';
import type { CallVerification } from './verify/verify-in-call.ts';

export type CallPhase = 'flow' | 'queued' | 'directed' | 'parked' | 'dialling' | 'talking' | 'ended';

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
  /** What this part of the call is called towards the ACD, for which an agent and a colleague have a call each. */
  asCall: CallId;
  /** Gives up waiting for a desk that is away. */
  awayTimer: Timer | undefined;
  muted: boolean;
}

export interface Alerting {
  personId: PersonId;
  since: number;
  leg: Leg | undefined;
  withdrawn: AbortController;
}

/**
 * Somebody whom the agent asks, apart from the customer or together (three-way). Who hears whom follows from who is on hold:
 * the customer (CallState.heldSince), the consulted one (heldSince here), or neither (talk/audio-plan.ts).
 */
export interface Consultation {
  /** Its name towards the ACD. */
  readonly asCall: CallId;
  readonly with: Consulted;
  readonly by: PersonId;
  readonly startedAt: number;
  /** Aborted when it is over, however that came. */
  readonly over: AbortController;
  state: 'waiting' | 'ringing' | 'answered';
  alerting: Alerting | undefined;
  /** One of these once answered. */
  colleague: AgentParty | undefined;
  outside: Party | undefined;
  heldSince: number | null;
  /** The colleague has spoken with the customer: a segment of the record. */
  metCustomer: boolean;
}

/** A supervisor with the agent of a call. */
export interface Monitor {
  /** Its name towards the ACD. */
  readonly asCall: CallId;
  readonly personId: PersonId;
  readonly since: number;
  readonly over: AbortController;
  mode: MonitorMode;
  /** Undefined while the softphone is rung. */
  party: Party | undefined;
}

export interface Parked {
  slot: string;
  since: number;
  by: PersonId;
  timer: Timer;
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
  /** Who is rung outside the queues: for an outbound call, directly, to fetch a parked one. */
  alerting: Alerting | undefined;
  /** Whom a queue has this offered to; several with ring-all. Set by queue/offer.ts alone. */
  rung: Map<PersonId, Alerting>;
  reason: Reason | undefined;
  queue: string | null;
  queuedAt: number;
  queuePriority: number;
  waitMs: number;
  /** Settled by the verb that takes the call out of the queue. */
  leaveQueue: ((how: 'connected' | 'over' | OverflowReason) => void) | undefined;
  /** This calls somebody back who had kept a place in a queue, in that call. */
  callbackOf: CallId | undefined;
  /** What the flow asks of the queue that the call is in. */
  wishes: QueueWishes | undefined;
  /** Since when the customer is on hold. */
  heldSince: number | null;
  recordingId: RecordingId | null;
  recording: boolean;
  /** When its time line began. */
  recordingSince: number;
  music: Playback | undefined;
  /** Outbound, before the answer: what the agent hears of the customer's telephone, from us or from the carrier. */
  ringback: Playback | undefined;
  early: Endpoint | undefined;
  quality: MediaQuality | null;
  /** Why the customer has no alias, as far as the carrier tells. */
  withheld?: WithheldReason;
  /** The agent's other device is being called, to go on there. */
  moving?: { readonly to: Device; readonly givenUp: AbortController } | undefined;
  consultation: Consultation | undefined;
  /** The customer is with a place outside, and no agent of ours. */
  outside: Party | undefined;
  monitors: Monitor[];
  parked: Parked | undefined;
  /** For the policy: which step of a call that is split this is. */
  step: NonNullable<CallFacts['step']>;
  steps: DeskStep[];
  /** Factors by which the customer's identity is verified in this call. */
  verified: readonly string[];
  /** Since the first time that the customer was asked to prove it. */
  verification?: CallVerification;
  /** The queue before the call was handed over. */
  cameFrom: string | null;
  /** What the customer is spoken to in. */
  language: 'ja' | 'en';
  /** Personal information came up after all: counts instead of the reason's class. 'unknown' is the strictest. */
  raisedClass: PiiClass | 'unknown' | undefined;
  /** People who may not have this call again. */
  notFor: Set<PersonId>;
  /** Of the recording: talk/recording-pause.ts alone. */
  pause: RecordingPause;
  /** Who hears whom now: talk/arrange-audio.ts alone. */
  audio: ArrangedAudio | undefined;
}

/** What the verbs share. */
export interface Centre {
  readonly parts: CallParts;
  /** `parts.media` makes endpoints that outlive their server; this makes them plain. For reanchor.ts alone. */
  readonly bareMedia: MediaServer;
  readonly acd: AcdRunner;
  readonly calls: Map<CallId, CallState>;
  readonly callbacks: CallbackKeeper;
  /** The desk of this person shows something new. */
  deskChanged(personId: PersonId | undefined): void;
  /** What other nodes know of this call has changed. */
  callChanged(call: CallState): void;
  readonly parkSlots: ParkSlots;
  /** Of all nodes. */
  parkedCalls(): ParkedView[];
  /** The audio of this person, the agent or a colleague who is asked, stopped or the leg was lost: anchor/reattach.ts. */
  agentWentAway(call: CallState, personId: PersonId): void;
  /** This person hung up, or went away and did not come back: transfer/party-leaves.ts. */
  agentHungUp(call: CallState, personId: PersonId): void;
  agentGaveUp(call: CallState, personId: PersonId): void;
  /** A place outside hung up or fell silent. */
  outsideGone(call: CallState, why: Termination): void;
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
    rung: new Map(),
    reason: undefined,
    queue: null,
    queuedAt: 0,
    queuePriority: 0,
    waitMs: 0,
    leaveQueue: undefined,
    wishes: undefined,
    callbackOf: undefined,
    heldSince: null,
    recordingId: null,
    recording: false,
    recordingSince: 0,
    music: undefined,
    ringback: undefined,
    early: undefined,
    quality: null,
    consultation: undefined,
    outside: undefined,
    monitors: [],
    parked: undefined,
    step: 'whole',
    steps: [],
    verified: [],
    cameFrom: null,
    language: 'ja',
    raisedClass: undefined,
    notFor: new Set(),
    pause: { causes: [], byHand: false, keying: false },
    audio: undefined,
  };
}

export function isOver(call: CallState): boolean {
  return call.phase === 'ended';
}

/** The class of personal information that this call is about now; undefined: not known, which is the strictest. */
export function classOf(call: Pick<CallState, 'raisedClass' | 'reason'>): PiiClass | undefined {
  if (call.raisedClass !== undefined) return call.raisedClass === 'unknown' ? undefined : call.raisedClass;
  return call.reason?.piiClass;
}

/** Who sees this call on the desk now: the agent, or the first who is rung for it. */
export function personOf(call: CallState): PersonId | undefined {
  const [rung] = call.rung.keys();
  return call.agent?.personId ?? call.alerting?.personId ?? rung;
}

/** Every desk that rings to take this call. */
export function ringingOf({ alerting, rung }: Pick<CallState, 'alerting' | 'rung'>): Alerting[] {
  return alerting ? [alerting, ...rung.values()] : [...rung.values()];
}

/** No desk rings to take this call any more. */
export function stopRinging(call: CallState): void {
  for (const { withdrawn } of ringingOf(call)) withdrawn.abort();
}

/** A colleague who is asked, or is being rung for that. */
export function consultedPersonOf(call: CallState): PersonId | undefined {
  return call.consultation?.colleague?.personId ?? call.consultation?.alerting?.personId;
}

/** Everybody on whose desk this call is. */
export function peopleOf(call: CallState): PersonId[] {
  const rung = ringingOf(call).map(({ personId }) => personId);
  return [call.agent?.personId, ...rung, consultedPersonOf(call)].filter((id) => id !== undefined);
}

/** This person's part in the call: the agent's, or that of a colleague who is asked. */
export function agentPartyOf(call: CallState, personId: PersonId): AgentParty | undefined {
  return [call.agent, call.consultation?.colleague].find((party) => party?.personId === personId);
}

/** The call that a person is being offered, is in, or is asked about. */
export function callOfPerson(centre: Pick<Centre, 'calls'>, personId: PersonId): CallState | undefined {
  for (const call of centre.calls.values())
    if (call.phase !== 'ended' && peopleOf(call).includes(personId)) return call;
  return undefined;
}

export function partOf(call: CallState, personId: PersonId): 'agent' | 'consulted' | 'monitor' | undefined {
  if (personOf(call) === personId || call.rung.has(personId)) return 'agent';
  if (consultedPersonOf(call) === personId) return 'consulted';
  return call.monitors.some((one) => one.personId === personId) ? 'monitor' : undefined;
}

/** The call that the ACD knows by this name: its own, or that of a consultation or a supervisor in it. */
export function callOfAcd(calls: ReadonlyMap<CallId, CallState>, name: CallId): CallState | undefined {
  const own = calls.get(name);
  if (own) return own;
  for (const call of calls.values()) {
    const names = [call.agent?.asCall, call.consultation?.asCall, ...call.monitors.map(({ asCall }) => asCall)];
    if (call.phase !== 'ended' && names.includes(name)) return call;
  }
  return undefined;
}

/** An agent who has just answered: nothing held, nobody away. */
export function answeredAgent(
  who: Pick<AgentParty, 'leg' | 'endpoint' | 'personId' | 'place' | 'asCall'>,
  answeredAt: number,
): AgentParty {
  return { ...who, answeredAt, holdMs: 0, detachedAt: null, attaching: undefined, awayTimer: undefined, muted: false };
}
