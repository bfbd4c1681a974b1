// The chain of the audit log. Pure.
//
//   details commitment   HMAC-SHA-256 of the details, keyed with the entry's own random salt
//   content              SHA-256 of the entry as RFC 8785 writes it: number, time, who, what, to what, and that commitment
//   hash                 SHA-256 of { content, previous }, `previous` being the hash of the entry before
//
// Details (address, browser, place, purpose) are personal: deleted with their salt they leave a commitment that says nothing,
// and the chain holds. Since a hash is made of `content`, a part of the log is proven without telling what lies between.

import { createHash, createHmac } from 'node:crypto';
import { canonicalJson, type Json } from '../../shared/canonical-json.ts';

/** What comes before the first entry. */
export const nothingBefore = '0'.repeat(64);

/** Of whom and where from, and why; what can be deleted when somebody has left. */
export interface AuditDetails {
  address?: string;
  sessionId?: string;
  deviceId?: string;
  place?: string;
  userAgent?: string;
  purpose?: string;
  more?: Readonly<Record<string, string | number | boolean | null>>;
}

/** An entry before it has its place in the chain. */
export interface NewAuditRecord {
  id: string;
  at: number;
  act: string;
  outcome: 'done' | 'refused';
  personId?: string;
  keyId?: string;
  /** The command of `engawa` that did it. */
  command?: string;
  target?: { kind: string; id: string };
  /** People whose data this is, besides the target. */
  about?: readonly string[];
  details: AuditDetails;
  /** 32 random bytes, hex. */
  salt: string;
}

export interface AuditRecord extends Omit<NewAuditRecord, 'details' | 'salt'> {
  /** Its number in the chain, from 1, without gaps. */
  seq: number;
  /** Null: deleted, with the salt. */
  details: AuditDetails | null;
  salt: string | null;
  /** The commitment to the details, hex. */
  detailsHash: string;
  previous: string;
  hash: string;
}

export interface ChainHead {
  seq: number;
  hash: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function commitmentTo(details: AuditDetails, salt: string): string {
  return createHmac('sha256', Buffer.from(salt, 'hex'))
    .update(canonicalJson(details as Json))
    .digest('hex');
}

/** Everything of an entry that can never be deleted. */
export function contentHash(record: Omit<AuditRecord, 'details' | 'salt' | 'previous' | 'hash'>): string {
  const { seq, id, at, act, outcome, personId, keyId, command, target, about, detailsHash } = record;
  return sha256(
    canonicalJson({
      ...{ v: 1, seq, id, at, act, outcome, personId, keyId, command, detailsHash },
      target: target && { kind: target.kind, id: target.id },
      about: about && about.length > 0 ? about : undefined,
    }),
  );
}

export function linkHash(content: string, previous: string): string {
  return sha256(canonicalJson({ content, previous }));
}

/** Gives entries their places after `head`. */
export function chain(entries: readonly NewAuditRecord[], head: ChainHead | undefined): AuditRecord[] {
  let { seq, hash: previous } = head ?? { seq: 0, hash: nothingBefore };
  return entries.map((entry) => {
    seq += 1;
    const placed = { ...entry, seq, detailsHash: commitmentTo(entry.details, entry.salt) };
    const hash = linkHash(contentHash(placed), previous);
    const record = { ...placed, previous, hash };
    previous = hash;
    return record;
  });
}
