// What lies sealed in the database under a key of the program, for sealing it again under another.

export interface SealedValue {
  id: string;
  sealed: string;
}

export interface SealedTable {
  /** By id, in order, after this one. */
  page(after: string, limit: number): Promise<SealedValue[]>;
  /** Only where it is still what it was; false: somebody was faster. */
  replace(id: string, before: string, after: string): Promise<boolean>;
}

/** Sealed numbers are hexadecimal here; `hash` is what a number's seal is bound to. */
export interface SealedNumberTable {
  page(after: string, limit: number): Promise<(SealedValue & { hash: string })[]>;
  replace(id: string, before: string, after: string): Promise<boolean>;
}

export interface SealedValues {
  numbers: SealedNumberTable;
  authenticators: SealedTable;
}
