// Makes a folder and what is missing above it. Not mkdirSync's `recursive`, which tries for ever where nothing can be made
// and nobody says so, as below /proc (ENOENT although the folder above is there).

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Throws the system's error, with its path, when the folder cannot be made. A folder that is there is left as it is. */
export function makeFolder(folder: string, mode = 0o700): void {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    // Another process was faster.
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}
