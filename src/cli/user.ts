// `engawa user`: people without the page: the first administrator of an installation is made here. Nobody is given a password: the
// command prints a link, by which the person sets one. Scripts give a password on standard input; it is never an argument, where
// other users of the machine could read it.

import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import { createInvitation, invitationLink } from '../identity/invitations.ts';
import { createPasswords, noPassword } from '../identity/password.ts';
import { defaultClasses } from '../privacy/pii-class.ts';
import { readSurroundings } from '../routing/routing-files.ts';
import { systemClock as clock } from '../shared/clock.ts';
import type { Place } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';
import { createLogger } from '../shared/logger.ts';
import { type Role, roles } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { withStore } from './with-store.ts';

const help = `Usage: engawa user add LOGIN --config FILE [OPTIONS]
       engawa user invite LOGIN --config FILE
       engawa user list --config FILE

add prints a link by which the person sets a password; it works once, and not for long. invite makes a new one for who
forgot the password or lost the second factor: both are gone with it, and all sessions end.

  --role ROLE          ${roles.join(', ')} (default administrator)
  --name NAME          shown to others (default LOGIN)
  --place PLACE        centre, home or unknown (default unknown)
  --clearance CLASS    one of the classes of the reasons file (default the first)
  --queues a,b         queues served
  --password-stdin     for scripts: read the password from standard input instead of inviting`;

const places: readonly Place[] = ['centre', 'home', 'unknown'];

const options = {
  config: { type: 'string', short: 'c' },
  role: { type: 'string', default: 'administrator' },
  name: { type: 'string' },
  place: { type: 'string', default: 'unknown' },
  clearance: { type: 'string' },
  queues: { type: 'string', default: '' },
  'password-stdin': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];

export async function run(argv: string[]): Promise<number> {
  const { values: flags, positionals } = parseArgs({ args: argv, allowPositionals: true, options });
  const [what, login] = positionals;
  if (flags.help || !what) {
    console.log(help);
    return flags.help ? 0 : 2;
  }
  if (!flags.config) return complain('Say which installation: --config FILE.');
  const { config } = loadConfig(flags.config);
  return withStore(config, async (store) => {
    if (what === 'list') return list(store);
    if (what === 'add' && login) return add(config, store, login, flags);
    if (what === 'invite' && login) return inviteAgain(config, store, login);
    return complain(help);
  });
}

async function list(store: Store): Promise<number> {
  for (const person of await store.people.list())
    console.log(`${person.login.padEnd(24)}${person.role.padEnd(16)}${person.place.padEnd(9)}${person.displayName}`);
  return 0;
}

async function add(config: Config, store: Store, login: string, flags: Flags): Promise<number> {
  const role = flags.role as Role;
  const place = flags.place as Place;
  const { classes: known = defaultClasses } = await readSurroundings({ reasons: config.flows.reasons });
  const classes = known.map(({ id }) => id);
  const clearance = flags.clearance ?? classes[0]!;
  if (!roles.includes(role)) return complain(`--role must be one of: ${roles.join(', ')}.`);
  if (!places.includes(place)) return complain(`--place must be one of: ${places.join(', ')}.`);
  if (!classes.includes(clearance)) return complain(`--clearance must be one of: ${classes.join(', ')}.`);
  if (await store.people.byLogin(login)) return complain(`There is somebody with the login “${login}” already.`);
  const displayName = flags.name ?? login;
  const given = flags['password-stdin'] ? (await readStandardInput()).trim() : undefined;
  const minimumCharacters = config.signIn.passwordCharacters;
  const passwords = createPasswords({ minimumCharacters, company: config.company.name });
  const problem = given !== undefined && (await passwords.problemOf(given, { login, displayName }));
  if (problem === 'too-short') return complain(`A password needs at least ${minimumCharacters} characters.`);
  if (problem) return complain('This password would soon be guessed: choose another (docs/sign-in.md).');
  const { id } = await store.people.create({
    ...{ login, displayName, role, place, clearance },
    queues: flags.queues.split(',').filter(Boolean),
    language: 'ja',
    disabled: false,
    passwordHash: given === undefined ? noPassword : await passwords.hash(given),
  });
  await tell(store, 'user add', 'person-added', id, { role });
  console.log(`Added ${login}.`);
  if (given === undefined) await invite(config, store, id, 'user add');
  return 0;
}

/** What a lost telephone or a known password could still open is closed first. */
async function inviteAgain(config: Config, store: Store, login: string): Promise<number> {
  const person = await store.people.byLogin(login);
  if (!person) return complain(`There is nobody with the login “${login}”.`);
  if (person.disabled) return complain(`${login} is disabled, and cannot be invited.`);
  await store.people.update(person.id, { passwordHash: noPassword });
  await store.signIn.removeFactors(person.id);
  await store.signIn.signedOn.unlink(person.id);
  await store.signIn.halfOpen.removeOf(person.id);
  // A program that runs notices that they are gone within seconds.
  for (const { id } of await store.sessions.ofPerson(person.id)) await store.sessions.remove(id);
  await invite(config, store, person.id, 'user invite');
  return 0;
}

async function invite(config: Config, store: Store, personId: PersonId, command: string): Promise<void> {
  const hours = config.signIn.invitationHours;
  const { token, expiresAt } = await createInvitation(store.signIn.invitations, { personId, now: clock.now(), hours });
  await tell(store, command, 'person-invited', personId);
  console.log(`Open this link to set a password. It works once, until ${new Date(expiresAt).toLocaleString()}:`);
  console.log(invitationLink(pagesOf(config), token));
}

/** Port 0 is known only to the program that runs: the link is then below the address that it says. */
function pagesOf({ http: { publicUrl, tls, host, port } }: Config): string {
  return (
    publicUrl ?? (port === 0 ? '' : `${tls ? 'https' : 'http'}://${host === '127.0.0.1' ? 'localhost' : host}:${port}`)
  );
}

async function tell(
  store: Store,
  command: string,
  act: 'person-added' | 'person-invited',
  id: PersonId,
  details: Record<string, string> = {},
): Promise<void> {
  const audit = createAudit({ clock, log: createLogger({ level: 'error' }), rows: store.audit });
  const systemUser = userInfo().username;
  const target = { kind: 'person' as const, id };
  await audit.write({ act, by: { command }, target, outcome: 'done', details: { ...details, systemUser } });
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
