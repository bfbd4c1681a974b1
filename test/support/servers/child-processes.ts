// Finding our own children, to kill one of them in a test.

import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the direct children of `parent` whose command line holds `words`. Linux only. */
export function childPids(parent: number, words: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parentOf = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return parentOf === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(words);
      } catch {
        return false; // It ended while we looked.
      }
    });
}
