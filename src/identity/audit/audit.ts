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
  /** Why, in the words of whoever did it. */
  purpose?: string;
  /** `refused`: it was tried, and not allowed. */
  outcome: 'done' | 'refused';
  /** More that an auditor should see. Never a customer's number, what was said or keyed, nor a secret. */
  details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Person, program or, with neither, Engawa itself; `origin` is absent for what has none. */
export interface AuditActor {
  personId?: PersonId;
  keyId?: ApiKeyId;
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
  'person-invited',
  'person-changed',
  'second-factor-added',
  'second-factor-removed',
  'api-key-made',
  'api-key-revoked',
  'device-enrolled',
  'device-changed',
  'device-revoked',
  'device-refused',
  'pledge-signed',
  'environment-checked',
  'recording-played',
  'recording-fetched',
  'recording-exported',
  'recording-held',
  'recording-released',
  'recording-shredded',
  'customer-viewed',
  'number-revealed',
  'policy-changed',
  'flow-published',
  'operation-changed',
  'agent-state-forced',
  'keys-rotated',
  'audit-searched',
  'audit-exported',
  'api-called',
] as const;
