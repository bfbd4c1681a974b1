// The processes of a started program, for tests that stop or kill one of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childPids } from './child-processes.ts';
import type { RunningEngawa } from './engawa.ts';

export function mediaPids(engawa: RunningEngawa): number[] {
  return childPids(engawa.child.pid!, 'engine-process');
}

export function recorderPids(engawa: RunningEngawa): number[] {
  return childPids(engawa.child.pid!, 'recorder-process');
}

/** PostgreSQL's postmaster and everything it has started. */
export function databasePids(engawa: RunningEngawa): number[] {
  const postmaster = Number(
    readFileSync(join(engawa.dataFolder, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0],
  );
  return [postmaster, ...childPids(postmaster, '')];
}

export function signal(pids: number[], name: NodeJS.Signals): void {
  if (pids.length === 0) throw new Error('there is no such process');
  for (const pid of pids) process.kill(pid, name);
}
