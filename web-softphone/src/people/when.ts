// Days and times of the people pages, in the language of the page.

import type { Language } from '../text/language.tsx';

export const dayAndTime = (ms: number, language: Language): string =>
  new Date(ms).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });

export const day = (ms: number, language: Language): string =>
  new Date(ms).toLocaleDateString(language, { dateStyle: 'medium' });

/** For an input of a day. */
export const inputDay = (ms: number | undefined): string =>
  ms === undefined ? '' : new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

/** What an input of a day holds; undefined: nothing. */
export function fromInputDay(text: string): number | undefined {
  const ms = text === '' ? Number.NaN : new Date(`${text}T00:00`).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
