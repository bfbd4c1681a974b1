// `engawa user`: people without the page: the first administrator of an installation is made here. A password is read from
// standard input, or made and shown once; it is never an argument, where other users of the machine could read it.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { hashPassword } from '../identity/password.ts';
import { defaultClasses } from '../privacy/pii-class.ts';
import { readSurroundings } from '../routing/routing-files.ts';
import { loadSecrets } from '../secrets.ts';
import { systemClock } from '../shared/clock.ts';
import type { Place } from '../shared/events.ts';
import { createLogger } from '../shared/logger.ts';
import { createStore } from '../store/create-store.ts';
import { urlOfRunningCluster } from '../store/embedded/running.ts';
import { type Role, roles } from '../store/records.ts';

const help = `Usage: engawa user add LOGIN --config FILE [OPTIONS]
       engawa user list --config FILE

  --role ROLE          ${roles.join(', ')} (default administrator)
  --name NAME          shown to others (default LOGIN)
  --place PLACE        centre, home or unknown (default unknown)
  --clearance CLASS    one of the classes of the reasons file (default the first)
  --queues a,b         queues served
  --password-stdin     read the password from standard input; without it one is made and shown once`;

const places: readonly Place[] = ['centre', 'home', 'unknown'];

export async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      role: { type: 'string', default: 'administrator' },
      name: { type: 'string' },
      place: { type: 'string', default: 'unknown' },
      clearance: { type: 'string' },
      queues: { type: 'string', default: '' },
      'password-stdin': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [what, login] = positionals;
  if (values.help || !what) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  if (!values.config) return complain('Say which installation: --config FILE.');
  const { config } = loadConfig(values.config);
  const secrets = loadSecrets(config.dataFolder);
  // While the program runs, its database is used, not started a second time.
  const url =
    config.database.kind === 'postgres'
      ? secrets.databaseUrl
      : urlOfRunningCluster(join(config.dataFolder, 'postgres'));
  const store = await createStore({
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    dataFolder: config.dataFolder,
    ...(url ? { url } : {}),
  });
  try {
    if (what === 'list') {
      for (const person of await store.people.list())
        console.log(
          `${person.login.padEnd(24)}${person.role.padEnd(16)}${person.place.padEnd(9)}${person.displayName}`,
        );
      return 0;
    }
    if (what !== 'add' || !login) return complain(help);
    const role = values.role as Role;
    const place = values.place as Place;
    const { classes: known = defaultClasses } = await readSurroundings({ reasons: config.flows.reasons });
    const classes = known.map(({ id }) => id);
    const clearance = values.clearance ?? classes[0]!;
    if (!roles.includes(role)) return complain(`--role must be one of: ${roles.join(', ')}.`);
    if (!places.includes(place)) return complain(`--place must be one of: ${places.join(', ')}.`);
    if (!classes.includes(clearance)) return complain(`--clearance must be one of: ${classes.join(', ')}.`);
    if (await store.people.byLogin(login)) return complain(`There is somebody with the login “${login}” already.`);
    const given = values['password-stdin'] ? (await readStandardInput()).trim() : undefined;
    if (given !== undefined && given.length < 12) return complain('A password needs at least 12 characters.');
    const password = given ?? randomBytes(12).toString('base64url');
    await store.people.create({
      login,
      displayName: values.name ?? login,
      role,
      place,
      clearance,
      queues: values.queues.split(',').filter(Boolean),
      language: 'ja',
      disabled: false,
      passwordHash: await hashPassword(password),
    });
    console.log(given === undefined ? `Added ${login}. Password, shown only now: ${password}` : `Added ${login}.`);
    return 0;
  } finally {
    await store.close();
  }
}

function complain(sentence: string): number {
  console.error(sentence);
  return 2;
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
