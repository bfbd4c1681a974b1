// Values as JSON text, in memory as in Redis: so nobody shares an object with another node by accident, and what cannot be
// sent is refused by both.

import { AppError } from '../../shared/errors.ts';

/** Far more than an entry needs; a value of this size is a mistake. */
const mostCharacters = 1_000_000;
const mostSnapshotCharacters = 64_000_000;

export function toText(value: unknown, what: string, most = mostCharacters): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new AppError('invalid-argument', `${what} cannot be written as JSON.`);
  if (text.length > most) {
    throw new AppError('invalid-argument', `${what} has ${text.length} characters; the most is ${most}.`);
  }
  return text;
}

export const snapshotText = (value: unknown) => toText(value, 'A snapshot', mostSnapshotCharacters);

export const fromText = <T>(text: string): T => JSON.parse(text) as T;

/** Names of maps, logs, topics and leases become part of keys. */
export function checkName(name: string, what: string): string {
  if (!/^[a-z0-9][a-z0-9._:-]{0,99}$/i.test(name)) {
    throw new AppError('invalid-argument', `${what} is to be named with letters, digits and . _ : - alone.`);
  }
  return name;
}

/** Keys of entries may hold anything but line ends. */
export function checkKey(key: string): string {
  if (key.length === 0 || key.length > 500 || /[\r\n]/.test(key)) {
    throw new AppError('invalid-argument', 'A key has 1 to 500 characters and no line end.');
  }
  return key;
}
