// Challenges for WebAuthn (Level 3 §13.4.3): random, for one purpose and one person, and good once within five minutes.
// They carry their own proof, so that whoever merely opens the sign-in page leaves nothing in the database; only a challenge that
// was answered rightly is remembered, on all nodes together, until its time is over.
//
//   16 random bytes · 6 bytes end of its time · 16 bytes HMAC-SHA-256 over both, the purpose and the person

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { SignInStore } from '../../store/sign-in.ts';

export interface Challenges {
  /** base64url. `about`: whom or what it is for. */
  issue(purpose: ChallengePurpose, about: string): string;
  /** Whether this is ours, for this, and still good. */
  isGood(challenge: string, purpose: ChallengePurpose, about: string): boolean;
  /** False: it was used before. */
  use(challenge: string): Promise<boolean>;
}

/** `sign-in`: by a passkey alone. `prove`: after the password, or again. `enrol`: a new passkey. */
export type ChallengePurpose = 'sign-in' | 'prove' | 'enrol';

export const challengeLastsMs = 5 * 60_000;
const randomLength = 16;
const timeLength = 6;
const macLength = 16;

export function createChallenges(needs: {
  clock: Clock;
  key: Uint8Array;
  useOnce: SignInStore['useOnce'];
}): Challenges {
  const { clock, key, useOnce } = needs;

  function mac(head: Buffer, purpose: ChallengePurpose, about: string): Buffer {
    const hmac = createHmac('sha256', key).update(head).update(`\0${purpose}\0${about}`);
    return hmac.digest().subarray(0, macLength);
  }

  return {
    issue(purpose, about) {
      const head = Buffer.alloc(randomLength + timeLength);
      randomBytes(randomLength).copy(head);
      head.writeUIntBE(clock.now() + challengeLastsMs, randomLength, timeLength);
      return Buffer.concat([head, mac(head, purpose, about)]).toString('base64url');
    },
    isGood(challenge, purpose, about) {
      const bytes = Buffer.from(challenge, 'base64url');
      if (bytes.length !== randomLength + timeLength + macLength) return false;
      const head = bytes.subarray(0, -macLength);
      if (!timingSafeEqual(bytes.subarray(-macLength), mac(head, purpose, about))) return false;
      return head.readUIntBE(randomLength, timeLength) > clock.now();
    },
    use: (challenge) => useOnce(`challenge ${challenge}`, clock.now() + challengeLastsMs),
  };
}
