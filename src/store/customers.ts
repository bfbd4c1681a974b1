// What is kept of one customer beyond the records that name an alias alone, and taking it away for good: for who asks to be forgotten
// (APPI article 35). The maker is store/postgres/customers-table.ts.

export interface KeptOfCustomer {
  /** The sealed number, by which the alias leads to somebody. */
  numbers: number;
  /** Entries of call lists: the company's reference, and facts. */
  listEntries: number;
  verificationCodes: number;
  callbacks: number;
  /** Promised call backs that still wait. */
  callbacksWaiting: number;
  /** Call records: they stay, under the alias. */
  calls: number;
  /** Recordings and messages that are not deleted yet, the oldest first; at most a hundred. */
  recordings: { id: string; held: boolean }[];
}

export interface Customers {
  about(alias: string): Promise<KeptOfCustomer>;
  /**
   * Takes away number, entries of lists, codes and call backs, all at once. Entries of lists stay as figures, without a customer.
   * Undefined: a recording is still there or a call back waits, and nothing was taken away.
   */
  erase(alias: string): Promise<KeptOfCustomer | undefined>;
}
