// To whom recordings are sealed: those of the first rule that is for the recording, or the company's own; the escrow always. Pure.
//
// A header is either post-quantum or it is not: one classic recipient beside hybrid ones would open the file to whoever breaks
// it later, so age labels hybrid recipients "postquantum" and refuses the mix (C2SP age, recipient labels). So do we.

import { AppError } from '../shared/errors.ts';
import { isFor, type RecordingSubject, type Which } from './which.ts';

export interface RecipientRules {
  recipients: readonly string[];
  /** Open every recording, whatever rule it is under. */
  escrow: readonly string[];
  rules: readonly (Which & { recipients: readonly string[] })[];
}

export function recipientsOf({ recipients, escrow, rules }: RecipientRules, about: RecordingSubject): string[] {
  const rule = rules.find((one) => isFor(one, about, { unknownClass: true }));
  return [...new Set([...(rule?.recipients ?? recipients), ...escrow])];
}

export const isPostQuantum = (recipient: string): boolean => /^age1(tag)?pq1/.test(recipient);

/** The company's own, and those of listeners that are of the same kind: one of another would open a post-quantum header without. */
export function withListeners(own: readonly string[], listeners: readonly string[]): string[] {
  const kind = own.some(isPostQuantum);
  return [...new Set([...own, ...listeners.filter((one) => isPostQuantum(one) === kind)])];
}

/** Fails with a sentence when a set can't be sealed to. */
export function checkOneKind(recipients: readonly string[], what: string): void {
  const hybrid = recipients.filter(isPostQuantum).length;
  if (hybrid > 0 && hybrid < recipients.length)
    throw new AppError(
      'config-invalid',
      `${what}: post-quantum recipients (age1pq1…) and others cannot be mixed, for the others would open it without. Give hybrid keys to all of them, the escrow too.`,
    );
}

export function checkRecipientRules(given: RecipientRules): void {
  checkOneKind([...given.recipients, ...given.escrow], 'recording.recipients with recording.escrow');
  given.rules.forEach((rule, index) => {
    const what = `recording.recipientsFor[${index}]`;
    if (rule.recipients.length === 0) throw new AppError('config-invalid', `${what} names nobody who could open them.`);
    checkOneKind([...rule.recipients, ...given.escrow], `${what} with recording.escrow`);
  });
}
