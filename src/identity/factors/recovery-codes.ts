// Recovery codes: printed, for the day when passkey and telephone are lost. Ten of 120 random bits, each good once. We keep a keyed
// hash, which is enough for that much randomness (NIST SP 800-63B-4 §3.1.2.2, look-up secrets).
// Letters and digits that a pen cannot confuse: no I, L, O, U, 0 or 1.

import { createHmac, randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { SignInStore } from '../../store/sign-in.ts';

export interface RecoveryCodes {
  /** Shown now and never again; the earlier ones are worth nothing any more. */
  renew(personId: PersonId): Promise<string[]>;
  prove(personId: PersonId, code: string): Promise<boolean>;
  left(personId: PersonId): Promise<number>;
}

const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const howMany = 10;
const groups = 5;
const groupLength = 5;

/** Five groups of five: `7KQ2M-…`, log2(30) × 25 = 122 bits. */
export function newRecoveryCode(): string {
  const group = () => Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

export function createRecoveryCodes(needs: {
  clock: Clock;
  rows: SignInStore['recoveryCodes'];
  key: Uint8Array;
}): RecoveryCodes {
  const { clock, rows, key } = needs;
  const hashOf = (personId: PersonId, code: string) =>
    createHmac('sha256', key)
      .update(`recovery\0${personId}\0${readable(code)}`)
      .digest('hex');
  return {
    async renew(personId) {
      const codes = Array.from({ length: howMany }, newRecoveryCode);
      const hashes = codes.map((code) => hashOf(personId, code));
      await rows.replace(personId, hashes, clock.now());
      return codes;
    },
    prove: (personId, code) => rows.use(personId, hashOf(personId, code), clock.now()),
    left: rows.left,
  };
}

/** As it may be typed: small letters, without hyphens, in full width. */
function readable(code: string): string {
  return code
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '');
}
