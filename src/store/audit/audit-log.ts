// Where entries of the audit log are kept: appended in one chain, over all nodes; searched; never changed.

import type { AuditRecord, ChainHead, NewAuditRecord } from './chain.ts';

export interface AuditLog {
  /**
   * Resolves once the entry cannot be lost. While the database is away, `journal` keeps it on disk and chains it when the
   * database is back; `refuse` rejects with AppError 'database-unavailable', and the entry may all the same turn out to be there.
   */
  append(entry: NewAuditRecord, whileAway: 'journal' | 'refuse'): Promise<void>;
  /** The newest entry's number and hash; undefined while there is none. */
  head(): Promise<ChainHead | undefined>;
  /** Entries by number, oldest first, at most 1000. */
  read(query: { after: number; upTo?: number; limit?: number }): Promise<AuditRecord[]>;
  search(query: AuditQuery): Promise<AuditRecord[]>;
  /** Deletes the details of everything that this person did, for who has left. Says of how many entries. */
  forgetDetails(personId: string): Promise<number>;
}

export interface AuditQuery {
  personId?: string;
  keyId?: string;
  target?: { kind?: string; id?: string };
  /** Of whom it is: the target itself, or one of those whom it is about. */
  concerning?: string;
  /** Entries of this person are left out: what others did. */
  notBy?: string;
  acts?: readonly string[];
  outcome?: 'done' | 'refused';
  fromMs?: number;
  /** Exclusive. */
  toMs?: number;
  /** Only entries beyond this one, in the order asked for. */
  after?: number;
  /** 1 to 1000; 100 unless told. */
  limit?: number;
  /** Newest first unless told. */
  oldestFirst?: boolean;
}
