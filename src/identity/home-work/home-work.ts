// Working from home: who is eligible, the pledge and its signatures, and what routing is told of them. A pledge is a text by number and
// language; a signature keeps the hash of the very text that was before the eyes, the session, the device and the time.

import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import type { PledgeText, SignedPledge } from '../../store/pledges.ts';
import type { Person, Session, WorkFacts } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import {
  dateIn,
  type Eligibility,
  eligibilityOf,
  type HomeWorkRules,
  type PledgeInForce,
  type Words,
} from './home-work-rules.ts';

export interface HomeWorkInForce {
  rules: HomeWorkRules;
  /** Both languages of the pledge; empty when none is asked for. */
  texts: readonly PledgeInForce[];
}

export interface HomeWorkStanding extends Eligibility {
  /** From when not being eligible keeps calls away at home. */
  fromMs: number;
  /** The same as a date there: 2026-10-01. */
  fromDay: string;
  inForce: boolean;
  /** Time to sign again, though the pledge still counts. */
  remind: boolean;
}

export type SigningOutcome = { kind: 'signed'; pledge: SignedPledge } | { kind: 'other-text' } | { kind: 'no-pledge' };

export interface HomeWork {
  /** Undefined: the company has no rules for it. */
  inForce(): HomeWorkInForce | undefined;
  of(person: Person): Promise<HomeWorkStanding | undefined>;
  /** Of everybody who is not disabled. */
  list(): Promise<{ person: Person; standing: HomeWorkStanding }[]>;
  signed(person: Pick<Person, 'id'>): Promise<SignedPledge[]>;
  text(hash: string): Promise<PledgeText | undefined>;
  /** `hash`: of the text that was shown. */
  sign(signer: { person: Person; session: Session }, hash: string, actor: AuditActor): Promise<SigningOutcome>;
  /** In place of what is registered; `pledge` absent: none counts. Undefined: the company has no rules for it. */
  factsOf(person: Person): Promise<{ pledge: WorkFacts['pledge']; keptAway: { words: Words } | null } | undefined>;
}

const dayMs = 86_400_000;

export function createHomeWork(needs: {
  clock: Clock;
  store: Pick<Store, 'pledges' | 'people'>;
  audit?: Audit | undefined;
  inForce: () => HomeWorkInForce | undefined;
}): HomeWork {
  const { clock, store, audit, inForce } = needs;

  function standingOf(
    person: Person,
    signed: readonly SignedPledge[],
    { rules, texts }: HomeWorkInForce,
  ): HomeWorkStanding {
    const nowMs = clock.now();
    const eligibility = eligibilityOf(rules, person, signed, texts, nowMs);
    const { pledge } = eligibility;
    const remind = pledge !== null && pledge.expiresAt - nowMs <= (rules.pledge?.remindDays ?? 0) * dayMs;
    return {
      ...eligibility,
      fromMs: rules.fromMs,
      fromDay: dateIn(rules.timeZone, rules.fromMs),
      inForce: rules.fromMs <= nowMs,
      remind,
    };
  }

  async function of(person: Person): Promise<HomeWorkStanding | undefined> {
    const now = inForce();
    return now && standingOf(person, await store.pledges.ofPerson(person.id), now);
  }

  return {
    inForce,
    of,
    async list() {
      const now = inForce();
      if (!now) return [];
      const signed = new Map((await store.pledges.newest()).map((pledge) => [pledge.personId, pledge]));
      const people = (await everybody(store)).filter(({ disabled }) => !disabled);
      return people.map((person) => {
        const newest = signed.get(person.id);
        return { person, standing: standingOf(person, newest ? [newest] : [], now) };
      });
    },
    signed: ({ id }) => store.pledges.ofPerson(id),
    text: (hash) => store.pledges.text(hash),
    async sign({ person, session }, hash, actor) {
      const now = inForce();
      if (!now?.rules.pledge) return { kind: 'no-pledge' };
      const shown = now.texts.find((text) => text.hash === hash);
      if (!shown) return { kind: 'other-text' };
      const { number } = now.rules.pledge;
      const signedAt = clock.now();
      await store.pledges.keepText({ ...shown, number, keptAt: signedAt });
      const pledge: SignedPledge = {
        ...{ id: newId('pledge', signedAt), personId: person.id, number, hash, language: shown.language },
        ...{ sessionId: session.id, deviceId: session.deviceId ?? null, signedAt },
      };
      await store.pledges.add(pledge);
      await audit?.write({
        ...{ act: 'pledge-signed', by: actor, target: { kind: 'person', id: person.id }, outcome: 'done' },
        about: [person.id],
        details: { number, hash, language: shown.language, pledge: pledge.id },
      });
      return { kind: 'signed', pledge };
    },
    async factsOf(person) {
      const standing = await of(person);
      if (!standing) return undefined;
      const { pledge, missing, eligible } = standing;
      return {
        pledge: pledge ? { version: pledge.number, signedAt: pledge.signedAt } : undefined,
        keptAway: eligible || !standing.inForce ? null : { words: sentence(missing.map(({ words }) => words)) },
      };
    },
  };
}

function sentence(lacks: readonly Words[]): Words {
  return {
    ja: `在宅勤務の条件を満たしていません（${lacks.map(({ ja }) => ja).join('、')}）`,
    en: `not eligible for working from home (${lacks.map(({ en }) => en).join(', ')})`,
  };
}

async function everybody(store: Pick<Store, 'people'>): Promise<Person[]> {
  const all: Person[] = [];
  for (;;) {
    const after = all.at(-1)?.id;
    const more = await store.people.list({ limit: 500, ...(after ? { after } : {}) });
    all.push(...more);
    if (more.length < 500) return all;
  }
}

export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');
