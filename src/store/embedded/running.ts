// The URL of an embedded PostgreSQL that runs already, for a command beside the program: its port stands in postmaster.pid
// (line 4), its password in the data folder. Undefined when none runs. Starts and stops nothing.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName, user } from './cluster.ts';
import { isServerOn } from './leftover.ts';

/** `folder` is the one that `startEmbeddedCluster` was given. */
export function urlOfRunningCluster(folder: string): string | undefined {
  const dataFolder = join(folder, 'cluster');
  const mark = join(dataFolder, 'postmaster.pid');
  const passwordFile = join(folder, 'password');
  if (!existsSync(mark) || !existsSync(passwordFile)) return undefined;
  const lines = readFileSync(mark, 'utf8').split('\n');
  if (!isServerOn(Number(lines[0]), dataFolder)) return undefined;
  return `postgres://${user}:${readFileSync(passwordFile, 'utf8').trim()}@127.0.0.1:${lines[3]}/${databaseName}`;
}
