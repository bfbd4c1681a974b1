// Key pairs for recordings (age X25519, or its post-quantum hybrid). The private half belongs to whoever may listen, not to the server that records;
// only the demo company keeps both in one place.

import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { AppError } from '../shared/errors.ts';

/**
 * Writes a new private key, readable by its owner only, in the form of age-keygen. Never replaces a file. `postQuantum`: a hybrid of
 * ML-KEM-768 and X25519, which age opens from version 1.3 on.
 */
export async function writeNewIdentity(file: string, { postQuantum = false } = {}): Promise<{ recipient: string }> {
  const identity = await (postQuantum ? generateHybridIdentity() : generateX25519Identity());
  const recipient = await identityToRecipient(identity);
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600).catch((cause) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new AppError('conflict', `${file} is there already: a private key is never replaced.`, { cause });
  });
  try {
    await handle.writeFile(`# public key: ${recipient}\n${identity}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { recipient };
}

/** The private keys of a file as age-keygen or `writeNewIdentity` made it. */
export async function readIdentities(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0) throw new AppError('invalid-argument', `There is no private key in ${file}.`);
  return identities;
}

/** The public keys that belong to a file of private keys; the file is made when it is missing (demo only). */
export async function ensureIdentity(file: string): Promise<{ recipients: string[] }> {
  const identities = await readIdentities(file).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (!identities) return { recipients: [(await writeNewIdentity(file)).recipient] };
  return { recipients: await Promise.all(identities.map((identity) => identityToRecipient(identity))) };
}
