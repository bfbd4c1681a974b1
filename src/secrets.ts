// Secrets: from the environment, or from files in the data folder that only this user may read. Never logged, never in config.
// The vault key is the one that must be kept with the backups: without it aliases cannot be called back.

import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './shared/errors.ts';

export interface Secrets {
  databaseUrl: string | undefined;
  /** For drachtio-server; our own SIP server gets a random one at each start. */
  drachtioSecret: string | undefined;
  /** Both are derived from the one vault key (RFC 5869): aliases are made with one, numbers sealed with the other. */
  vault: { aliasKey: Buffer; sealingKeys: Buffer[] };
}

export function loadSecrets(dataFolder: string, environment: NodeJS.ProcessEnv = process.env): Secrets {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  return {
    databaseUrl: environment['ENGAWA_DATABASE_URL'],
    drachtioSecret: environment['ENGAWA_DRACHTIO_SECRET'],
    vault: vaultKeys(
      environment['ENGAWA_VAULT_KEY']
        ? keyFromHex(environment['ENGAWA_VAULT_KEY'], 'ENGAWA_VAULT_KEY')
        : keyFromFile(join(dataFolder, 'vault.key')),
    ),
  };
}

function vaultKeys(key: Buffer): Secrets['vault'] {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', key, '', `engawa vault ${purpose}`, 32));
  return { aliasKey: derive('alias'), sealingKeys: [derive('seal')] };
}

function keyFromHex(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length !== 32) throw new AppError('secret-missing', `${where} must be 64 hexadecimal digits (32 bytes).`);
  return key;
}

function keyFromFile(file: string): Buffer {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  if ((statSync(file).mode & 0o077) !== 0)
    throw new AppError('secret-missing', `${file} can be read by others. Run: chmod 600 ${file}`);
  return keyFromHex(readFileSync(file, 'utf8'), file);
}
