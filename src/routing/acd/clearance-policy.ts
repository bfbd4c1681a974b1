// The policy where no rules are given: a class within the own clearance, wherever and whenever. An unknown class counts as the
// strictest. compile-policy.ts makes the company's.

import { mayHandle } from '../../privacy/pii-class.ts';
import type { PiiClass } from '../../shared/events.ts';
import type { Policy, PolicySource } from '../policy/policy.ts';

const strictness: readonly (PiiClass | undefined)[] = ['none', 'personal', 'sensitive'];

export const clearanceOnly: PolicySource = { version: 'clearance', rules: null };

/** What is no known class needs the highest clearance, what is no known clearance allows nothing beyond the lowest. */
export function clearancePolicy(source: PolicySource): Policy {
  const needed = (piiClass: PiiClass | undefined) => (strictness.includes(piiClass) ? piiClass : undefined);
  const has = (clearance: PiiClass) => (strictness.includes(clearance) ? clearance : 'none');
  return {
    source,
    decide({ clearance }, call) {
      if (mayHandle(has(clearance), needed(call.piiClass))) return { allowed: true, rule: 'clearance' };
      const asked = call.piiClass ? `the call is of class ${call.piiClass}` : 'the reason for the call is unknown';
      const because = {
        code: 'clearance',
        ja: `割り当て不可：この通話の区分は${call.piiClass ?? '不明'}、取り扱える区分は${clearance}です`,
        en: `${asked}, the agent is cleared for ${clearance}`,
      };
      return { allowed: false, rule: 'clearance', because };
    },
    standing: ({ clearance }) => ({ key: has(clearance), untilMs: null }),
    needKey: ({ piiClass }) => needed(piiClass) ?? 'unknown',
  };
}
