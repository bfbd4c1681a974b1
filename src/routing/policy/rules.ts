// The rules of the company as plain data: what load-policy.ts reads from YAML and compile-policy.ts makes decisions of. This is
// `PolicySource.rules`: it goes into snapshots and between nodes, so it is JSON and nothing else.

import type { InformationClass } from '../../privacy/pii-class.ts';
import type { Employment, Operation, PersonFacts } from './policy.ts';

export interface Words {
  ja: string;
  en: string;
}

export interface PolicyRules {
  /** From least to most. What is not among them counts as the last. */
  classes: readonly InformationClass[];
  /** Labels of reasons, for sentences. */
  reasons: Readonly<Record<string, Words>>;
  timeZone: string;
  handedOver: HandedOver | null;
  /** Every rule that is about a call must be fulfilled: a rule more can only forbid more. */
  rules: readonly Rule[];
  operation: OperationPlan;
  calendars: Readonly<Record<string, CalendarData>>;
}

/** What a call still touches once the centre has handed it over. */
export interface HandedOver {
  /** One of these factors must have been verified; empty: any. */
  verified: readonly string[];
  /** The class that remains, by the class of the reason. */
  classes: Readonly<Record<string, string>>;
}

export interface Rule {
  name: string;
  /** What the rule says, for its sentences; null: made from the class of the call. */
  says: Words | null;
  calls: CallCondition;
  /** Null: in every mode. */
  operations: readonly Operation[] | null;
  /** While this calendar is open, or closed. Null: always. */
  hours: { calendar: string; open: boolean } | null;
  /** One of these must be fulfilled in full. */
  oneOf: readonly Need[];
}

/** Which calls a rule is about: all that is written must fit. What is not known of a call fits. */
export interface CallCondition {
  classes?: readonly string[];
  classAtLeast?: string;
  reasons?: readonly string[];
  queues?: readonly string[];
  directions?: readonly ('inbound' | 'outbound')[];
  steps?: readonly ('whole' | 'identify' | 'handed-over')[];
  /** True: one factor or more is verified. A list: one of these is. */
  verified?: boolean | readonly string[];
}

/** What a person needs: all that is written. What is not known of a person is lacking. */
export interface Need {
  places?: readonly ('centre' | 'home')[];
  employment?: readonly Employment[];
  yearsOfService?: number;
  trainings?: readonly { training: string; withinDays?: number }[];
  pledge?: { version?: string; withinDays?: number };
  devices?: readonly NonNullable<PersonFacts['device']>[];
  connectionCheck?: { withinHours?: number };
  clearance?: string;
}

export interface OperationPlan {
  usual: Operation;
  /** The first that holds at a time says the mode. Times are epoch milliseconds. */
  schedule: readonly {
    operation: Operation;
    from?: number;
    to?: number;
    hours?: { calendar: string; open: boolean };
  }[];
}

/** A calendar (hours.ts) as JSON. */
export interface CalendarData {
  timeZone: string;
  weekly: Readonly<Record<string, readonly { from: number; to: number }[]>>;
  closedDates: readonly string[];
  otherHours: readonly (readonly [string, readonly { from: number; to: number }[]])[];
  closedOnNationalHolidays: boolean;
}
