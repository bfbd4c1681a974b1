// Whether a person has what a rule asks for: each fact by itself, with the words for what is lacking and with the time at which
// the answer changes by itself. A fact that is not known is lacking.

import type { PersonFacts } from './policy.ts';
import type { Need, PolicyRules, Words } from './rules.ts';

export interface Lack {
  code: LackCode;
  words: Words;
}

export type LackCode =
  | 'clearance'
  | 'place'
  | 'employment'
  | 'years-of-service'
  | 'training'
  | 'pledge'
  | 'device'
  | 'connection-check'
  | 'kept-away';

export interface Fulfilment {
  lacks: readonly Lack[];
  /** When it may be another; infinity: as long as the facts are these. */
  untilMs: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** What somebody knows about who asks: the same for all needs of a decision. */
export interface Surroundings {
  rules: PolicyRules;
  rankOf(piiClass: string | undefined, otherwise: 'least' | 'most'): number;
  /** When so many years of service are reached, by the calendar of the company. */
  serviceReachedAt(employedSince: number, years: number): number;
}

export function fulfil(need: Need, person: PersonFacts, atMs: number, around: Surroundings): Fulfilment {
  const lacks: Lack[] = [];
  let untilMs = Number.POSITIVE_INFINITY;
  const turnsAt = (at: number) => {
    if (at > atMs && at < untilMs) untilMs = at;
  };
  for (const check of checks) check(need, person, { atMs, turnsAt, around, lack: (lack) => void lacks.push(lack) });
  return { lacks, untilMs };
}

interface Asked {
  atMs: number;
  turnsAt(at: number): void;
  around: Surroundings;
  lack(lack: Lack): void;
}

type Check = (need: Need, person: PersonFacts, asked: Asked) => void;

const checks: readonly Check[] = [
  function ofClearance({ clearance }, person, { around, lack }) {
    if (clearance === undefined) return;
    if (around.rankOf(person.clearance, 'least') < around.rankOf(clearance, 'most'))
      lack(clearanceLack(person, around));
  },
  function ofPlace({ places }, { place }, { lack }) {
    if (places && !places.some((one) => one === place))
      lack({ code: 'place', words: placeWords[place] ?? placeWords.unknown });
  },
  function ofEmployment({ employment }, person, { lack }) {
    if (!employment || (person.employment && employment.includes(person.employment))) return;
    lack({ code: 'employment', words: employmentWords[person.employment ?? 'unknown'] });
  },
  function ofYearsOfService({ yearsOfService }, { employedSince }, { atMs, turnsAt, around, lack }) {
    if (yearsOfService === undefined) return;
    const code = 'years-of-service';
    if (employedSince === undefined)
      return lack({
        code,
        words: { ja: '入社日が登録されていません', en: 'the beginning of employment is not known' },
      });
    const reachedAt = around.serviceReachedAt(employedSince, yearsOfService);
    if (reachedAt <= atMs) return;
    turnsAt(reachedAt);
    lack({
      code,
      words: { ja: `勤続${yearsOfService}年未満です`, en: `less than ${count(yearsOfService, 'year')} of service` },
    });
  },
  function ofTrainings({ trainings }, person, { atMs, turnsAt, lack }) {
    for (const { training, withinDays } of trainings ?? []) {
      const passedAt =
        person.trainings && Object.hasOwn(person.trainings, training) ? person.trainings[training] : undefined;
      const age = ageOf(passedAt, withinDays === undefined ? undefined : withinDays * dayMs, atMs, turnsAt);
      if (age === 'none')
        lack({
          code: 'training',
          words: { ja: `研修「${training}」が未修了です`, en: `training “${training}” not passed` },
        });
      if (age === 'old')
        lack({
          code: 'training',
          words: {
            ja: `研修「${training}」の修了から${withinDays}日を過ぎています`,
            en: `training “${training}” passed more than ${count(withinDays!, 'day')} ago`,
          },
        });
    }
  },
  function ofPledge({ pledge }, person, { atMs, turnsAt, lack }) {
    if (!pledge) return;
    const { version, withinDays } = pledge;
    if (person.pledge && version !== undefined && person.pledge.version !== version) {
      lack({
        code: 'pledge',
        words: { ja: `誓約書が現行版（${version}）ではありません`, en: `the pledge signed is not version ${version}` },
      });
      return;
    }
    const age = ageOf(
      person.pledge?.signedAt,
      withinDays === undefined ? undefined : withinDays * dayMs,
      atMs,
      turnsAt,
    );
    if (age === 'none') lack({ code: 'pledge', words: { ja: '誓約書が提出されていません', en: 'no pledge signed' } });
    if (age === 'old')
      lack({
        code: 'pledge',
        words: {
          ja: `誓約書の提出から${withinDays}日を過ぎています`,
          en: `the pledge was signed more than ${count(withinDays!, 'day')} ago`,
        },
      });
  },
  function ofDevice({ devices }, { device = 'unknown' }, { lack }) {
    // Nobody can ask for a device that is not known.
    if (devices && (device === 'unknown' || !devices.includes(device)))
      lack({ code: 'device', words: deviceWords[device] ?? deviceWords.unknown });
  },
  function ofConnection({ connectionCheck }, person, { atMs, turnsAt, lack }) {
    if (!connectionCheck || person.connectionCheck?.byTelephone) return;
    const { withinHours } = connectionCheck;
    const code = 'connection-check';
    if (person.connectionCheck?.passed === false)
      return lack({ code, words: { ja: '回線確認に合格していません', en: 'the connection check was not passed' } });
    const limitMs = withinHours === undefined ? undefined : withinHours * hourMs;
    const age = ageOf(person.connectionCheck?.at, limitMs, atMs, turnsAt);
    if (age === 'none') lack({ code, words: { ja: '回線確認が済んでいません', en: 'no connection check made' } });
    if (age === 'old')
      lack({
        code,
        words: {
          ja: `回線確認から${withinHours}時間を過ぎています`,
          en: `the connection check was made more than ${count(withinHours!, 'hour')} ago`,
        },
      });
  },
];

/** `none`: it has not happened, or is said to happen later. */
function ageOf(
  at: number | undefined,
  limitMs: number | undefined,
  nowMs: number,
  turnsAt: (at: number) => void,
): 'good' | 'old' | 'none' {
  if (at === undefined) return 'none';
  if (at > nowMs) {
    turnsAt(at);
    return 'none';
  }
  if (limitMs === undefined) return 'good';
  // Good up to and including the limit.
  turnsAt(at + limitMs + 1);
  return nowMs - at <= limitMs ? 'good' : 'old';
}

export function clearanceLack({ clearance }: Pick<PersonFacts, 'clearance'>, { rules, rankOf }: Surroundings): Lack {
  const { label } = rules.classes[rankOf(clearance, 'least')] ?? { label: { ja: '—', en: '—' } };
  return {
    code: 'clearance',
    words: { ja: `取り扱い資格は「${label.ja}」までです`, en: `cleared up to “${label.en}” only` },
  };
}

const placeWords: Record<PersonFacts['place'], Words> = {
  centre: { ja: '本日はセンター勤務です', en: 'in the centre today' },
  home: { ja: '本日は在宅勤務です', en: 'at home today' },
  unknown: { ja: '本日の勤務場所が確認できません', en: 'the place of work today is not known' },
};

const employmentWords: Record<NonNullable<PersonFacts['employment']> | 'unknown', Words> = {
  regular: { ja: '正社員です', en: 'regular employment' },
  temporary: { ja: '有期雇用です', en: 'temporary employment' },
  outsourced: { ja: '業務委託です', en: 'outsourced' },
  unknown: { ja: '雇用形態が登録されていません', en: 'the kind of employment is not known' },
};

const deviceWords: Record<NonNullable<PersonFacts['device']>, Words> = {
  managed: { ja: '会社管理の端末です', en: 'a device managed by the company' },
  enrolled: { ja: '登録済みの個人端末です', en: 'a device that is enrolled, not managed' },
  unknown: { ja: '端末が確認できません', en: 'the device is not known' },
  revoked: { ja: '端末の登録が取り消されています', en: 'the device is revoked' },
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
