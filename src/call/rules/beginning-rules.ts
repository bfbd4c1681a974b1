// What the queues begin with, before anything has been decided: the rules of this program's own file, and the usual mode.

import type { AcdNeeds } from '../../routing/acd/distributor.ts';
import { compilePolicy } from '../../routing/policy/compile-policy.ts';
import type { CallParts } from '../parts.ts';

export function beginningRules({
  rules,
}: Pick<CallParts, 'rules'>): Pick<AcdNeeds, 'policy' | 'operation' | 'compilePolicy'> {
  if (!rules) return {};
  return { policy: rules.policy.source, operation: rules.operation().operation, compilePolicy };
}
