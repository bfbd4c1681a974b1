// CPU time of a process and everything it has started, from /proc (Linux): seconds so far.

import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

export function cpuSecondsOf(root: number): number {
  const parents = new Map<number, number>();
  const used = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(pid, Number(fields[1]));
      // Of itself, and of those that it started and that have ended.
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
      used.set(pid, ticks / ticksPerSecond);
    } catch {
      // It has just ended.
      parents.delete(pid);
    }
  }
  const isBelow = (pid: number): boolean => pid === root || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  let sum = 0;
  for (const [pid, seconds] of used) if (isBelow(pid)) sum += seconds;
  return sum;
}
