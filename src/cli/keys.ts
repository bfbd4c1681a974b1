// `engawa keys`: which keys this installation has, and new ones for them, without losing what older ones sealed.
// Steps are kept in the key file and the database, so whatever was broken off goes on where it was.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signingFiles } from '../app/audit.ts';
import { type Config, loadConfig } from '../config.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import { resealNumbers, resealTexts } from '../privacy/reseal.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import { systemClock as clock } from '../shared/clock.ts';
import { AppError } from '../shared/errors.ts';
import { activated, type KeyRing, keyName, keyRingText, parseKeyRing, prepared, retired } from '../shared/key-ring.ts';
import { createLogger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import { holdFolder } from './hold-folder.ts';
import { withStore } from './with-store.ts';

const help = `Usage: engawa keys COMMAND --config FILE

  list          Which keys there are, and how much each has sealed
  rotate        New keys, all at once, while Engawa is stopped; what was sealed is sealed again
  prepare       The first of three steps while Engawa runs, and with several nodes: a new key that opens and does not seal yet
  activate      The second: the new key seals. Before it, give all nodes the same key file and restart them one by one
  reseal        The third: what older keys sealed is sealed again. Before it, give out the key file and restart again
  retire        Older keys are dropped; what they sealed and was not sealed again is lost

Recordings have keys of their own: engawa recording rotate.`;

export async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command] = positionals;
  const act = command && Object.hasOwn(commands, command) ? commands[command as keyof typeof commands] : undefined;
  if (values.help || !act) {
    (values.help ? console.log : console.error)(help);
    return values.help ? 0 : 2;
  }
  if (!values.config) {
    console.error('Say which installation: --config FILE.');
    return 2;
  }
  return act(loadConfig(values.config).config);
}

const commands = { list, rotate, prepare: stepOf('prepare'), activate: stepOf('activate'), reseal, retire };

/** Where the ring is kept; a key that comes from the environment alone cannot be written there. */
function ringFile(config: Config, environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['ENGAWA_VAULT_KEY_FILE'];
  if (environment['ENGAWA_VAULT_KEY'])
    throw new AppError(
      'config-invalid',
      'The keys are in ENGAWA_VAULT_KEY, which cannot be written from here: put them into a file, and name it in ENGAWA_VAULT_KEY_FILE.',
    );
  return named ?? join(config.dataFolder, 'vault.key');
}

function readRing(file: string): KeyRing {
  if (!existsSync(file)) throw new AppError('secret-missing', `${file} is not there: it is made at the first start.`);
  return parseKeyRing(readFileSync(file, 'utf8'), file);
}

/** Whole or not at all, also with a power cut in the middle. */
function writeRing(file: string, ring: KeyRing): void {
  const draft = `${file}.${process.pid}`;
  const opened = openSync(draft, 'w', 0o600);
  try {
    writeSync(opened, keyRingText(ring));
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
  renameSync(draft, file);
}

const told = (key: Buffer): string => keyName(key);

async function list(config: Config): Promise<number> {
  const { keys, next, fixed } = readRing(ringFile(config));
  for (const [at, key] of keys.entries()) console.log(`${told(key)}  ${at === 0 ? 'seals and opens' : 'opens'}`);
  if (next) console.log(`${told(next)}  next: opens, does not seal yet`);
  for (const name of Object.keys(fixed)) console.log(`${name.padEnd(8)}  kept of a key that was dropped`);
  const { older, current } = await withStore(config, (store) =>
    resealed(store, loadSecrets(config.dataFolder), { count: true }),
  );
  console.log(`Sealed by ${told(keys[0]!)}: ${current}; by older keys: ${older}.`);
  console.log(`Audit log: signed by ${signingFiles(config, clock).key().id}.`);
  return 0;
}

/** Numbers and secrets of authenticator apps; everything else under these keys lives for minutes or a shift. */
async function resealed(store: Store, { vault }: Secrets, options: { count?: true } = {}) {
  const keys = vault.sealingKeys;
  const numbers = await resealNumbers(store.sealedValues.numbers, keys, options);
  const about = { purpose: 'second factors', aboutOf: (id: string) => `totp ${id}` };
  const apps = await resealTexts(store.sealedValues.authenticators, keys, { ...about, ...options });
  return { current: numbers.current + apps.current, older: numbers.older + apps.older };
}

async function tell(store: Store, details: Record<string, string | number>): Promise<void> {
  const audit = createAudit({ clock, log: createLogger({ level: 'error' }), rows: store.audit });
  await audit.write({
    ...{ act: 'keys-rotated', by: { command: 'keys' }, target: { kind: 'key', id: 'vault' }, outcome: 'done' },
    details: { ...details, systemUser: userInfo().username },
  });
}

function stepOf(step: 'prepare' | 'activate') {
  return async (config: Config): Promise<number> => {
    const file = ringFile(config);
    const before = readRing(file);
    const after = step === 'prepare' ? prepared(before, randomBytes(32)) : activated(before);
    if (step === 'activate' && !before.next) return complain('There is no next key: engawa keys prepare makes one.');
    // Before the act: a key that is used unseen would be worse than an entry without a key.
    await withStore(config, (store) => tell(store, { step, key: told(after.next ?? after.keys[0]!) }));
    writeRing(file, after);
    console.log(
      step === 'prepare'
        ? `${told(after.next!)} opens and does not seal yet. Give ${file} to all nodes, restart them one by one, then: engawa keys activate`
        : `${told(after.keys[0]!)} seals. Give ${file} to all nodes, restart them one by one, then: engawa keys reseal`,
    );
    return 0;
  };
}

async function reseal(config: Config): Promise<number> {
  const secrets = loadSecrets(config.dataFolder);
  return withStore(config, async (store) => {
    const { older, current } = await resealed(store, secrets);
    await tell(store, { step: 'reseal', values: older });
    console.log(`Sealed again: ${older}; were by the newest key already: ${current}.`);
    return 0;
  });
}

async function rotate(config: Config): Promise<number> {
  if (config.liveState.kind === 'redis')
    return complain('This is one of several nodes: take the steps, engawa keys prepare first.');
  const letGo = holdWhileStopped(config);
  try {
    const file = ringFile(config);
    const ring = readRing(file);
    return await withStore(config, async (store) => {
      const left = await resealed(store, loadSecrets(config.dataFolder), { count: true });
      const goesOn = left.older > 0 && !ring.next;
      if (goesOn) console.log(`An earlier rotation was broken off: ${left.older} values are still to be sealed again.`);
      else {
        const next = prepared(ring, randomBytes(32));
        await tell(store, { step: 'rotate', key: told(next.next!) });
        rotateSigning(config);
        writeRing(file, next);
        writeRing(file, activated(next));
      }
      const { older } = await resealed(store, loadSecrets(config.dataFolder));
      const { keys } = readRing(file);
      await tell(store, { step: 'resealed', values: older });
      console.log(
        `${told(keys[0]!)} seals; sealed again: ${older}. Older keys still open: engawa keys retire drops them.`,
      );
      return 0;
    });
  } finally {
    letGo();
  }
}

function rotateSigning(config: Config): void {
  const { from, to } = signingFiles(config, clock).rotate(clock.now());
  console.log(
    `The audit log is signed by ${to.id} from now on; ${from.id} has vouched for it. Its public key: ${to.publicKey}`,
  );
}

async function retire(config: Config): Promise<number> {
  const file = ringFile(config);
  const ring = readRing(file);
  return withStore(config, async (store) => {
    const { older } = await resealed(store, loadSecrets(config.dataFolder), { count: true });
    if (older > 0) return complain(`${older} values are sealed by older keys: engawa keys reseal first.`);
    const dropped = ring.keys.slice(1).map(told);
    await tell(store, { step: 'retire', dropped: dropped.join(' ') });
    writeRing(file, retired(ring));
    console.log(dropped.length === 0 ? 'There was no older key.' : `Dropped: ${dropped.join(', ')}.`);
    return 0;
  });
}

/** A program that runs knows the old keys alone, and could not read what is sealed by a new one. */
function holdWhileStopped(config: Config): () => void {
  try {
    return holdFolder(config.dataFolder);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'conflict') throw thrown;
    throw new AppError('conflict', `${thrown.message} Or take the steps while it runs: engawa keys prepare.`, {
      cause: thrown,
    });
  }
}

function complain(sentence: string): number {
  console.error(sentence);
  return 2;
}
