// `engawa policy explain`: whether a person may take such a call, which rule decided, and what every rule made of it. The facts
// of the person are those of the database; the place of today is told, since only a running program knows the network.

import type { RuleTried } from '../../routing/policy/compile-policy.ts';
import type { CallFacts } from '../../routing/policy/policy.ts';
import { withStore } from '../with-store.ts';
import { oneOf, type PolicyRequest, rulesOf } from './policy-request.ts';

export async function explainPolicy(request: PolicyRequest): Promise<number> {
  const { rest, values, config } = request;
  const [login] = rest;
  if (!login) throw new Error('Say about whom: engawa policy explain LOGIN.');
  if (!config) throw new Error('Say which installation: --config FILE.');
  const rules = await rulesOf(request);
  if (!rules) return 1;
  const person = await withStore(config, (store) => store.people.byLogin(login));
  if (!person) throw new Error(`There is nobody with the login "${login}".`);
  const { policy, around } = rules;
  const at = values.at === undefined ? Date.now() : Date.parse(values.at);
  if (Number.isNaN(at)) throw new Error(`--at must be a time such as 2026-09-10T18:00, not "${values.at}".`);
  const reason = values.reason === undefined ? undefined : around.reasons.get(values.reason);
  if (values.reason !== undefined && !reason) throw new Error(`There is no reason "${values.reason}".`);
  const piiClass = values.class ?? reason?.piiClass;
  const call: CallFacts = {
    direction: oneOf('direction', values.direction, ['inbound', 'outbound']) ?? 'inbound',
    step: oneOf('step', values.step, ['whole', 'identify', 'handed-over']) ?? 'whole',
    verified: values.verified?.split(',').filter(Boolean) ?? [],
    ...(values.reason !== undefined && { reason: values.reason }),
    ...(piiClass !== undefined && { piiClass }),
    ...(values.queue !== undefined && { queue: values.queue }),
  };
  const place = oneOf('place', values.place, ['centre', 'home', 'unknown']) ?? 'unknown';
  const operation = request.operation ?? policy.plannedOperation(at).operation;
  const facts = { ...person.facts, clearance: person.clearance, place };
  const decision = policy.decide(facts, call, operation, at);
  const tried = policy.explain(facts, call, operation, at);
  if (values.json)
    console.log(JSON.stringify({ person: { login, ...facts }, call, operation, decision, tried }, null, 2));
  else {
    console.log(
      decision.allowed
        ? `May take it, by the rule "${decision.rule}".`
        : `${decision.because.en}\n${decision.because.ja}`,
    );
    console.log(`\n${login}: ${place}, cleared up to ${person.clearance}; ${operation}`);
    for (const one of tried) console.log(lineOf(one, one.rule === decision.rule));
  }
  return decision.allowed ? 0 : 1;
}

const outcomes: Record<RuleTried['outcome'], string> = {
  fulfilled: 'fulfilled',
  lacking: 'lacking',
  'not-about': 'about other calls',
  'not-now': 'does not hold now',
};

function lineOf({ rule, outcome, lacks }: RuleTried, decided: boolean): string {
  const what = lacks.map(({ words }) => words.en).join(', ');
  return `${decided ? '→' : ' '} ${rule.padEnd(32)} ${outcomes[outcome]}${what ? `: ${what}` : ''}`;
}
