// What a customer is asked in the middle of a call: the company's words, or ours. Pure.

import type { FactorSettings } from './verification-settings.ts';

type Asked = Pick<FactorSettings, 'ask' | 'label'>;
type Language = 'ja' | 'en';

/** `again`: what was keyed before was not right, or nothing was. */
export function questionOf({ ask, label }: Asked, language: Language, again: boolean): string {
  if (language === 'en') {
    const text = ask?.en ?? `Please key this on your telephone, then press hash: ${label.en}. Nobody hears or sees it.`;
    return again ? `Once more, please. ${text}` : text;
  }
  // Without kanji: the speech that comes with this program cannot read them.
  const text =
    ask?.jaKana ?? ask?.ja ?? 'ばんごうを おして、さいごに シャープを おして ください。だれにも きこえません。';
  return again ? `もういちど おねがいします。${text}` : text;
}

/** All of them, for speaking them before anybody waits. */
export function questionTexts(factors: readonly Asked[]): { text: string; language: Language }[] {
  return factors.flatMap((factor) =>
    (['ja', 'en'] as const).flatMap((language) =>
      [false, true].map((again) => ({ text: questionOf(factor, language, again), language })),
    ),
  );
}
