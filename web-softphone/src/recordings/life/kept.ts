// How long a recording is kept, in words: by which rule, until when, or what keeps it.

import type { RecordingLifeBrief, RecordingLifeView } from '../../../../src/api/contracts/recording-life.ts';
import { day, dayAndTime } from '../../people/when.ts';
import type { Language } from '../../text/language.tsx';
import type { RecordingLifeWords } from '../../text/recording-life-words.ts';

const listOf = { queues: 'queues', reasons: 'reasons', classes: 'classes', mailboxes: 'mailboxes' } as const;

/** What names are for whom looks: labels of queues; others are shown as the company's rules have them. */
export type NameOf = (kind: keyof typeof listOf, name: string) => string;

/** For a line of the list. */
export function keptShort(life: RecordingLifeBrief, text: RecordingLifeWords, language: Language): string {
  if (life.shreddedAt !== null) return text.short.deleted;
  if (life.held) return text.short.held;
  if (life.storedAt === null) return text.short.notYet;
  return life.keepUntil === null ? text.short.noEnd : day(life.keepUntil, language);
}

/** Whole, sentence after sentence. */
export function keptSentences(
  life: RecordingLifeView,
  { text, language, nameOf, now }: { text: RecordingLifeWords; language: Language; nameOf: NameOf; now: number },
): string[] {
  if (life.shreddedAt !== null) return [text.deleted(dayAndTime(life.shreddedAt, language))];
  const { keepUntil, keptFor } = life;
  const rule = ruleOf(keptFor, text, nameOf);
  const said: string[] = life.storedAt === null ? [text.notYet] : [];
  if (life.held) {
    const matters = life.holds.filter(({ releasedAt }) => releasedAt === null).map(({ matter }) => matter);
    said.push(text.held(matters.join(text.or)));
    if (keepUntil !== null) said.push(text.afterHold(day(keepUntil, language), rule));
  } else if (keepUntil === null || !keptFor) said.push(text.forGood);
  else if (keepUntil > now) said.push(text.until(day(keepUntil, language), keptFor.days, rule));
  else said.push(text.overdue(day(keepUntil, language), rule));
  return said;
}

function ruleOf(keptFor: RecordingLifeBrief['keptFor'], text: RecordingLifeWords, nameOf: NameOf): string {
  if (!keptFor || keptFor.rule === null) return text.ruleOfAll;
  const parts = Object.values(listOf).flatMap((kind) => {
    const names = keptFor[kind];
    return names?.length ? [text.ruleParts[kind](names.map((name) => nameOf(kind, name)).join(text.or))] : [];
  });
  return parts.length === 0 ? text.ruleOfAll : text.ruleFor(parts.join(text.and));
}
