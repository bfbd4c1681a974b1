// `engawa audit`: looks for changes in the log of who did what, exports it, deletes what is personal of somebody who has left.
// An export is verified anywhere, without a database.

import { open, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { signingFiles } from '../app/audit.ts';
import { type Config, loadConfig } from '../config.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import { exportLines, readExport } from '../identity/audit/export.ts';
import { type HeadLine, signHead, trustKeys } from '../identity/audit/heads.ts';
import { recordsFrom } from '../identity/audit/sign-heads.ts';
import { readHeads } from '../identity/audit/signing-files.ts';
import { type Verification, verifyAudit } from '../identity/audit/verify.ts';
import { systemClock as clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import type { PersonId } from '../shared/ids.ts';
import { createLogger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import { withStore } from './with-store.ts';

const help = `Usage: engawa audit COMMAND [OPTIONS]

  verify --config FILE               Look for changes, removals, insertions and reordering, in the database itself
  verify --export FILE               The same in an export, without a database
  export --config FILE --out FILE --purpose WHY [--csv]
                                     Everything, as NDJSON or CSV that verifies by itself
  forget LOGIN --config FILE         Delete addresses, browsers and reasons of what this person did; the chain holds
  public-key --config FILE           The key that signed heads are verified with

  --from FILE         Signed heads; may be given several times. With --config, that of the configuration besides
  --public-key KEY    A key that is believed; may be given several times. Without one, the file is taken at its word`;

const options = {
  config: { type: 'string', short: 'c' },
  export: { type: 'string' },
  from: { type: 'string', multiple: true, default: [] as string[] },
  'public-key': { type: 'string', multiple: true, default: [] as string[] },
  out: { type: 'string', short: 'o' },
  purpose: { type: 'string' },
  csv: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];

export async function run(argv: string[]): Promise<number> {
  let flags: Flags;
  let positionals: string[];
  try {
    ({ values: flags, positionals } = parseArgs({ args: argv, allowPositionals: true, options }));
  } catch (thrown) {
    return complain(`${asError(thrown).message}\n\n${help}`);
  }
  const [command, subject] = positionals;
  if (flags.help || !command) {
    console.log(help);
    return flags.help ? 0 : 2;
  }
  if (command === 'verify' && flags.export) return verifyFile(flags.export, flags);
  if (!flags.config) return complain('Say which installation: --config FILE.');
  const { config } = loadConfig(flags.config);
  switch (command) {
    case 'verify':
      return withStore(config, (store) => verifyStore(store, config, flags));
    case 'export':
      return withStore(config, (store) => writeExport(store, config, flags));
    case 'forget':
      return subject ? withStore(config, (store) => forget(store, subject)) : complain('Say whom: a LOGIN.');
    case 'public-key':
      console.log(signingFiles(config, clock).key().publicKey);
      return 0;
    default:
      return complain(`There is no command “audit ${command}”.\n\n${help}`);
  }
}

async function verifyStore(store: Store, config: Config, { from, 'public-key': keys }: Flags): Promise<number> {
  const heads = [config.audit.headsFile!, ...from].flatMap(readHeads);
  const found = await verifyAudit(recordsFrom(store.audit, 0), { heads, keys: trustKeys(keys) });
  return report(found, heads, keys.length > 0);
}

async function verifyFile(file: string, { from, 'public-key': keys }: Flags): Promise<number> {
  const read = readExport(await readFile(file, 'utf8'));
  if (!read) return complain(`${file} is no export of an audit log.`);
  const heads = [...read.heads, ...from.flatMap(readHeads)];
  const found = await verifyAudit(read.records, { partial: true, heads, keys: trustKeys(keys) });
  return report(found, heads, keys.length > 0);
}

function report(found: Verification, heads: readonly HeadLine[], keyGiven: boolean): number {
  const { problems, entries, first, last, newestHead, headsAgreed, forgotten, more } = found;
  for (const { sentence } of problems) console.log(`BAD   ${sentence}`);
  if (more) console.log('BAD   … and more.');
  console.log(`${entries} entries, from ${first} to ${last}; ${headsAgreed} signed heads agree.`);
  if (forgotten > 0) console.log(`Of ${forgotten} entries the personal details were deleted, as entries say.`);
  if (newestHead && newestHead.seq < last)
    console.log(`Entries after ${newestHead.seq} are in the chain, and not signed yet.`);
  if (!newestHead)
    console.log(
      'No signed head agrees with it: a tail that was cut off, or a chain that was made anew, does not show.',
    );
  else if (!keyGiven && heads.length > 0)
    console.log('No --public-key was given: who can write the file of heads can write others.');
  console.log(problems.length === 0 ? 'good: nothing was changed, removed, inserted or reordered.' : 'BAD: see above.');
  return problems.length === 0 ? 0 : 1;
}

async function writeExport(store: Store, config: Config, { out, purpose, csv }: Flags): Promise<number> {
  if (!out) return complain('Say where it goes: --out FILE.');
  if (!purpose) return complain('Say why: --purpose "…" is kept with the entry that this leaves.');
  const format = csv ? ('csv' as const) : ('ndjson' as const);
  await auditOf(store).write({
    ...{
      act: 'audit-exported',
      by: { command: 'audit export' },
      target: { kind: 'audit', id: 'all' },
      outcome: 'done',
    },
    ...{ purpose, details: { format, systemUser: systemUser() } },
  });
  const files = signingFiles(config, clock);
  const seal = async (seq: number, hash: string): Promise<HeadLine[]> => {
    const [first] = await store.audit.read({ after: 0, limit: 1 });
    return [...keyLines(files.lines()), signHead({ chain: first!.hash, seq, hash, at: clock.now() }, files.key())];
  };
  const file = await open(out, 'wx', 0o600);
  try {
    for await (const line of exportLines({ rows: store.audit, query: {}, format, now: clock.now(), seal }))
      await file.appendFile(line);
  } finally {
    await file.close();
  }
  return 0;
}

export const keyLines = (lines: readonly HeadLine[]): HeadLine[] => lines.filter(({ kind }) => kind === 'key');

async function forget(store: Store, login: string): Promise<number> {
  const person = await store.people.byLogin(login);
  if (!person) return complain(`There is nobody with the login “${login}”.`);
  if (!person.disabled) return complain(`${login} may still sign in: disable the account first.`);
  await auditOf(store).write({
    ...{ act: 'details-forgotten', by: { command: 'audit forget' }, target: { kind: 'person', id: person.id } },
    ...{ outcome: 'done', details: { systemUser: systemUser() } },
  });
  const gone = await store.audit.forgetDetails(person.id as PersonId);
  console.log(`Details of ${gone} entries of ${person.id} are deleted; who, what and when stay, under that id.`);
  return 0;
}

const auditOf = (store: Store) => createAudit({ clock, log: createLogger({ level: 'error' }), rows: store.audit });
const systemUser = (): string => userInfo().username;

function complain(sentence: string): number {
  console.error(sentence);
  return 2;
}
