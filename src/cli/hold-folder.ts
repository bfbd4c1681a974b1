// One program per data folder: the file engawa.pid says which process holds it. What a killed process left is recognised by
// its time of start, which another process with the same number does not share.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../shared/errors.ts';

/** Returns what lets go of the folder. Throws AppError 'conflict' while another process has it. */
export function holdFolder(folder: string): () => void {
  const file = join(folder, 'engawa.pid');
  const mark = markOf(process.pid) ?? String(process.pid);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      // Linked, not written in place: whoever finds the file finds it whole.
      const draft = `${file}.${process.pid}`;
      writeFileSync(draft, `${mark}\n`, { mode: 0o600 });
      try {
        linkSync(draft, file);
      } finally {
        rmSync(draft);
      }
      return () => rmSync(file, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const held = readFileSync(file, 'utf8').trim();
    const pid = Number(held.split(' ')[0]);
    if (Number.isInteger(pid) && pid > 0 && markOf(pid) === held)
      throw new AppError(
        'conflict',
        `Engawa runs on ${folder} already (process ${pid}). Stop that one, or give this one a dataFolder of its own.`,
      );
    rmSync(file, { force: true });
  }
  throw new AppError('conflict', `Another Engawa is starting on ${folder}.`);
}

/** Number and time of start of a live process (field 22 of /proc/PID/stat, after the name in brackets). */
function markOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${startedAt}`;
  } catch {
    return isAlive(pid) ? String(pid) : undefined;
  }
}

/** For systems without /proc. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
