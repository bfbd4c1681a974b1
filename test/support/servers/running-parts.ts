// The processes of a started program, for tests that stop or kill one of them.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningEngawa } from '../centre/engawa.ts';
import { childPids } from './child-processes.ts';

export function mediaPids(engawa: RunningEngawa): number[] {
  return childPids(engawa.child.pid!, 'engine-process');
}

/** Which of these processes has this UDP port of 127.0.0.1. */
export function ownerOfUdpPort(pids: number[], port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/udp', 'utf8').split('\n');
  const inode = rows.map((row) => row.trim().split(/\s+/)).find((columns) => columns[1] === `0100007F:${hex}`)?.[9];
  const owner = pids.find((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`),
  );
  if (owner === undefined) throw new Error(`none of ${pids} has UDP port ${port}`);
  return owner;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return undefined;
  }
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
