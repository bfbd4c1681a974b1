// The names of the recorded prompts of a folder: files LANGUAGE/NAME.wav, and names in LANGUAGE/prompts.yaml, whose words are spoken.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Language } from './flow/flow.ts';

/** A folder that cannot be read has none. */
export function promptNames(folder: string): Record<Language, string[]> {
  return { ja: namesIn(join(folder, 'ja')), en: namesIn(join(folder, 'en')) };
}

function namesIn(folder: string): string[] {
  const files = attempt(() => readdirSync(folder)) ?? [];
  const words = attempt(() => parse(readFileSync(join(folder, 'prompts.yaml'), 'utf8')) as unknown);
  const named = typeof words === 'object' && words !== null ? Object.keys(words) : [];
  const recorded = files.filter((file) => file.endsWith('.wav')).map((file) => file.slice(0, -4));
  return [...new Set([...named, ...recorded])].sort();
}

/** What is not there is nothing: prompts.ts tells it when it is asked for one of them. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
