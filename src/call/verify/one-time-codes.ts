// One-time codes: made for a customer whom the company knows, keyed in a call. A code is bound to the customer's number; made for
// the company's own name of a customer, or keyed in a call with a withheld number, it says itself who it is (to the company,
// which knows for whom it had the code made; the agent sees "verified"). Tries are counted before they are made.

import { hashCode, hashCustomerKey, isCode, makeCode, shownCode } from '../../privacy/one-time-code.ts';
import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias, Vault } from '../../privacy/vault.ts';
import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import { type CallId, newId } from '../../shared/ids.ts';
import type { Random } from '../../shared/random.ts';
import type { VerificationCodeRow, VerificationCodes } from '../../store/verification.ts';
import type { CodeSettings } from './verification-settings.ts';

export interface CodeRequest {
  factor: string;
  /** At least one of them. With a number and a key, the code is bound to the number. */
  customer: { number?: PhoneNumber; alias?: Alias; key?: string };
  lifetimeSeconds?: number;
}

export type MadeCode =
  | { kind: 'made'; id: string; code: string; shown: string; expiresAt: number }
  | { kind: 'unknown-alias' }
  /** So many were made for this customer that no more are for a while. */
  | { kind: 'too-many' };

/** What became of a code: for the company's systems, which know whose it is. */
export interface CodeView {
  id: string;
  factor: string;
  state: 'waiting' | 'expired' | NonNullable<VerificationCodeRow['ended']>;
  createdAt: number;
  expiresAt: number;
  endedAt: number | null;
  callId: CallId | null;
}

export type Redeemed =
  | { kind: 'verified'; codeId: string }
  /** No such code for this caller; or it has run out, was used, or belongs to another. Nobody is told which. */
  | { kind: 'wrong' }
  /** Too many tries: nothing was looked at. */
  | { kind: 'locked' };

export interface OneTimeCodes {
  make(request: CodeRequest): Promise<MadeCode>;
  byId(id: string): Promise<CodeView | undefined>;
  revoke(id: string): Promise<boolean>;
  redeem(query: { digits: string; factor: string; alias: string | null; callId: CallId }): Promise<Redeemed>;
}

export interface OneTimeCodesNeeds {
  clock: Clock;
  random: Random;
  rows: VerificationCodes;
  vault: Vault;
  /** 32 bytes; the same on all nodes. */
  key: Uint8Array;
  /** Codes that were made with one of these still count; `key` is another. */
  olderKeys?: readonly Uint8Array[];
  settings: CodeSettings;
}

const windowMs = 15 * 60_000;
const keptMs = 24 * 3_600_000;
/** Wrong ones in the name of a customer, until the customer's code is dead. */
const mostMisses = 5;
/** Among a million live codes one in ten is taken already. */
const mostDraws = 20;

export function createOneTimeCodes(needs: OneTimeCodesNeeds): OneTimeCodes {
  const { clock, random, rows, vault, key, olderKeys = [], settings } = needs;

  async function make({ factor, customer, lifetimeSeconds }: CodeRequest): Promise<MadeCode> {
    if (!customer.number && customer.alias && !(await vault.recall(customer.alias))) return { kind: 'unknown-alias' };
    const alias = customer.number ? await vault.remember(customer.number) : (customer.alias ?? null);
    const customerHash = customer.key === undefined ? null : hashCustomerKey(customer.key, key);
    if (alias === null && customerHash === null)
      throw new AppError('invalid-argument', 'a code is made for a number, an alias or a customer key');
    const createdAt = clock.now();
    for (const scope of [alias, customerHash]) {
      if (scope === null) continue;
      if ((await rows.countTry(`made:${scope}`, createdAt, windowMs)) > settings.mostPerCustomer)
        return { kind: 'too-many' };
    }
    await rows.purge(createdAt - keptMs);
    const expiresAt = createdAt + (lifetimeSeconds ?? settings.lifetimeSeconds) * 1000;
    for (let draw = 0; draw < mostDraws; draw++) {
      const code = makeCode(random);
      const id = newId('code', createdAt);
      const row = { id, codeHash: hashCode(code, key), factor, alias, customerHash, createdAt, expiresAt };
      if (await rows.put(row)) return { kind: 'made', id, code, shown: shownCode(code), expiresAt };
    }
    throw new AppError('too-many-requests', 'Nearly all codes are in use: make their lifetime shorter.');
  }

  async function redeem({ digits, factor, alias, callId }: Parameters<OneTimeCodes['redeem']>[0]): Promise<Redeemed> {
    // A slip of the finger: no such code was ever made, so nothing is learnt by trying.
    if (!isCode(digits)) return { kind: 'wrong' };
    const at = clock.now();
    const scope = alias === null ? 'tried:withheld' : `tried:${alias}`;
    const most = alias === null ? settings.triesWithheld : settings.triesPerCustomer;
    if ((await rows.countTry(scope, at, windowMs)) > most) return { kind: 'locked' };
    let row: VerificationCodeRow | undefined;
    for (const made of [key, ...olderKeys])
      row ??= await rows.redeem({ codeHash: hashCode(digits, made), factor, alias, callId, at });
    if (row) {
      await rows.uncountTry(scope);
      return { kind: 'verified', codeId: row.id };
    }
    if (alias !== null) await rows.missed({ factor, alias, at, mostMisses });
    return { kind: 'wrong' };
  }

  return {
    make,
    redeem,
    revoke: (id) => rows.revoke(id, clock.now()),
    async byId(id) {
      const row = await rows.byId(id);
      return row && viewOf(row, clock.now());
    },
  };
}

function viewOf(row: VerificationCodeRow, now: number): CodeView {
  const { id, factor, createdAt, expiresAt, endedAt, usedByCall: callId } = row;
  const state = row.ended ?? (expiresAt <= now ? 'expired' : 'waiting');
  return { id, factor, state, createdAt, expiresAt, endedAt, callId };
}
