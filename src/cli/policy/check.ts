// `engawa policy check`: mistakes in the rules.

import { count, sentenceOf, shortened, shorter } from '../flow/flow-request.ts';
import { type PolicyRequest, readRules } from './policy-request.ts';

export async function checkPolicy(request: PolicyRequest): Promise<number> {
  const file = request.rest[0] ?? request.policyFile;
  const { policy, problems } = await readRules(request, file);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (request.values.json) {
    console.log(
      JSON.stringify({ file: file ? shorter(file) : null, errors, problems: problems.map(shortened) }, null, 2),
    );
    return errors > 0 ? 1 : 0;
  }
  for (const problem of problems) console.log(sentenceOf(shortened(problem)));
  if (policy) console.log(`${count(policy.rules.rules.length, 'rule')}, version ${policy.source.version}.`);
  console.log(`${file ? shorter(file) : 'no file of rules'}: ${count(errors, 'error')}.`);
  return errors > 0 ? 1 : 0;
}
