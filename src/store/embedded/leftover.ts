// A server that outlived the program (its shell was killed too), or a postmaster.pid of one that did not.
// The first is stopped before we start our own on the same data; the second is removed when its process is somebody else's
// by now, because PostgreSQL would refuse to start over it.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';

const stopsWithinMs = 20_000;

/** `$0` of the shell that a server of ours is a child of. */
export const shellName = 'engawa-postgres';

export async function stopLeftover(dataFolder: string, log: Logger): Promise<void> {
  const file = join(dataFolder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!isServerOn(pid, dataFolder)) {
    rmSync(file, { force: true });
    log.info({ pid }, 'removed the mark of a PostgreSQL that ended without cleaning up');
    return;
  }
  // With its shell alive, it stops by itself as soon as the program behind it is gone; or that program is well and running.
  if (hasShell(pid)) log.info({ pid }, 'waiting for the PostgreSQL of an earlier run to end');
  else {
    log.warn({ pid }, 'stopping a PostgreSQL that an earlier run left behind');
    process.kill(pid, 'SIGINT');
  }
  const deadline = performance.now() + stopsWithinMs;
  while (isServerOn(pid, dataFolder)) {
    if (performance.now() > deadline) {
      throw new AppError(
        'database-unavailable',
        `A PostgreSQL (process ${pid}) still uses ${dataFolder}: end it, or the other program that runs on this folder.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function hasShell(pid: number): boolean {
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return parent > 1 && readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes(shellName);
}

export function isServerOn(pid: number, dataFolder: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.some((word) => word.endsWith('/postgres')) && command.includes(dataFolder);
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes(String((thrown as { code?: unknown }).code))) return false;
    throw thrown;
  }
}
