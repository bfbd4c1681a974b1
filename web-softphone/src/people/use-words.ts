// The texts of the people pages. Not among those of all pages: the desk would load them, too.

import { useLanguage } from '../text/language.tsx';
import { peopleWordsEn, peopleWordsJa } from '../text/people-words.ts';

export function usePeopleWords(): typeof peopleWordsEn {
  return useLanguage().language === 'ja' ? peopleWordsJa : peopleWordsEn;
}
