// What an own telephone is told when it is answered: who it is and what for, in the agent's language, and never a number or
// anything about the customer. Until a key is pressed nobody knows who listens.

import type { PlaySource } from '../../media/endpoint.ts';

export type Language = 'ja' | 'en';
type Localized = Readonly<Record<Language, string>>;

/** Why the telephone rings: a call from a queue, a call that the agent makes, the own call on another device, or back. */
export type RingPurpose = 'offer' | 'dial' | 'move' | 'back';

interface Said {
  company: Localized;
  /** The queue's label; null: it is not from a queue. */
  queue: Localized | null;
}

const japanese: Record<RingPurpose, (queue: string | undefined) => string> = {
  offer: (queue) =>
    (queue ? `${queue}のお電話です。` : 'お電話です。') + '1を押すとつながります。2を押すとお断りします。',
  dial: () => '発信します。1を押すとお客さまを呼び出します。',
  move: () => '通話をこの電話に移します。1を押すとつながります。',
  back: () => '通話が途切れました。1を押すと通話に戻ります。',
};

const english: Record<RingPurpose, (queue: string | undefined) => string> = {
  offer: (queue) => `A call for ${queue ?? 'you'}. Press 1 to take it, 2 to decline.`,
  dial: () => 'Your call. Press 1 to call the customer.',
  move: () => 'Your call moves to this telephone. Press 1 to go on here.',
  back: () => 'Your call was interrupted. Press 1 to go on.',
};

export function wordsFor(purpose: RingPurpose, language: Language, { company, queue }: Said): string {
  if (language === 'ja') return `${company.ja}: ${japanese[purpose](queue?.ja)}`;
  return `${company.en}: ${english[purpose](queue?.en)}`;
}

export function sayWords(text: string, language: Language): PlaySource {
  return { kind: 'say', text, language };
}

/** Everything that may be said, so that it can be spoken before anybody waits for it. */
export function allWords(
  company: Localized,
  queues: readonly { label: Localized }[],
): { text: string; language: Language }[] {
  return (['ja', 'en'] as const).flatMap((language) => [
    ...queues.map(({ label }) => ({ text: wordsFor('offer', language, { company, queue: label }), language })),
    ...(['offer', 'dial', 'move', 'back'] as const).map((purpose) => ({
      text: wordsFor(purpose, language, { company, queue: null }),
      language,
    })),
  ]);
}
