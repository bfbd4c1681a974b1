// What a waiting caller is told of the place in the line and of the time still to wait, in Japanese and English. Pure.
// Japanese counters change their sound (一分 is いっぷん), which a voice that reads figure by figure gets wrong: so the reading is
// given in kana.

import type { Say } from '../../routing/flow/flow.ts';

export interface WaitFacts {
  /** 1 is the next to be served; undefined: not told. */
  position: number | undefined;
  expectedWaitMs: number | undefined;
}

/** Undefined when there is nothing to tell. */
export function waitWords({ position, expectedWaitMs }: WaitFacts): Say | undefined {
  const sentences = [
    ...(position === undefined ? [] : [positionWords(position)]),
    // Whoever is next hears no time: it is soon, and an estimate of one call is worth little.
    ...(expectedWaitMs === undefined || position === 1 ? [] : [timeWords(minutesOf(expectedWaitMs))]),
  ];
  if (sentences.length === 0) return undefined;
  return {
    ja: sentences.map(({ ja }) => ja).join(''),
    jaKana: sentences.map(({ jaKana }) => jaKana).join(' '),
    en: sentences.map(({ en }) => en).join(' '),
  };
}

interface Sentence {
  ja: string;
  jaKana: string;
  en: string;
}

function positionWords(position: number): Sentence {
  if (position === 1)
    return { ja: '次にお繋ぎいたします。', jaKana: 'つぎに おつなぎ いたします。', en: 'You are next in line.' };
  return {
    ja: `ただいまの順番は${position}番目です。`,
    jaKana: `ただいまの じゅんばんわ ${position}ばんめ です。`,
    en: `You are number ${position} in line.`,
  };
}

const longestTold = 60;

/** To the minute up to ten, to five minutes after that, always upwards: nobody minds waiting less. */
export function minutesOf(waitMs: number): number {
  const minutes = Math.max(1, Math.ceil(waitMs / 60_000));
  return minutes <= 10 ? minutes : Math.ceil(minutes / 5) * 5;
}

function timeWords(minutes: number): Sentence {
  if (minutes > longestTold)
    return {
      ja: 'お待ちいただく時間は、1時間以上の見込みです。',
      jaKana: 'おまち いただく じかんわ、いちじかん いじょうの みこみ です。',
      en: 'The estimated wait is more than an hour.',
    };
  return {
    ja: `お待ちいただく時間は、およそ${minutes}分の見込みです。`,
    jaKana: `おまち いただく じかんわ、およそ ${minutesReading(minutes)}の みこみ です。`,
    en: `The estimated wait is about ${minutes} minute${minutes === 1 ? '' : 's'}.`,
  };
}

const digits = ['', 'いち', 'に', 'さん', 'よん', 'ご', 'ろく', 'なな', 'はち', 'きゅう'];
const minuteEndings = [
  ...['', 'いっぷん', 'にふん', 'さんぷん', 'よんぷん', 'ごふん', 'ろっぷん', 'ななふん', 'はっぷん', 'きゅうふん'],
];

/** 1 to 99 minutes, as they are said. */
export function minutesReading(minutes: number): string {
  const tens = Math.floor(minutes / 10);
  const ones = minutes % 10;
  const before = tens > 1 ? digits[tens]! : '';
  if (tens === 0) return minuteEndings[ones]!;
  return ones === 0 ? `${before}じゅっぷん` : `${before}じゅう${minuteEndings[ones]}`;
}
