// A centre at random for the ACD: people, calls, and inputs, sensible and senseless. All from one seed.

import type { AcdInput, QueueSettings, SkillNeed, Strategy, WaitingCall } from '../../../src/routing/acd/acd.ts';
import type { AgentFacts } from '../../../src/routing/agent.ts';
import { parseCalendars } from '../../../src/routing/hours.ts';
import { parsePolicy } from '../../../src/routing/policy/load-policy.ts';
import type { PolicySource } from '../../../src/routing/policy/policy.ts';
import type { CallId, PersonId } from '../../../src/shared/ids.ts';
import type { Random } from '../../../src/shared/random.ts';
import type { ShadowAcd } from './shadow-acd.ts';

export const longestWorkSeconds = 60;
export const beginsAt = Date.parse('2026-11-16T08:00:00+09:00');

const classes = ['none', 'personal', 'sensitive'];
const two = (number: number) => String(number).padStart(2, '0');
const clockTime = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
/** Open for five minutes, closed for five. */
const often = Array.from({ length: 24 * 6 }, (_, i) => `${clockTime(i * 10)}-${clockTime(i * 10 + 5)}`);
const calendars = `calendars:
  often: { days: { mon-sun: [${often.join(', ')}] } }
  office: { days: { mon-sun: [08:10-08:40, 08:50-09:30, 10:00-12:00, 13:00-18:00] } }
`;

const policies = [
  '',
  `rules:
  personal-in-the-centre:
    calls: { class-at-least: personal }
    needs: { place: centre }
`,
  `rules:
  trained-at-home:
    calls: { class-at-least: personal }
    while-open: office
    one-of:
      - place: centre
      - place: home
        employment: [regular]
        trainings: [{ training: privacy, within-days: 1 }]
        connection-check: { within-hours: 1 }
  nobody-outsourced-for-b:
    calls: { queue: [b] }
    needs: { employment: [regular, temporary] }
  some-minutes-in-the-centre: { while-open: often, calls: { class-at-least: personal }, needs: { place: centre } }
  others-at-home: { while-closed: often, needs: { trainings: [privacy], connection-check: { within-hours: 1 } } }
  storm: { operation: [all-home], calls: { class: sensitive }, needs: { pledge: signed } }
`,
];

/** Rules of several kinds: by clearance alone, by place, by facts that run out, hours and mode. */
export const rules: readonly PolicySource[] = policies.map((yaml) => {
  const label = { ja: '札', en: 'label' };
  const reading = parsePolicy(yaml || 'rules: {}', 'policy.yaml', {
    classes: classes.map((id) => ({ id, label })),
    reasons: new Map(),
    calendars: parseCalendars(calendars, 'calendars.yaml').calendars,
    queues: ['a', 'b', 'c', 'd'],
  });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.source;
});

/** Four queues: plain, with tiers that widen, that agents come back to by themselves, and that overflows. */
export function queuesOf(strategies: readonly Strategy[]): QueueSettings[] {
  const own: Partial<QueueSettings>[] = [
    {},
    { tierWaitSeconds: 15, priority: 1 },
    {
      relaxSkillsEverySeconds: 7,
      noAnswer: { returnAfterSeconds: 5, signOutAfter: 3 },
      rejected: { returnAfterSeconds: 1, signOutAfter: null },
    },
    {
      admission: {
        ...{ mostWaiting: 3, mostWaitSeconds: 90, joinWith: 'signed-in', stayWith: 'ready', absenceSeconds: 20 },
      },
    },
  ];
  return ['a', 'b', 'c', 'd'].map((name, i) => ({
    ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 20, afterCallWorkSeconds: 10 },
    ...{ serviceLevelSeconds: 20, shortAbandonSeconds: 5, ringAtOnce: 3, ...own[i] },
    strategy: strategies[i % strategies.length]!,
  }));
}

export class RandomCentre {
  readonly #random: Random;
  readonly #people: readonly PersonId[];
  readonly #shadow: ShadowAcd;

  constructor(random: Random, people: number, shadow: ShadowAcd) {
    this.#random = random;
    this.#people = Array.from({ length: people }, (_, i) => `p${i}` as PersonId);
    this.#shadow = shadow;
  }

  /** `step`: quiet hours, when agents wait for calls, and busy ones, when calls wait for agents, take turns. */
  input(now: number, step: number): AcdInput {
    const random = this.#random;
    const crowd = step % 4000 < 2000 ? 1 : 30;
    const personId = random.pick(this.#people);
    const callId = this.#callFor(personId);
    const dice = random.integer(0, 1000);
    if (dice < 160)
      return this.#shadow.calls.size < crowd ? this.#waits(`c${step}`, now) : { kind: 'callGone', callId };
    if (dice < 180) return this.#again(now) ?? { kind: 'tick' };
    if (dice < 210) return { kind: 'callGone', callId };
    if (dice < 350) return { kind: 'agentReady', personId };
    if (dice < 390) return { kind: 'agentNotReady', personId, because: random.pick(['break', 'lunch']) };
    if (dice < 405) return { kind: 'agentSignedOut', personId };
    if (dice < 470) return { kind: 'agentSignedIn', agent: this.#facts(personId, now) };
    if (dice < 510) return { kind: 'agentFactsChanged', agent: this.#facts(personId, now) };
    if (dice < 513) return this.#otherRules();
    if (dice < 610) return { kind: 'alerting', callId, personId };
    if (dice < 710) return { kind: 'answered', callId, personId };
    if (dice < 760) {
      return { kind: 'notAnswered', callId, personId, because: random.pick(['timeout', 'rejected', 'unreachable']) };
    }
    if (dice < 780) return { kind: 'agentCallStarted', personId, callId: `o${step}` as CallId };
    if (dice < 900) {
      return {
        kind: 'agentCallEnded',
        personId,
        callId,
        afterCallWorkSeconds: random.pick([0, 5, longestWorkSeconds]),
      };
    }
    return { kind: 'tick' };
  }

  /** Mostly the call that this person has, sometimes any other, so that impossible inputs come too. */
  #callFor(personId: PersonId): CallId {
    const own = this.#shadow.agents.get(personId)?.callId;
    const known = [...this.#shadow.calls.keys()];
    if (own && this.#random.next() < 0.95) return own;
    return known.length > 0 ? this.#random.pick(known) : ('x' as CallId);
  }

  #otherRules(): AcdInput {
    const operation = this.#random.pick(['normal', 'partly-home', 'all-home'] as const);
    return { kind: 'rulesChanged', policy: this.#random.pick(rules), operation };
  }

  #facts(personId: PersonId, now: number): AgentFacts {
    const random = this.#random;
    const known = (share: number) => random.next() < share;
    const skills = Object.fromEntries(
      ['en', 'card'].flatMap((skill) => (known(0.6) ? [[skill, random.integer(1, 4)]] : [])),
    );
    const ago = (mostMs: number) => now - random.integer(0, mostMs);
    return {
      personId,
      queues: ['a', 'b', 'c', 'd'].filter(() => known(0.6)),
      clearance: random.pick(classes),
      place: random.pick(['centre', 'home', 'unknown']),
      ...(known(0.8) ? { employment: random.pick(['regular', 'temporary', 'outsourced'] as const) } : {}),
      ...(known(0.8) ? { trainings: { privacy: ago(26 * 3_600_000) } } : {}),
      ...(known(0.8) ? { connectionCheck: { passed: known(0.9), at: ago(3_700_000) } } : {}),
      ...(known(0.5) ? { pledge: { version: '1', signedAt: ago(1000) } } : {}),
      ...(known(0.7) ? { skills } : {}),
      ...(known(0.4) ? { tiers: { a: random.integer(0, 3), b: random.integer(0, 3) } } : {}),
    };
  }

  /** A call that is in a queue is told again: another reason, another queue, or as if it had just come. */
  #again(now: number): AcdInput | undefined {
    const known = [...this.#shadow.calls.values()];
    if (known.length === 0) return undefined;
    const { call } = this.#random.pick(known);
    const again = this.#waits(call.callId, now);
    if (this.#random.next() < 0.5) return again;
    return { ...again, call: { ...again.call, queue: call.queue, enteredAt: call.enteredAt } };
  }

  #waits(id: string, now: number): Extract<AcdInput, { kind: 'callWaiting' }> {
    const random = this.#random;
    const is = (share: number) => random.next() < share;
    const enteredAt = now - (is(0.1) ? random.integer(0, 5000) : 0);
    const piiClass = random.pick(['none', 'none', 'personal', 'sensitive', undefined]);
    const call: WaitingCall = {
      callId: id as CallId,
      queue: is(0.01) ? 'nowhere' : random.pick(['a', 'b', 'c', 'd']),
      enteredAt,
      facts: { direction: 'inbound', ...(piiClass ? { piiClass } : {}) },
      priority: is(0.2) ? random.integer(-1, 4) : 0,
      ...(is(0.1) ? { placeSince: enteredAt - random.integer(0, 30_000) } : {}),
      ...(is(0.3) ? { skills: this.#needs() } : {}),
      ...(is(0.2) ? { preferred: { personId: random.pick(this.#people), seconds: random.integer(1, 40) } } : {}),
      ...(is(0.05) ? { notFor: [random.pick(this.#people), random.pick(this.#people)] } : {}),
      ...(is(0.1) ? { callback: true } : {}),
      ...(is(0.05) ? { stays: true } : {}),
      ...(is(0.1) ? { mostWaitSeconds: is(0.5) ? null : random.integer(5, 60) } : {}),
    };
    return {
      ...{ kind: 'callWaiting', call },
      ...(is(0.1) ? { alwaysJoins: true } : {}),
      ...(is(0.1) ? { anew: true } : {}),
    };
  }

  #needs(): SkillNeed[] {
    const random = this.#random;
    const need = (skill: string): SkillNeed => {
      const level = random.integer(1, 4);
      const relax = Array.from({ length: random.integer(0, 3) }, (_, i) => ({
        afterSeconds: (i + 1) * random.integer(2, 15),
        level: Math.max(0, level - 1 - i),
      }));
      return relax.length > 0 ? { skill, level, relax } : { skill, level };
    };
    return random.next() < 0.8 ? [need('en')] : [need('en'), need('card')];
  }
}
