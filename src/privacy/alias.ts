// The public name of a customer, such as `K7Q4-M2XD`: five bits a symbol from a keyed hash of the number.
// Eight symbols are 40 bits, so among a million numbers some pair may share them; such a name is made longer by four
// symbols of the same hash (number-vault.ts decides). Symbols are easy to say and to hear apart: no I, O, 0, 1.
// Pure. A name says nothing about the number without the key.

import { createHmac } from 'node:crypto';
import type { Alias } from './vault.ts';

const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const groupLength = 4;
/** Every alias begins with so many symbols. */
const shortAliasSymbols = 8;
/** 32 bytes of hash have no more. */
const maxSymbols = 48;

/** The keyed hash of a canonical number, hex. Without the key, trying every number gives nothing. */
export function hashNumber(canonical: string, key: Uint8Array): string {
  return createHmac('sha256', key).update('engawa number\0').update(canonical).digest('hex');
}

/** The first symbols of a hash. */
export function aliasFromHash(numberHash: string, symbols = shortAliasSymbols): Alias {
  const bytes = Buffer.from(numberHash, 'hex');
  let text = '';
  let bits = 0;
  let value = 0;
  for (let at = 0; text.length < symbols; ) {
    if (bits < 5) {
      value = (value << 8) | bytes[at++]!;
      bits += 8;
    }
    bits -= 5;
    text += alphabet[(value >>> bits) & 31];
    value &= (1 << bits) - 1;
  }
  return group(text);
}

/** An alias as a person wrote it: lower case, other dashes and spaces are understood. */
export function parseAlias(text: string): Alias | undefined {
  const symbols = text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\-‐‑–—ー−]/g, '');
  const fits =
    symbols.length >= shortAliasSymbols && symbols.length <= maxSymbols && symbols.length % groupLength === 0;
  return fits && [...symbols].every((symbol) => alphabet.includes(symbol)) ? group(symbols) : undefined;
}

/** True if the hash is one that this alias may stand for. */
export function aliasFits(alias: Alias, numberHash: string): boolean {
  return aliasFromHash(numberHash, alias.replaceAll('-', '').length) === alias;
}

/** The same alias with one group more. */
export function longerAlias(alias: Alias, numberHash: string): Alias {
  return aliasFromHash(numberHash, alias.replaceAll('-', '').length + groupLength);
}

function group(symbols: string): Alias {
  return symbols.match(/.{4}/g)!.join('-') as Alias;
}
