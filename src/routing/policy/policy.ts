// Who may take which call, where and when: the company's rules (config/policy.yaml) as a pure function of facts.
// What is not known counts against. A decision is made anew at every offer; indexes built on `standing` find candidates, they
// permit nobody. The maker is compile-policy.ts.

import type { PiiClass, Place } from '../../shared/events.ts';

export type Employment = 'regular' | 'temporary' | 'outsourced';

/** What is known of a person. A fact that is absent is unknown. */
export interface PersonFacts {
  clearance: PiiClass;
  /** Where the person works now: proven by network and device, not claimed. */
  place: Place;
  employment?: Employment;
  /** When the employment began, for years of service. */
  employedSince?: number;
  /** Trainings passed, and when. */
  trainings?: Readonly<Record<string, number>>;
  pledge?: { version: string; signedAt: number };
  device?: 'managed' | 'enrolled' | 'unknown' | 'revoked';
  /** `byTelephone`: calls go to the own telephone, so the connection of the browser does not matter. */
  connectionCheck?: { passed: boolean; at: number; byTelephone?: true };
  /** What the company's rules for devices and for working from home keep away now, whatever its other rules allow. */
  keptAway?: readonly KeptAway[];
}

/** Calls that somebody is not offered as things stand. */
export interface KeptAway {
  /** Which rule says so, with its file in front: `device:office-hours`, `home-work`. */
  rule: string;
  /** This class of personal information and all above; null: every call. */
  classAtLeast: PiiClass | null;
  /** What is lacking. */
  words: { ja: string; en: string };
}

/** What is proven of a person, in place of what is registered; a fact that is there and undefined is unknown. */
export type ProvenFacts = Pick<PersonFacts, 'device' | 'pledge' | 'connectionCheck' | 'keptAway'>;

/** What is known of a call. */
export interface CallFacts {
  direction: 'inbound' | 'outbound';
  /** Of config/reasons.yaml; absent when nobody has said why. */
  reason?: string;
  /** Absent when no reason is known: the strictest. */
  piiClass?: PiiClass;
  queue?: string;
  /** Factors by which the customer's identity is verified in this call. */
  verified?: readonly string[];
  /** Which step of a call that is split: the centre's, or the one without personal information. */
  step?: 'whole' | 'identify' | 'handed-over';
}

/** Where the company works from. A supervisor, a schedule or the API switches it. */
export type Operation = 'normal' | 'partly-home' | 'all-home';

/** `rule`: the name of the rule that decided; null when there are no rules to go by, which forbids. */
export type PolicyDecision =
  | { allowed: true; rule: string }
  | { allowed: false; rule: string | null; because: { code: string; ja: string; en: string } };

/** The rules as plain data: as read from the file, in a snapshot of the queues, and on the way between nodes. */
export interface PolicySource {
  /** SHA-256 of the rules below, first 12 hex digits. */
  version: string;
  /** PolicyRules of rules.ts. */
  rules: unknown;
}

export interface Policy {
  readonly source: PolicySource;
  decide(person: PersonFacts, call: CallFacts, operation: Operation, atMs: number): PolicyDecision;
  /**
   * Two people with equal keys are allowed and forbidden the same, by the same rule, for every call until the earlier `untilMs`
   * (null: for as long as facts and operation are these). There are few keys, however many people. A time at which a rule
   * begins or ceases to hold is an `untilMs` too: calls that wait may then go to somebody else.
   */
  standing(person: PersonFacts, operation: Operation, atMs: number): { key: string; untilMs: number | null };
  /** Two calls with equal keys get the same for every person (allowed, rule); the words name the reason. There are few keys. */
  needKey(call: CallFacts): string;
}
