// Who may hear which recording: rules by role, queue and reason, each of which allows. What no rule allows, nobody hears; what is
// not known of a recording (its queue, its reason) matches no rule that asks for it. Pure.
// Does not look at scopes of people, nor whether somebody has proven to be there: whoever asks does.

import { type Static, Type } from 'typebox';
import { section } from '../../shared/yaml/yaml-schema.ts';

export const HearRuleSchema = section('Whoever it fits may hear what it fits; one rule that fits is enough.', {
  // An integrator is a program, and an auditor looks at who did what, not at what was said: both hear nothing.
  roles: Type.Array(Type.Union([Type.Literal('agent'), Type.Literal('supervisor'), Type.Literal('administrator')]), {
    minItems: 1,
    description: 'agent, supervisor or administrator.',
  }),
  queues: Type.Optional(Type.Array(Type.String(), { description: 'Calls of these queues only.' })),
  reasons: Type.Optional(Type.Array(Type.String(), { description: 'Calls about this only.' })),
  of: Type.Optional(
    Type.Union([Type.Literal('everybody'), Type.Literal('themselves')], {
      description: 'themselves: only calls that the person has taken part in.',
    }),
  ),
  kinds: Type.Optional(
    Type.Array(Type.Union([Type.Literal('call'), Type.Literal('message')]), {
      description: 'call: conversations; message: what callers left in a mailbox. Both unless told.',
    }),
  ),
});
export type HearRule = Static<typeof HearRuleSchema>;

/** What the rules know of a recording. */
export interface HearAbout {
  kind: 'call' | 'message';
  queue: string | null;
  reason: string | null;
  /** Who talked in it. */
  personIds: readonly string[];
}

export function mayHear(
  rules: readonly HearRule[],
  person: { id: string; role: string; disabled?: boolean },
  about: HearAbout,
): boolean {
  if (person.disabled) return false;
  const within = (asked: readonly string[] | undefined, known: string | null) =>
    asked === undefined || (known !== null && asked.includes(known));
  return rules.some(
    (rule) =>
      (rule.roles as readonly string[]).includes(person.role) &&
      within(rule.queues, about.queue) &&
      within(rule.reasons, about.reason) &&
      within(rule.kinds, about.kind) &&
      (rule.of !== 'themselves' || about.personIds.includes(person.id)),
  );
}

/** Whether somebody of this role can hear anything at all. */
export function canHearSomething(rules: readonly HearRule[], role: string): boolean {
  return rules.some((rule) => (rule.roles as readonly string[]).includes(role));
}
