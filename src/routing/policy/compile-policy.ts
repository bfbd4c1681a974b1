// The maker of Policy (policy.ts): rules as data in, decisions out.
//
// A person may take a call when the class of the call is within the person's clearance, nothing keeps such calls away
// (KeptAway: devices, working from home), and every rule that is about the call and holds now is fulfilled. So a further rule can
// only forbid more. What is not known of a call makes a rule be about it; what is not known of a person is lacking.

import { type Clockwork, createClockwork, keptAnniversaries } from './clockwork.ts';
import { clearanceLack, type Fulfilment, fulfil, type Lack, type Surroundings } from './fulfil.ts';
import type { CallFacts, KeptAway, Operation, PersonFacts, Policy, PolicyDecision, PolicySource } from './policy.ts';
import type { CallCondition, PolicyRules, Rule, Words } from './rules.ts';

/** The rule that no file can take away: nobody takes a class beyond the own clearance. */
export const clearanceRule = 'clearance';

/** One rule, as it looked at one person and one call. */
export interface RuleTried {
  rule: string;
  /** `not-about`: other calls. `not-now`: another operation or time. */
  outcome: 'fulfilled' | 'lacking' | 'not-about' | 'not-now';
  /** What is lacking; empty unless `lacking`. */
  lacks: Lack[];
}

export interface CompiledPolicy extends Policy {
  /** Every rule in the order of the file, the clearance first. */
  explain(person: PersonFacts, call: CallFacts, operation: Operation, atMs: number): RuleTried[];
  /** The mode by the schedule of the file, and when the schedule may say another. */
  plannedOperation(atMs: number): { operation: Operation; untilMs: number | null };
  readonly rules: PolicyRules;
}

/** Rules that cannot be used forbid everything. */
export function compilePolicy(source: PolicySource): CompiledPolicy {
  const rules = isRules(source.rules) ? source.rules : undefined;
  return rules ? new Compiled(source, rules) : nothingAllowed(source);
}

class Compiled implements CompiledPolicy {
  readonly source: PolicySource;
  readonly rules: PolicyRules;
  readonly #clockwork: Clockwork;
  readonly #around: Surroundings;

  constructor(source: PolicySource, rules: PolicyRules) {
    this.source = source;
    this.rules = rules;
    this.#clockwork = createClockwork(rules.calendars);
    const ranks = new Map(rules.classes.map(({ id }, rank) => [id, rank]));
    const most = rules.classes.length - 1;
    this.#around = {
      rules,
      serviceReachedAt: keptAnniversaries(rules.timeZone),
      rankOf: (piiClass, otherwise) => ranks.get(piiClass ?? '') ?? (otherwise === 'least' ? 0 : most),
    };
  }

  decide(person: PersonFacts, call: CallFacts, operation: Operation, atMs: number): PolicyDecision {
    const rank = this.#rankOf(call);
    if (!this.#cleared(person, rank))
      return this.#forbidden(clearanceRule, null, call, rank, [clearanceLack(person, this.#around)]);
    const [kept] = this.#keptAway(person, rank);
    if (kept) return this.#forbidden(kept.rule, null, call, rank, [{ code: 'kept-away', words: kept.words }]);
    let decided: string | undefined;
    for (const rule of this.rules.rules) {
      if (!this.#isAbout(rule.calls, call, rank) || !this.#holdsNow(rule, operation, atMs).holds) continue;
      const { lacks } = this.#fulfilment(rule, person, atMs);
      if (lacks.length > 0) return this.#forbidden(rule.name, rule.says, call, rank, lacks);
      decided ??= rule.name;
    }
    return { allowed: true, rule: decided ?? clearanceRule };
  }

  explain(person: PersonFacts, call: CallFacts, operation: Operation, atMs: number): RuleTried[] {
    const rank = this.#rankOf(call);
    const cleared = this.#cleared(person, rank);
    const first: RuleTried = {
      rule: clearanceRule,
      outcome: cleared ? 'fulfilled' : 'lacking',
      lacks: cleared ? [] : [clearanceLack(person, this.#around)],
    };
    const rest = this.rules.rules.map((rule): RuleTried => {
      const { name } = rule;
      if (!this.#isAbout(rule.calls, call, rank)) return { rule: name, outcome: 'not-about', lacks: [] };
      if (!this.#holdsNow(rule, operation, atMs).holds) return { rule: name, outcome: 'not-now', lacks: [] };
      const { lacks } = this.#fulfilment(rule, person, atMs);
      return { rule: name, outcome: lacks.length > 0 ? 'lacking' : 'fulfilled', lacks: [...lacks] };
    });
    const keptAway = this.#keptAway(person, rank);
    const kept = (person.keptAway ?? []).map((one): RuleTried => {
      const { rule, words } = one;
      if (!keptAway.includes(one)) return { rule, outcome: 'not-about', lacks: [] };
      return { rule, outcome: 'lacking', lacks: [{ code: 'kept-away', words }] };
    });
    return [first, ...kept, ...rest];
  }

  standing(person: PersonFacts, operation: Operation, atMs: number): { key: string; untilMs: number | null } {
    const kept = (person.keptAway ?? []).map(({ rule, classAtLeast }) => [rule, this.#keptFrom(classAtLeast)]);
    let key = `${this.#around.rankOf(person.clearance, 'least')}:${kept.length > 0 ? JSON.stringify(kept) : ''}`;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const rule of this.rules.rules) {
      const now = this.#holdsNow(rule, operation, atMs);
      const { lacks, untilMs: changes } = now.holds ? this.#fulfilment(rule, person, atMs) : unasked;
      key += lacks.length > 0 ? '-' : '+';
      untilMs = Math.min(untilMs, now.untilMs, changes);
    }
    return { key, untilMs: Number.isFinite(untilMs) ? untilMs : null };
  }

  needKey(call: CallFacts): string {
    const rank = this.#rankOf(call);
    return `${rank}:${this.rules.rules.map(({ calls }) => (this.#isAbout(calls, call, rank) ? '+' : '-')).join('')}`;
  }

  plannedOperation(atMs: number): { operation: Operation; untilMs: number | null } {
    const { usual, schedule } = this.rules.operation;
    let untilMs = Number.POSITIVE_INFINITY;
    let operation: Operation | undefined;
    for (const { from, to, hours, operation: planned } of schedule) {
      for (const at of [from, to]) if (at !== undefined && at > atMs) untilMs = Math.min(untilMs, at);
      const open = hours ? this.#clockwork.holds(hours, atMs) : { holds: true, untilMs };
      untilMs = Math.min(untilMs, open.untilMs);
      const within = (from === undefined || from <= atMs) && (to === undefined || atMs < to);
      if (within && open.holds) operation ??= planned;
    }
    return { operation: operation ?? usual, untilMs: Number.isFinite(untilMs) ? untilMs : null };
  }

  /** The class that counts: of a call that was handed over, what remains. */
  #rankOf({ piiClass, step, verified }: CallFacts): number {
    const { handedOver, classes } = this.rules;
    const rank = this.#around.rankOf(piiClass, 'most');
    if (step !== 'handed-over' || !handedOver) return rank;
    const proven = (verified ?? []).some(
      (factor) => handedOver.verified.length === 0 || handedOver.verified.includes(factor),
    );
    const remains = handedOver.classes[classes[rank]?.id ?? ''];
    return proven && remains !== undefined ? this.#around.rankOf(remains, 'most') : rank;
  }

  #cleared({ clearance }: PersonFacts, rank: number): boolean {
    return this.#around.rankOf(clearance, 'least') >= rank;
  }

  /** What holds of this that others keep away, for a call of this rank. */
  #keptAway({ keptAway = [] }: Pick<PersonFacts, 'keptAway'>, rank: number): KeptAway[] {
    return keptAway.filter(({ classAtLeast }) => rank >= this.#keptFrom(classAtLeast));
  }

  /** A class that is not known here keeps every call away. */
  #keptFrom(classAtLeast: string | null): number {
    return classAtLeast === null ? 0 : this.#around.rankOf(classAtLeast, 'least');
  }

  #isAbout(calls: CallCondition, call: CallFacts, rank: number): boolean {
    const { classes, classAtLeast, reasons, queues, directions, steps, verified } = calls;
    const among = (names: readonly string[] | undefined, name: string | undefined) =>
      !names || name === undefined || names.includes(name);
    // Outbound, no queue is meant; inbound, it is not known yet.
    const queue = call.queue ?? (call.direction === 'outbound' ? '' : undefined);
    return (
      among(classes, this.rules.classes[rank]?.id) &&
      (classAtLeast === undefined || rank >= this.#around.rankOf(classAtLeast, 'least')) &&
      among(reasons, call.reason) &&
      among(queues, queue) &&
      among(directions, call.direction) &&
      among(steps, call.step ?? 'whole') &&
      (verified === undefined || isVerified(verified, call.verified ?? []))
    );
  }

  #holdsNow({ operations, hours }: Rule, operation: Operation, atMs: number): { holds: boolean; untilMs: number } {
    if (operations && !operations.includes(operation)) return { holds: false, untilMs: Number.POSITIVE_INFINITY };
    return hours ? this.#clockwork.holds(hours, atMs) : { holds: true, untilMs: Number.POSITIVE_INFINITY };
  }

  /** Of several ways, what is lacking on the nearest: one that asks for the place where the person is, then the shortest. */
  #fulfilment({ oneOf }: Rule, person: PersonFacts, atMs: number): Fulfilment {
    let nearest: readonly Lack[] | undefined;
    let untilMs = Number.POSITIVE_INFINITY;
    const far = (lacks: readonly Lack[]) => lacks.length + (lacks.some(({ code }) => code === 'place') ? 1000 : 0);
    for (const need of oneOf) {
      const one = fulfil(need, person, atMs, this.#around);
      untilMs = Math.min(untilMs, one.untilMs);
      if (!nearest || far(one.lacks) < far(nearest)) nearest = one.lacks;
    }
    return { lacks: nearest ?? [], untilMs };
  }

  #forbidden(rule: string, says: Words | null, call: CallFacts, rank: number, lacks: readonly Lack[]): PolicyDecision {
    const touches = says ?? this.#touches(call, rank);
    const because = {
      code: lacks[0]!.code,
      ja: `割り当て不可：${touches.ja}。${lacks.map(({ words }) => words.ja).join('、')}`,
      en: `not offered: ${touches.en}; ${lacks.map(({ words }) => words.en).join(', ')}`,
    };
    return { allowed: false, rule, because };
  }

  #touches({ reason, piiClass }: CallFacts, rank: number): Words {
    const label = reason === undefined ? undefined : (this.rules.reasons[reason] ?? { ja: reason, en: reason });
    const { ja, en } = this.rules.classes[rank]!.label;
    if (label) return { ja: `「${label.ja}」は${ja}に触れます`, en: `“${label.en}” touches ${en}` };
    if (piiClass !== undefined) return { ja: `この通話は${ja}に触れます`, en: `this call touches ${en}` };
    return { ja: '用件が分からない通話です', en: 'the reason for the call is not known' };
  }
}

const unasked: Fulfilment = { lacks: [], untilMs: Number.POSITIVE_INFINITY };

function isVerified(asked: boolean | readonly string[], verified: readonly string[]): boolean {
  if (typeof asked === 'boolean') return asked === verified.length > 0;
  return verified.some((factor) => asked.includes(factor));
}

function isRules(rules: unknown): rules is PolicyRules {
  const { classes, rules: list, operation, calendars } = (rules ?? {}) as Partial<PolicyRules>;
  return Array.isArray(classes) && classes.length > 0 && Array.isArray(list) && !!operation && !!calendars;
}

function nothingAllowed(source: PolicySource): CompiledPolicy {
  const because = {
    code: 'no-policy',
    ja: '割り当て不可：有効な取り扱い規則がありません',
    en: 'not offered: there are no rules to go by',
  };
  return {
    source,
    rules: {
      ...{ classes: [], reasons: {}, timeZone: 'Asia/Tokyo', handedOver: null, rules: [], calendars: {} },
      operation: { usual: 'normal', schedule: [] },
    },
    decide: () => ({ allowed: false, rule: null, because }),
    explain: () => [],
    standing: () => ({ key: '', untilMs: null }),
    needKey: () => '',
    plannedOperation: () => ({ operation: 'normal', untilMs: null }),
  };
}
