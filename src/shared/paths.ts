// Where the project's own files are, from the sources as well as from dist/.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package-lock.json')) || existsSync(join(dir, 'migrations'))) return dir;
    if (dirname(dir) === dir) throw new Error(`no project root above ${from}`);
  }
}

/** The folder that holds package.json, config/ and migrations/. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * The file to start as a child process, given without its ending: the TypeScript source when run from sources
 * (with a loader in execArgv), the compiled file when run from dist/.
 */
export function processEntry(importMetaUrl: string, relativePathWithoutEnding: string): string {
  const ending = importMetaUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(relativePathWithoutEnding + ending, importMetaUrl));
}
