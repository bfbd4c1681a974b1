// One-time codes, how often somebody has tried, and what is sealed and on its way to the company. No code is here, nor any
// digit: keyed hashes, and files that only the company can open. The maker is store/postgres/verification-tables.ts.

import type { CallId } from '../shared/ids.ts';

export interface VerificationCodeRow {
  id: string;
  /** Keyed hash (privacy/one-time-code.ts), hex. */
  codeHash: string;
  factor: string;
  /** The customer by number, under the alias; null when only the company's own name of the customer is known. */
  alias: string | null;
  /** Keyed hash of the company's own name of the customer. */
  customerHash: string | null;
  createdAt: number;
  expiresAt: number;
  endedAt: number | null;
  /** `replaced`: a newer one was made for the same customer. `locked`: keyed wrongly too often. */
  ended: 'used' | 'replaced' | 'revoked' | 'locked' | null;
  usedByCall: CallId | null;
}

export type NewVerificationCode = Pick<
  VerificationCodeRow,
  'id' | 'codeHash' | 'factor' | 'alias' | 'customerHash' | 'createdAt' | 'expiresAt'
>;

export interface VerificationCodes {
  /** The customer's earlier code for this factor is replaced. False: another code has this hash, so make another one. */
  put(code: NewVerificationCode): Promise<boolean>;
  /**
   * Uses the code, if it lives and is this caller's: `alias` is the caller, null when the number is withheld. Of many that
   * try the same code at the same moment, from any node, one gets it.
   */
  redeem(query: {
    codeHash: string;
    factor: string;
    alias: string | null;
    callId: CallId;
    at: number;
  }): Promise<VerificationCodeRow | undefined>;
  /** Somebody keyed a wrong code as this caller: after `mostMisses` the caller's live codes are locked. */
  missed(query: { factor: string; alias: string; at: number; mostMisses: number }): Promise<void>;
  byId(id: string): Promise<VerificationCodeRow | undefined>;
  /** False: there is no such code, or it has ended. */
  revoke(id: string, at: number): Promise<boolean>;
  /** Counts one more try under this name; says how many there were in the current window, this one included. */
  countTry(scope: string, at: number, windowMs: number): Promise<number>;
  /** The last try was a good one and is not counted. */
  uncountTry(scope: string): Promise<void>;
  /** Rows that ended or ran out before this time go. */
  purge(before: number): Promise<void>;
}

export interface SealedPost {
  id: string;
  /** Of the configuration, by its name. */
  destination: string;
  /** JSON, in it an age file that only the company can open. */
  body: string;
  createdAt: number;
  tries: number;
}

export interface SealedPosts {
  put(post: SealedPost & { nextAt: number }): Promise<void>;
  /** Those whose time has come, each given to one who asks and to nobody else until `at + leaseMs`. Counts a try of each. */
  take(query: { at: number; leaseMs: number; limit: number }): Promise<SealedPost[]>;
  /** Delivered, or given up. */
  remove(id: string): Promise<void>;
  later(id: string, nextAt: number): Promise<void>;
}
