// The key that signs heads of the audit log, and the file that they go to, in a folder of the data folder. The key is made at the
// first start and readable by this user alone; the file only grows.

import {
  appendFileSync,
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import {
  type HeadLine,
  newSigningKey,
  parseHeadLine,
  readSigningKey,
  type SigningKey,
  signingKeyText,
  signKey,
} from './heads.ts';

export interface SigningFiles {
  readonly headsFile: string;
  /** As it is now: it may have been rotated meanwhile. */
  key(): SigningKey;
  append(line: HeadLine): void;
  lines(): HeadLine[];
  /** Makes a new key, for which the old one vouches. */
  rotate(now: number): { from: SigningKey; to: SigningKey };
}

/** `folder` is made, and a key in it, when there is none. `headsFile`: elsewhere than in the folder. */
export function openSigningFiles(folder: string, now: number, headsFile = join(folder, 'heads.ndjson')): SigningFiles {
  makeFolder(folder);
  makeFolder(dirname(headsFile));
  const keyFile = join(folder, 'signing.key');

  function append(line: HeadLine): void {
    const file = openSync(headsFile, 'a', 0o600);
    try {
      // What a crash left without its end is not to swallow this line.
      const torn = existsSync(headsFile) && !endsWell(headsFile);
      appendFileSync(file, `${torn ? '\n' : ''}${JSON.stringify(line)}\n`);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  function write(key: SigningKey): void {
    const draft = `${keyFile}.${process.pid}`;
    const file = openSync(draft, 'w', 0o600);
    try {
      writeSync(file, signingKeyText(key));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, keyFile);
  }

  if (!existsSync(keyFile)) {
    const key = newSigningKey();
    append(signKey(key, now));
    write(key);
  }
  const read = (): SigningKey => {
    if ((statSync(keyFile).mode & 0o077) !== 0)
      throw new AppError('secret-missing', `${keyFile} can be read by others. Run: chmod 600 ${keyFile}`);
    return readSigningKey(readFileSync(keyFile, 'utf8'), keyFile);
  };
  read();

  return {
    headsFile,
    key: read,
    append,
    lines: () => readHeads(headsFile),
    rotate(at) {
      const from = read();
      const to = newSigningKey();
      // Vouched for before it is used; one that a crash leaves vouched for and unused does no harm.
      append(signKey(to, at, from));
      write(to);
      return { from, to };
    },
  };
}

const endsWell = (file: string): boolean => {
  const bytes = readFileSync(file);
  return bytes.length === 0 || bytes.at(-1) === 0x0a;
};

/** The lines of a file of signed heads; what is torn or no such line is left out. */
export function readHeads(file: string): HeadLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text) => parseHeadLine(text) ?? []);
}
