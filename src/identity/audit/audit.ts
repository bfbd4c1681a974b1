// Who did, when, from which device and place, to what, and why. What the program does by itself is in the event log; this is
// about what people and programs with a key did, and looked at. Append-only and chained, so that a change shows.

import type { Place } from '../../shared/events.ts';
import type { ApiKeyId, DeviceId, PersonId, SessionId } from '../../shared/ids.ts';

export interface Audit {
  /**
   * Resolves once the entry cannot be lost. Rejects when it can't be kept: what must not happen unseen (a recording played, a
   * number shown) waits for this and does not happen then.
   */
  write(entry: AuditEntry): Promise<void>;
}

export interface AuditEntry {
  /** What was done, in the past tense: `recording-played`. A kind once given keeps its meaning. */
  act: AuditAct;
  by: AuditActor;
  /** What it was done to. */
  target?: AuditTarget;
  /** Whose data this is besides, so that they can see it. Of a recording or a call this is found out here. */
  about?: readonly PersonId[];
  /** Why, in the words of whoever did it. */
  purpose?: string;
  /** `refused`: it was tried, and not allowed. */
  outcome: 'done' | 'refused';
  /** More that an auditor should see. Never a customer's number, what was said or keyed, nor a secret. */
  details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Person, program with a key, command or, with none, Engawa itself; `origin` is absent for what has none. */
export interface AuditActor {
  personId?: PersonId;
  keyId?: ApiKeyId;
  /** A command on the machine, such as `user add`; who ran it is in `details.systemUser`. */
  command?: string;
  /** What was typed as a login by nobody we know is never kept. */
  origin?: { address: string; sessionId?: SessionId; deviceId?: DeviceId; place?: Place; userAgent?: string };
}

export interface AuditTarget {
  kind:
    | 'person'
    | 'session'
    | 'device'
    | 'api-key'
    | 'recording'
    | 'voicemail'
    | 'call'
    | 'alias'
    | 'policy'
    | 'flow'
    | 'queue'
    | 'call-list'
    | 'key'
    | 'settings'
    | 'calendar'
    | 'code'
    | 'callback'
    | 'telephone'
    | 'node'
    | 'media-server'
    | 'audit'
    | 'route';
  id: string;
}

/** Grows with the program; each part adds its own acts here. */
export type AuditAct = (typeof auditActs)[number];

export const auditActs = [
  'signed-in',
  'sign-in-refused',
  'signed-out',
  'stepped-up',
  'step-up-refused',
  'session-ended',
  'desk-taken-over',
  'person-invited',
  'invitation-revoked',
  'invitation-accepted',
  'person-changed',
  'second-factor-added',
  'second-factor-removed',
  'api-key-made',
  'api-key-revoked',
  'device-code-made',
  'device-enrolled',
  'device-changed',
  'device-revoked',
  'device-refused',
  'pledge-signed',
  'environment-checked',
  'environment-report-sent',
  'recording-played',
  'listening-key-added',
  'listening-key-approved',
  'listening-key-ended',
  'recording-fetched',
  'recording-exported',
  'recording-held',
  'recording-released',
  'recording-shredded',
  'recording-sealed',
  'recording-rotated',
  'customer-viewed',
  'number-revealed',
  'policy-changed',
  'flow-published',
  'operation-changed',
  'agent-state-forced',
  'keys-rotated',
  'audit-searched',
  'audit-exported',
  'audit-verified',
  'details-forgotten',
  'customer-erased',
  'person-added',
  'password-changed',
  'call-list-changed',
  'call-list-exported',
  'call-monitored',
  'call-commanded',
  'callback-cancelled',
  'voicemail-played',
  'telephone-changed',
  'code-made',
  'code-revoked',
  'calendar-changed',
  'node-drained',
  'media-server-changed',
  'command-run',
  'source-let-in',
  'action-taken',
  'access-refused',
  'api-called',
] as const;
