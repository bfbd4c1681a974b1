// What calls know of verification: the factors that can be asked for, and who says whether digits are right. Each way of checking
// takes the digits and gives a word; nothing here logs, keeps or tells them. The maker is at the end; asking is ask.ts.

import type { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias, Vault } from '../../privacy/vault.ts';
import type { VerifyCheck } from '../../routing/flow/flow.ts';
import { asError } from '../../shared/errors.ts';
import type { CallId, CodeId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Lookups } from '../services/lookups.ts';
import type { OneTimeCodes } from './one-time-codes.ts';
import type { SealedDelivery } from './sealed-delivery.ts';
import type { FactorSettings } from './verification-settings.ts';

export type Parameters = readonly (readonly [name: string, value: string])[];

/** What a flow or the settings say, with the parameters filled in. */
export type Check = VerifyCheck<Parameters> & { callerNumberAs?: string };

export interface CheckRequest {
  check: Check;
  factor: string;
  digits: string;
  call: { id: CallId; alias: Alias | null };
}

/** `because` is a word for the log and the desk. */
export type Checked =
  | { kind: 'verified'; codeId?: CodeId }
  | { kind: 'wrong' }
  | { kind: 'locked' }
  | { kind: 'not-checked'; because: string };

export interface Verification {
  readonly factors: readonly FactorSettings[];
  readonly triesPerCall: number;
  /** Never rejects. */
  check(request: CheckRequest): Promise<Checked>;
}

export interface VerificationNeeds {
  log: Logger;
  factors: readonly FactorSettings[];
  triesPerCall: number;
  codes: Pick<OneTimeCodes, 'redeem'>;
  sealed: Pick<SealedDelivery, 'deliver'>;
  vault: Pick<Vault, 'recall'>;
  lookups?: Lookups;
  /** Whether this service gets its parameters in the body of a request, and not in a URL. */
  keepsDigits(service: string): boolean;
}

export function createVerification(needs: VerificationNeeds): Verification {
  const { factors, triesPerCall, log } = needs;
  return {
    factors,
    triesPerCall,
    async check(request) {
      const { check, factor, call } = request;
      try {
        if (check.kind === 'code') return await byCode(needs, request);
        if (check.kind === 'seal') return await bySealing(needs, request, check.destination);
        return await byLookup(needs, request, check);
      } catch (thrown) {
        log.error({ err: asError(thrown), callId: call.id, factor }, 'a factor could not be checked');
        return { kind: 'not-checked', because: 'fault' };
      }
    },
  };
}

async function byCode({ codes }: VerificationNeeds, { digits, factor, call }: CheckRequest): Promise<Checked> {
  const redeemed = await codes.redeem({ digits, factor, alias: call.alias, callId: call.id });
  return redeemed.kind === 'verified' ? { kind: 'verified', codeId: redeemed.codeId as CodeId } : redeemed;
}

async function bySealing(
  { sealed }: VerificationNeeds,
  { digits, factor, call }: CheckRequest,
  destination: string,
): Promise<Checked> {
  const delivered = await sealed.deliver({ destination, callId: call.id, factor, digits });
  if (delivered.kind === 'taken') return { kind: 'verified' };
  if (delivered.kind === 'wrong') return { kind: 'wrong' };
  return { kind: 'not-checked', because: delivered.kind === 'waits' ? 'not-delivered-yet' : delivered.because };
}

async function byLookup(
  { lookups, keepsDigits, vault, log }: VerificationNeeds,
  { digits, call }: CheckRequest,
  { service, parameters, digitsAs, callerNumberAs }: Extract<Check, { kind: 'lookup' }>,
): Promise<Checked> {
  if (!lookups) return { kind: 'not-checked', because: 'no-such-service' };
  if (!keepsDigits(service)) {
    log.error({ service }, 'digits are not sent to a service that has them in its URL: make the lookup POST');
    return { kind: 'not-checked', because: 'not-for-secrets' };
  }
  const number: PhoneNumber | undefined =
    callerNumberAs !== undefined && call.alias ? await vault.recall(call.alias) : undefined;
  const outcome = await lookups.ask({
    service,
    parameters: [...parameters, [digitsAs, digits]],
    ...(callerNumberAs === undefined ? {} : { callerNumber: { as: [callerNumberAs], number } }),
  });
  if (outcome.kind === 'found') return { kind: 'verified' };
  return outcome.kind === 'notFound' ? { kind: 'wrong' } : { kind: 'not-checked', because: outcome.because };
}
