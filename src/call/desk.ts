// What the API may ask of calls and desks. The maker is call/call-centre.ts. Every command is checked against who asks:
// an agent commands the own call, a supervisor or integrator any.

import type { Alias } from '../privacy/vault.ts';
import type { QueueView } from '../routing/acd/acd.ts';
import type { AgentView } from '../routing/agent.ts';
import type { Unsubscribe } from '../shared/emitter.ts';
import type { MediaQuality, PiiClass } from '../shared/events.ts';
import type { CallId, PersonId } from '../shared/ids.ts';
import type { Refusal } from './outbound/refusals.ts';

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
  startedAt: number;
  answeredAt: number | null;
  heldSince: number | null;
  waitMs: number;
  quality: MediaQuality | null;
}

export interface DeskState {
  revision: number;
  agent: AgentView;
  softphoneRegistered: boolean;
  call: DeskCallState | null;
}

export type DialTarget = { alias: string } | { number: string };

export interface CallCentre {
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
    presentedNumber?: string,
  ): Promise<{ kind: 'ok'; callId: CallId } | Exclude<CommandOutcome, { kind: 'ok' }>>;
  hold(callId: CallId): Promise<CommandOutcome>;
  resume(callId: CallId): Promise<CommandOutcome>;
  setMuted(callId: CallId, muted: boolean): Promise<CommandOutcome>;
  sendDigits(callId: CallId, digits: string): Promise<CommandOutcome>;
  /** `by` is who asks: the agent unless told. */
  hangUp(callId: CallId, by?: 'agent' | 'supervisor' | 'integrator'): Promise<CommandOutcome>;
  /** The alerted agent declines: back to the queue, agent not-ready. */
  reject(callId: CallId): Promise<CommandOutcome>;
  transferToQueue(callId: CallId, queue: string): Promise<CommandOutcome>;
  setReason(callId: CallId, reason: string): Promise<CommandOutcome>;
  /** The desk came back (reload, dropped WebSocket): rings it again to answer by itself, and joins it to its call. */
  attach(callId: CallId): Promise<CommandOutcome>;
  /** Whose call it is now; undefined when nobody's or over. */
  agentOf(callId: CallId): PersonId | undefined;
  activeCalls(): number;
}
