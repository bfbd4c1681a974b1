// Is this a load that can be carried and believed? Load tests go wrong in silence: ports that run out cap the calls, file
// descriptors run out, another program has the processor. What is found is said; what would make figures wrong refuses them.

import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  node: string;
  cores: number;
  model: string;
  memoryGib: number;
  load1: number;
  /** The largest receive buffer a socket may ask for: what bursts of UDP need. */
  receiveBufferLimit: number | null;
  openFilesLimit: number | null;
}

function numberIn(path: string, pattern: RegExp): number | null {
  try {
    const match = pattern.exec(readFileSync(path, 'utf8'));
    return match ? Number(match[1]) : null;
  } catch {
    // Not Linux, or not readable: unknown.
    return null;
  }
}

export function describeMachine(): Machine {
  return {
    node: process.version,
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    load1: Math.round(loadavg()[0]! * 100) / 100,
    receiveBufferLimit: numberIn('/proc/sys/net/core/rmem_max', /(\d+)/),
    openFilesLimit: numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m),
  };
}

/** The share of all cores that was busy while `during` ran, 0 to 1. */
export async function busyShare(during: () => Promise<unknown>): Promise<number> {
  const read = () => {
    const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/).slice(1).map(Number);
    return { idle: fields[3]! + fields[4]!, all: fields.slice(0, 8).reduce((sum, each) => sum + each, 0) };
  };
  const before = read();
  await during();
  const after = read();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** How busy other programs keep this machine, looked at for a second. */
export const othersBusy = (): Promise<number> => busyShare(() => new Promise((resolve) => setTimeout(resolve, 1000)));

/** Undefined when `sockets` can be open in one process and `ports` fit into the range; else the reason. */
export function cannotOpen(sockets: number): string | undefined {
  const limit = describeMachine().openFilesLimit;
  if (limit !== null && sockets + 100 > limit) {
    return `${sockets} sockets are needed, and only ${limit} files may be open (ulimit -n)`;
  }
  return undefined;
}
