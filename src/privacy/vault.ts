// The number vault: the only place that knows which alias is which number.
// What it promises is here; the maker on PostgreSQL is privacy/number-vault.ts.

import type { PhoneNumber } from './phone-number.ts';

/** A customer's public name, such as `K7Q4-M2XD`. Stable for one number, derived with a keyed hash, says nothing about it. */
export type Alias = string & { readonly __id: 'alias' };

export interface Vault {
  /**
   * The alias of a number. Answers at once, also while the database is away (the alias is computed, the sealed row is
   * written as soon as it can be and survives `kill -9` in the journal meanwhile).
   */
  remember(number: PhoneNumber): Promise<Alias>;
  /** The number behind an alias, or undefined if the vault never saw it. For dialling only; the caller must be entitled. */
  recall(alias: Alias): Promise<PhoneNumber | undefined>;
}
