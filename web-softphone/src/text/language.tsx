// Which language the pages speak: the address (?lang=), then what was chosen here, then the person's, then the browser's.
// The choice is the only thing that outlives a session in this browser.

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en } from './en.ts';
import { ja } from './ja.ts';
import type { Refused } from './refusals.ts';

export type Language = 'ja' | 'en';

/** The shape of all texts: a text, or a function that makes one. */
type Shape<T> = {
  [Key in keyof T]: T[Key] extends string
    ? string
    : T[Key] extends (...args: infer Args) => string
      ? (...args: Args) => string
      : Shape<T[Key]>;
};
export type Words = Shape<typeof en>;

const key = 'engawa.language';
const isLanguage = (value: string | null): value is Language => value === 'ja' || value === 'en';

interface LanguageContext {
  language: Language;
  words: Words;
  choose(language: Language): void;
  /** The language of who signed in counts until this browser's user chooses. */
  prefer(language: Language): void;
}

const Context = createContext<LanguageContext | undefined>(undefined);

function chosenBefore(): Language | undefined {
  const asked = new URLSearchParams(location.search).get('lang');
  if (isLanguage(asked)) return asked;
  const kept = localStorage.getItem(key);
  return isLanguage(kept) ? kept : undefined;
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [chosen, setChosen] = useState(chosenBefore);
  const [preferred, setPreferred] = useState<Language>(navigator.language.startsWith('ja') ? 'ja' : 'en');
  const language = chosen ?? preferred;
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<LanguageContext>(
    () => ({
      language,
      words: language === 'ja' ? ja : en,
      choose(next) {
        localStorage.setItem(key, next);
        setChosen(next);
      },
      prefer: setPreferred,
    }),
    [language],
  );
  return <Context value={value}>{children}</Context>;
}

export function useLanguage(): LanguageContext {
  const context = useContext(Context);
  if (!context) throw new Error('there is no LanguageProvider around this');
  return context;
}

/** What was refused, in words; a newer server may have a code that this page does not know yet. */
export function refusal(words: Words, refused: Refused | undefined): string {
  return (refused && words.refused[refused]) ?? words.refused.internal;
}

export const useWords = (): Words => useLanguage().words;
