// `engawa privacy`: what is kept of one customer, and taking it away for who asks to be forgotten. Recordings are deleted with
// `engawa recording delete`, each with a receipt; one that is under a legal hold keeps all the rest.

import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import { systemClock as clock } from '../shared/clock.ts';
import { asError } from '../shared/errors.ts';
import { createLogger } from '../shared/logger.ts';
import type { KeptOfCustomer } from '../store/customers.ts';
import type { Store } from '../store/store.ts';
import { withStore } from './with-store.ts';

const help = `Usage: engawa privacy COMMAND ALIAS --config FILE

  show ALIAS                    What is kept of this customer
  erase ALIAS --purpose WHY     Delete number, call list data, codes and call backs; figures stay, under an alias that
                                leads to nobody. Restart running nodes afterwards: they may know the number in memory`;

const options = {
  config: { type: 'string', short: 'c' },
  purpose: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export async function run(argv: string[]): Promise<number> {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: argv, allowPositionals: true, options });
  } catch (thrown) {
    return complain(`${asError(thrown).message}\n\n${help}`);
  }
  const { values: flags, positionals } = parsed;
  const [command, alias] = positionals;
  if (flags.help || !command) {
    console.log(help);
    return flags.help ? 0 : 2;
  }
  if (command !== 'show' && command !== 'erase')
    return complain(`There is no command “privacy ${command}”.\n\n${help}`);
  if (!flags.config) return complain('Say which installation: --config FILE.');
  if (!alias) return complain('Say which customer: an ALIAS.');
  const { config } = loadConfig(flags.config);
  if (command === 'show') return withStore(config, (store) => show(store, alias));
  const purpose = flags.purpose?.trim();
  if (!purpose) return complain('Say why: --purpose "…" is kept with the entry that this leaves.');
  return withStore(config, (store) => erase(store, alias, purpose));
}

async function show({ customers }: Store, alias: string): Promise<number> {
  const kept = await customers.about(alias);
  tell(kept);
  console.log(`${kept.calls} calls are recorded under ${alias}.`);
  tellRecordings(kept);
  return 0;
}

async function erase(store: Store, alias: string, purpose: string): Promise<number> {
  const { customers } = store;
  const kept = await customers.about(alias);
  if (kept.recordings.length > 0 || kept.callbacksWaiting > 0) return refuse(kept);
  const audit = createAudit({ clock, log: createLogger({ level: 'error' }), rows: store.audit });
  // Before, as with everything that cannot be undone: it names the alias and no number.
  await audit.write({
    ...{ act: 'customer-erased', by: { command: 'privacy erase' }, target: { kind: 'alias', id: alias } },
    ...{ outcome: 'done', purpose },
    details: { numbers: kept.numbers, listEntries: kept.listEntries, systemUser: userInfo().username },
  });
  const erased = await customers.erase(alias);
  if (!erased) return refuse(await customers.about(alias));
  tell(erased, 'deleted');
  console.log(
    `${erased.calls} calls stay as figures under ${alias}, which leads to nobody. Restart running nodes now.`,
  );
  return 0;
}

function refuse(kept: KeptOfCustomer): number {
  if (kept.callbacksWaiting > 0) console.error('A call back was promised and waits: cancel it first.');
  tellRecordings(kept, console.error);
  console.error('Nothing was deleted.');
  return 1;
}

function tell({ numbers, listEntries, verificationCodes, callbacks }: KeptOfCustomer, what = 'kept'): void {
  const counted = { numbers, 'call list entries': listEntries, codes: verificationCodes, 'call backs': callbacks };
  for (const [name, count] of Object.entries(counted)) console.log(`${String(count).padStart(5)} ${name} ${what}`);
}

function tellRecordings({ recordings }: KeptOfCustomer, print: (line: string) => void = console.log): void {
  for (const { id, held } of recordings)
    print(held ? `Recording ${id} is under a legal hold.` : `Recording ${id} is there: engawa recording delete ${id}`);
}

function complain(sentence: string): number {
  console.error(sentence);
  return 2;
}
