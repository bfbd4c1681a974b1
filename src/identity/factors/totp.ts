// Codes of an authenticator app: TOTP (RFC 6238) as all of the apps do it: SHA-1, six digits, 30 seconds, one step of tolerance to
// both sides (§5.2). Secrets have 160 random bits (RFC 4226 §4 R6) and are sealed at rest under a key of the program; a code counts
// once (§5.2).

import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { TextSealer } from '../../privacy/seal-text.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { SignInStore } from '../../store/sign-in.ts';

export interface TotpFactor {
  /** A new secret, which counts once a code of it was confirmed. Undefined: there is a confirmed one already. */
  begin(person: { id: PersonId; login: string }): Promise<TotpEnrolment | undefined>;
  /** Whether the app has it: the code is used by that. */
  confirm(personId: PersonId, code: string): Promise<boolean>;
  prove(personId: PersonId, code: string): Promise<boolean>;
  /** When it was confirmed; null when there is none. */
  since(personId: PersonId): Promise<number | null>;
  remove(personId: PersonId): Promise<boolean>;
}

/** `uri` is what a QR code shows (otpauth://totp/…); `secret` is for typing, in base32. */
export interface TotpEnrolment {
  secret: string;
  uri: string;
}

const digits = 6;
const period = 30;

export function createTotpFactor(needs: {
  clock: Clock;
  rows: SignInStore['totp'];
  sealer: TextSealer;
  /** Shown in the app. */
  issuer: string;
}): TotpFactor {
  const { clock, rows, sealer, issuer } = needs;
  const about = (personId: PersonId) => `totp ${personId}`;
  const totp = (secret: string, label: string) =>
    new TOTP({ issuer, label, secret: Secret.fromBase32(secret), digits, period, algorithm: 'SHA1' });

  async function use(personId: PersonId, code: string, isConfirmed: boolean): Promise<boolean> {
    const row = await rows.of(personId);
    if (!row || (row.confirmedAt !== null) !== isConfirmed || !/^\d{6}$/.test(code)) return false;
    const secret = sealer.open(row.sealed, about(personId));
    if (secret === undefined) return false;
    const timestamp = clock.now();
    const delta = totp(secret, personId).validate({ token: code, timestamp, window: 1 });
    if (delta === null) return false;
    return rows.useStep(personId, TOTP.counter({ period, timestamp }) + delta);
  }

  return {
    async begin({ id, login }) {
      const secret = new Secret({ buffer: new Uint8Array(randomBytes(20)).buffer }).base32;
      const begun = await rows.begin(id, { sealed: sealer.seal(secret, about(id)), createdAt: clock.now() });
      return begun ? { secret, uri: totp(secret, login).toString() } : undefined;
    },
    async confirm(personId, code) {
      const right = await use(personId, code, false);
      if (right) await rows.confirm(personId, clock.now());
      return right;
    },
    prove: (personId, code) => use(personId, code, true),
    since: async (personId) => (await rows.of(personId))?.confirmedAt ?? null,
    remove: rows.remove,
  };
}
