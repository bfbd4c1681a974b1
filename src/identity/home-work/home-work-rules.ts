// Who may work from home, and from when: the company's conditions (config/home-work.yaml) as plain data, and whether one person fulfils
// them. Pure; what is not known of a person is missing.

import type { SignedPledge } from '../../store/pledges.ts';
import type { Person } from '../../store/records.ts';

export interface Words {
  ja: string;
  en: string;
}

export interface HomeWorkRules {
  timeZone: string;
  /** From then on who is not eligible is offered no calls at home. */
  fromMs: number;
  employment: readonly string[] | null;
  yearsOfService: number | null;
  trainings: readonly { training: string; withinDays: number | null }[];
  /** Null: none is asked for. */
  pledge: PledgeRules | null;
}

export interface PledgeRules {
  /** The company's own, such as 2026-1. A new one has to be signed anew. */
  number: string;
  /** The file by language, below the folder of the rules. */
  files: { ja: string; en: string };
  validDays: number;
  /** How long before it ends one is reminded. */
  remindDays: number;
}

/** The text in force, in one language. */
export interface PledgeInForce {
  language: 'ja' | 'en';
  text: string;
  /** SHA-256 of the text, hexadecimal. */
  hash: string;
}

export interface Missing {
  code: 'employment' | 'years-of-service' | 'training' | 'pledge';
  words: Words;
}

export interface Eligibility {
  eligible: boolean;
  missing: readonly Missing[];
  /** Of the pledge that counts; null: none does. */
  pledge: { signedAt: number; expiresAt: number; number: string } | null;
  /** What ends first of what is fulfilled now, and when; null: nothing does. */
  ends: { at: number; what: 'pledge' | 'training' } | null;
}

const dayMs = 86_400_000;

/** `signed`: of this person, newest first; `inForce`: the texts of the number in force. */
export function eligibilityOf(
  rules: HomeWorkRules,
  person: Pick<Person, 'facts'>,
  signed: readonly SignedPledge[],
  inForce: readonly PledgeInForce[],
  nowMs: number,
): Eligibility {
  const missing: Missing[] = [];
  const ends: { at: number; what: 'pledge' | 'training' }[] = [];
  const { employment, employedSince, trainings = {} } = person.facts ?? {};
  if (rules.employment && !(employment && rules.employment.includes(employment)))
    missing.push({ code: 'employment', words: employment ? employmentWords : unknownEmployment });
  if (rules.yearsOfService !== null) {
    const words = serviceLack(rules, employedSince, nowMs);
    if (words) missing.push({ code: 'years-of-service', words });
  }
  for (const { training, withinDays } of rules.trainings) {
    const passedAt = Object.hasOwn(trainings, training) ? trainings[training] : undefined;
    const endsAt = passedAt === undefined || withinDays === null ? null : passedAt + withinDays * dayMs;
    if (passedAt === undefined || passedAt > nowMs) missing.push({ code: 'training', words: notPassed(training) });
    else if (endsAt !== null && endsAt <= nowMs)
      missing.push({ code: 'training', words: tooOld(training, withinDays!) });
    else if (endsAt !== null) ends.push({ at: endsAt, what: 'training' });
  }
  const pledge = rules.pledge && pledgeThatCounts(rules.pledge, signed, inForce, nowMs);
  if (rules.pledge && !pledge) missing.push({ code: 'pledge', words: pledgeLack(rules.pledge, signed, inForce) });
  if (pledge) ends.push({ at: pledge.expiresAt, what: 'pledge' });
  return {
    eligible: missing.length === 0,
    missing,
    pledge,
    ends: ends.sort((one, other) => one.at - other.at)[0] ?? null,
  };
}

/** Signed under the number in force, in a text that is in force still, and not too long ago. */
function pledgeThatCounts(
  { number, validDays }: PledgeRules,
  signed: readonly SignedPledge[],
  inForce: readonly PledgeInForce[],
  nowMs: number,
): Eligibility['pledge'] {
  const one = signed.find((pledge) => pledge.number === number && inForce.some(({ hash }) => hash === pledge.hash));
  const expiresAt = one && one.signedAt + validDays * dayMs;
  return one && expiresAt && expiresAt > nowMs ? { signedAt: one.signedAt, expiresAt, number } : null;
}

function pledgeLack(
  { number }: PledgeRules,
  signed: readonly SignedPledge[],
  inForce: readonly PledgeInForce[],
): Words {
  const [newest] = signed;
  if (!newest)
    return { ja: '在宅勤務の誓約書に署名していません', en: 'the pledge for working from home is not signed' };
  const isInForce = newest.number === number && inForce.some(({ hash }) => hash === newest.hash);
  if (isInForce) return { ja: '誓約書の有効期限が切れました', en: 'the pledge has expired' };
  return {
    ja: `誓約書が新しくなりました（${number}）。もう一度署名が必要です`,
    en: `the pledge is a new one (${number}) and has to be signed again`,
  };
}

function serviceLack(
  { yearsOfService, timeZone }: HomeWorkRules,
  employedSince: number | undefined,
  nowMs: number,
): Words | undefined {
  if (employedSince === undefined)
    return { ja: '入社日が登録されていません', en: 'the beginning of employment is not known' };
  const reached = anniversary(dateIn(timeZone, employedSince), yearsOfService!);
  if (reached <= dateIn(timeZone, nowMs)) return undefined;
  return {
    ja: `勤続${yearsOfService}年に達していません（${reached}から）`,
    en: `less than ${yearsOfService} year${yearsOfService === 1 ? '' : 's'} of service (reached on ${reached})`,
  };
}

/** The day after so many years, half years as months; 29 February becomes the last of February. */
export function anniversary(date: string, years: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const months = year * 12 + (month - 1) + Math.round(years * 12);
  const [toYear, toMonth] = [Math.floor(months / 12), months % 12];
  const lastDay = new Date(Date.UTC(toYear, toMonth + 1, 0)).getUTCDate();
  return new Date(Date.UTC(toYear, toMonth, Math.min(day, lastDay))).toISOString().slice(0, 10);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-09-10`, as the calendar on the wall there says. */
export function dateIn(timeZone: string, atMs: number): string {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' });
  formats.set(timeZone, format);
  return format.format(atMs);
}

const employmentWords = {
  ja: '在宅勤務の対象となる雇用形態ではありません',
  en: 'people employed in this way do not work from home',
};
const unknownEmployment = { ja: '雇用形態が登録されていません', en: 'the kind of employment is not known' };
const notPassed = (training: string): Words => ({
  ja: `研修「${training}」が未修了です`,
  en: `training “${training}” not passed`,
});
const tooOld = (training: string, days: number): Words => ({
  ja: `研修「${training}」の修了から${days}日を過ぎています`,
  en: `training “${training}” passed more than ${days} days ago`,
});
