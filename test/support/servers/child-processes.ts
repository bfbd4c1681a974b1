// Our own children: starting them so that none outlives us, and finding one to kill it in a test.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

const setpriv = '/usr/bin/setpriv';

/**
 * A command that is told to end (SIGTERM) when this process does, however that ends (prctl(2), PR_SET_PDEATHSIG): a test that was cut
 * would otherwise leave its program at a server that the next one uses. As given where setpriv(1) is not there.
 */
export function endsWithUs(program: string, args: readonly string[] = []): [string, string[]] {
  return existsSync(setpriv) ? [setpriv, ['--pdeathsig', 'TERM', program, ...args]] : [program, [...args]];
}

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
