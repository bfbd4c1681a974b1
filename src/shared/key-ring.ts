// The keys of an installation as one text: the first one seals, all of them open. Words in front say what is different:
//
//   <64 hex>            a key, the newest first
//   next:<64 hex>       opens already, so that all nodes know it before any of them seals with it
//   alias:<64 hex>      kept when the key that it came from is dropped: aliases are made with it
//   sign-in:<64 hex>    the same for hashes of recovery codes
//
// Separated by lines, spaces or commas. Pure.

import { createHash, hkdfSync } from 'node:crypto';
import { AppError } from './errors.ts';

export interface KeyRing {
  /** Newest first; the first seals. 32 bytes each. */
  keys: readonly Buffer[];
  next?: Buffer;
  /** What cannot be made again from another key, by the word in front. */
  fixed: Partial<Record<FixedName, Buffer>>;
}

export type FixedName = 'alias' | 'sign-in';

const fixedPurposes: Record<FixedName, string> = { alias: 'vault alias', 'sign-in': 'sign-in' };

export function parseKeyRing(text: string, where: string): KeyRing {
  const keys: Buffer[] = [];
  const named = new Map<string, Buffer>();
  for (const token of text.split(/[\s,]+/).filter((part) => part !== '')) {
    const [, name, hex = ''] = /^(?:(next|alias|sign-in):)?([0-9a-f]{64})$/i.exec(token) ?? [];
    if (hex === '')
      throw new AppError('secret-missing', `${where} must be 64 hexadecimal digits (32 bytes), or several keys.`);
    if (name === undefined) keys.push(Buffer.from(hex, 'hex'));
    else named.set(name, Buffer.from(hex, 'hex'));
  }
  if (keys.length === 0)
    throw new AppError('secret-missing', `${where} holds no key: 64 hexadecimal digits (32 bytes).`);
  const [next, alias, signIn] = [named.get('next'), named.get('alias'), named.get('sign-in')];
  return {
    keys,
    ...(next ? { next } : {}),
    fixed: { ...(alias ? { alias } : {}), ...(signIn ? { 'sign-in': signIn } : {}) },
  };
}

export function keyRingText({ keys, next, fixed }: KeyRing): string {
  const lines = [
    ...keys.map((key) => key.toString('hex')),
    ...(next ? [`next:${next.toString('hex')}`] : []),
    ...Object.entries(fixed).map(([name, key]) => `${name}:${key.toString('hex')}`),
  ];
  return `${lines.join('\n')}\n`;
}

export function derivedKey(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `engawa ${purpose}`, 32));
}

/** All that open, the one that seals first. */
export const openingKeys = ({ keys, next }: KeyRing): readonly Buffer[] => (next ? [...keys, next] : keys);

/** From the oldest key, or what was kept of it. */
export function fixedKey({ keys, fixed }: KeyRing, name: FixedName): Buffer {
  return fixed[name] ?? derivedKey(keys.at(-1)!, fixedPurposes[name]);
}

/** What a key may be called: it says nothing of the key. */
export function keyName(key: Uint8Array): string {
  return createHash('sha256').update('engawa key name\0').update(key).digest('hex').slice(0, 8);
}

/** A next key that is there stays. */
export const prepared = (ring: KeyRing, fresh: Buffer): KeyRing => (ring.next ? ring : { ...ring, next: fresh });

/** The next key seals from now on. */
export function activated({ keys, next, fixed }: KeyRing): KeyRing {
  return next ? { keys: [next, ...keys], fixed } : { keys, fixed };
}

/** Only the key that seals stays, and what cannot be made from it. */
export function retired(ring: KeyRing): KeyRing {
  const { keys, next } = ring;
  const fixed = { alias: fixedKey(ring, 'alias'), 'sign-in': fixedKey(ring, 'sign-in') };
  return { keys: keys.slice(0, 1), ...(next ? { next } : {}), fixed };
}
