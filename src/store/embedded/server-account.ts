// PostgreSQL refuses to run as root. When we are root it runs as the system account `postgres` (made if there is none).
// If that account cannot reach the data or the programs, because they are below /root for example, `setpriv` lets the
// server pass closed folders, and nothing else of root's.

import { execFile } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { AppError, asError } from '../../shared/errors.ts';

const run = promisify(execFile);

export interface ServerAccount {
  uid: number;
  gid: number;
}

/** Undefined when we are not root: the server runs as whoever we are. */
export async function findServerAccount(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await accountNamed('postgres');
  if (known) return known;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
  } catch (thrown) {
    throw new AppError(
      'database-unavailable',
      'PostgreSQL cannot run as root, and the account postgres could not be made: run `useradd --system postgres`, or use a PostgreSQL of yours (database.kind: postgres).',
      { cause: asError(thrown) },
    );
  }
  return accountNamed('postgres');
}

async function accountNamed(name: string): Promise<ServerAccount | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch (thrown) {
    // `id` ends with 1 for an account that does not exist; anything else is a fault.
    if ((thrown as { code?: unknown }).code === 1) return undefined;
    throw thrown;
  }
}

/** The command that runs a program as that account. */
export function asAccount(
  account: ServerAccount | undefined,
  program: string,
  args: readonly string[],
  folders: readonly string[],
): { program: string; args: string[]; passesClosedFolders: boolean } {
  if (!account) return { program, args: [...args], passesClosedFolders: false };
  const closed = [program, ...folders].some((path) => !reachableByOthers(path, account));
  const capability = closed
    ? ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']
    : ['--inh-caps', '-all'];
  const become = ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups', ...capability];
  return { program: 'setpriv', args: [...become, program, ...args], passesClosedFolders: closed };
}

/** Lets the account, through its group, enter a folder of root's that is closed to everybody else. */
export function letEnter(folder: string, account: ServerAccount | undefined): void {
  if (!account) return;
  const { mode, uid, gid } = statSync(folder);
  if (uid !== 0 || gid !== 0 || (mode & 0o077) !== 0) return;
  chownSync(folder, uid, account.gid);
  chmodSync(folder, (mode & 0o777) | 0o010);
}

function reachableByOthers(path: string, account: ServerAccount): boolean {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}
