// What the API may ask of calls and desks. The maker is call/call-centre.ts. Every command is checked against who asks:
// an agent commands the own call, a supervisor or integrator any.

import type { Alias } from '../privacy/vault.ts';
import type { QueueView } from '../routing/acd/acd.ts';
import type { AgentView } from '../routing/agent.ts';
import type { Unsubscribe } from '../shared/emitter.ts';
import type {
  Consulted,
  Device,
  MediaQuality,
  MonitorMode,
  PiiClass,
  Place,
  WithheldReason,
} from '../shared/events.ts';
import type { CallId, PersonId } from '../shared/ids.ts';
import type { Refusal } from './outbound/refusals.ts';
import type { PauseCause } from './talk/recording-pause.ts';
import type { VerificationShown } from './verify/verify-in-call.ts';

export type CommandOutcome =
  | { kind: 'ok' }
  /** No such call, or it is over. */
  | { kind: 'not-found' }
  /** Not now: the sentence says why (already on hold, no softphone registered …). */
  | { kind: 'conflict'; because: Refusal }
  | { kind: 'forbidden'; because: Refusal };

export interface DeskCallState {
  id: CallId;
  direction: 'inbound' | 'outbound';
  state: 'alerting' | 'dialling' | 'connected' | 'held' | 'detached';
  alias: Alias | null;
  companyNumber: string;
  queue: string | null;
  reason: { id: string; label: { ja: string; en: string }; piiClass: PiiClass } | null;
  muted: boolean;
  recording: boolean;
  /** What is said now is not in the recording, and why. */
  recordingPaused?: readonly PauseCause[];
  startedAt: number;
  answeredAt: number | null;
  heldSince: number | null;
  waitMs: number;
  quality: MediaQuality | null;
  /** What the customer is being asked for, or was last, and what came of it. */
  verification: VerificationShown | null;
  /** Why there is no alias. */
  withheld?: WithheldReason;
  /** Where the agent has the call; null while it is offered or dialled. */
  device: Device | null;
  /** The call is on its way to this device. */
  movingTo: Device | null;
  /** `consulted`: this desk is asked about the call, and does not have it. */
  role: 'agent' | 'consulted';
  consultation: DeskConsultation | null;
  /** Supervisors whom the agent may know of: those who whisper or have barged in. */
  supervisors: { personId: PersonId; mode: MonitorMode }[];
  /** Which step of a call that is split this is. */
  step: 'whole' | 'identify' | 'handed-over';
  /** What came before, oldest first. */
  steps: DeskStep[];
  /** Factors by which the customer's identity is verified. */
  verified: readonly string[];
}

export interface DeskConsultation {
  with: Consulted;
  by: PersonId;
  startedAt: number;
  /** `waiting`: in a queue. */
  state: 'waiting' | 'ringing' | 'answered';
  /** Whom the agent talks with. */
  talkingWith: 'customer' | 'consulted' | 'both';
  /** Who has answered, or is rung; null for a place outside. */
  personId: PersonId | null;
}

/** Aliases, ids and names alone: whoever sees this may see it. */
export interface DeskStep {
  kind: 'handed-over' | 'pii-came-up';
  at: number;
  by: PersonId;
  place: Place;
  reason: string | null;
  queue: string;
  verified: readonly string[];
  facts: Readonly<Record<string, string>>;
}

/** A call at a park slot. */
export interface ParkedView {
  callId: CallId;
  slot: string;
  since: number;
  by: PersonId;
  alias: Alias | null;
  reason: string | null;
  queue: string | null;
}

/** A supervisor with an agent. */
export interface MonitorView {
  callId: CallId;
  personId: PersonId;
  agentId: PersonId | null;
  mode: MonitorMode;
  since: number;
  /** False while the supervisor's softphone is rung. */
  connected: boolean;
}

/** A place outside by the company's name for it, or a number that a supervisor dials. */
export type OutsideTarget = { outside: string } | { number: string };
export type ConsultTarget = { personId: PersonId } | { queue: string } | OutsideTarget;

export interface HandOver {
  reason: string;
  queue: string;
  /** Factors that the agent has verified by asking; those of the call itself count besides. */
  verified?: readonly string[];
  /** Choices from the company's list. */
  facts?: Readonly<Record<string, string>>;
}

/** Transfers, supervision and steps: docs/transfers-and-supervision.md. Each is asked of the node that has the call. */
export interface TalkCommands {
  /** Blind, to a colleague who is available. */
  transferToPerson(callId: CallId, personId: PersonId): Promise<CommandOutcome>;
  /** Blind. */
  transferOutside(callId: CallId, target: OutsideTarget): Promise<CommandOutcome>;
  /** The customer is on hold while the agent asks somebody. */
  consult(callId: CallId, target: ConsultTarget): Promise<CommandOutcome>;
  /** From the one to the other. */
  swap(callId: CallId): Promise<CommandOutcome>;
  /** All three in one conversation. */
  conference(callId: CallId): Promise<CommandOutcome>;
  /** Attended transfer: whoever was asked has the customer now. */
  completeTransfer(callId: CallId): Promise<CommandOutcome>;
  /** Whoever was asked goes, the customer is taken back. */
  endConsultation(callId: CallId): Promise<CommandOutcome>;
  /** This person leaves the call as by hanging up; the others go on if they can. */
  leave(callId: CallId, personId: PersonId): Promise<CommandOutcome>;
  park(callId: CallId): Promise<CommandOutcome>;
  /** Rings the desk of who takes it, to answer by itself. */
  retrieve(callId: CallId, personId: PersonId): Promise<CommandOutcome>;
  /** The supervisor's softphone is rung, to answer by itself; or the mode is changed. */
  monitor(callId: CallId, personId: PersonId, mode: MonitorMode): Promise<CommandOutcome>;
  endMonitor(callId: CallId, personId: PersonId): Promise<CommandOutcome>;
  /** From the centre to somebody without personal information. `personId`: who does it; null: a program. */
  handOver(callId: CallId, personId: PersonId | null, wanted: HandOver): Promise<CommandOutcome>;
  /** By hand; what pauses by itself is not resumed by this. */
  pauseRecording(callId: CallId, paused: boolean): Promise<CommandOutcome>;
  /** Away from this desk at once, to the centre. */
  piiCameUp(callId: CallId): Promise<CommandOutcome>;
}

export interface DeskState {
  revision: number;
  agent: AgentView;
  softphoneRegistered: boolean;
  /** Where this person takes calls today. */
  device: Device;
  call: DeskCallState | null;
}

export type DialTarget = { alias: string } | { number: string };

export interface DialWishes {
  /** One of the company; the first unless told. */
  presentedNumber?: string;
  /** What the call is about, for the rules of who may make it. Unless told: why this customer called last. */
  reason?: string;
}

export interface CallCentre extends TalkCommands {
  /** The person has signed in at a desk: becomes not-ready. Idempotent. */
  signIn(personId: PersonId): Promise<void>;
  /** Signed out: offline, after a running call. */
  signOut(personId: PersonId): Promise<void>;
  /** Undefined until `signIn`. */
  desk(personId: PersonId): DeskState | undefined;
  /** Told after every change of that desk. */
  onDesk(listener: (personId: PersonId, desk: DeskState) => void): Unsubscribe;
  setState(personId: PersonId, state: 'available' | 'not-ready' | 'offline', because?: string): Promise<CommandOutcome>;
  agents(): AgentView[];
  queues(): QueueView[];

  dial(
    personId: PersonId,
    to: DialTarget,
    how?: DialWishes,
  ): Promise<{ kind: 'ok'; callId: CallId } | Exclude<CommandOutcome, { kind: 'ok' }>>;
  hold(callId: CallId): Promise<CommandOutcome>;
  resume(callId: CallId): Promise<CommandOutcome>;
  /** `personId`: whose microphone; the agent's unless told. */
  setMuted(callId: CallId, muted: boolean, personId?: PersonId): Promise<CommandOutcome>;
  sendDigits(callId: CallId, digits: string): Promise<CommandOutcome>;
  /** `by` is who asks: the agent unless told. */
  hangUp(callId: CallId, by?: 'agent' | 'supervisor' | 'integrator'): Promise<CommandOutcome>;
  /** The alerted agent declines: back to the queue, agent not-ready. */
  reject(callId: CallId, personId?: PersonId): Promise<CommandOutcome>;
  transferToQueue(callId: CallId, queue: string): Promise<CommandOutcome>;
  setReason(callId: CallId, reason: string): Promise<CommandOutcome>;
  /** Has the customer key the digits of this factor, in secret. Answers at once; the desk shows how it goes on. */
  verify(callId: CallId, asked: { factor: string; language?: 'ja' | 'en' }): Promise<CommandOutcome>;
  cancelVerification(callId: CallId): Promise<CommandOutcome>;
  /** The desk came back (reload, dropped WebSocket): rings it again to answer by itself, and joins it to its call. */
  attach(callId: CallId, personId?: PersonId): Promise<CommandOutcome>;
  /** Nobody is called back for this promise any more; `callId` is the call in which it was made. */
  cancelCallback(callId: CallId, personId: PersonId | null): Promise<'ok' | 'not-found'>;
  /** The agent's call goes on at the other device, once that has answered; at the one it is on: gives that up. */
  move(callId: CallId, to: Device): Promise<CommandOutcome>;
  /** Whose call it is now; undefined when nobody's or over. */
  agentOf(callId: CallId): PersonId | undefined;
  activeCalls(): number;
  /** This person's part in the call; undefined: none. */
  partOf(callId: CallId, personId: PersonId): 'agent' | 'consulted' | 'monitor' | undefined;
  /** Of all nodes. */
  parked(): ParkedView[];
  monitors(): MonitorView[];
}
