// Tables of one-time codes, of tries, and of sealed posts. What must happen to one of many (using a code, taking a post, counting
// a try) is one statement each: PostgreSQL decides between nodes and calls.

import type { SealedPost, SealedPosts, VerificationCodeRow, VerificationCodes } from '../verification.ts';
import type { Database } from './database.ts';

interface CodeRow {
  id: string;
  code_hash: string;
  factor: string;
  alias: string | null;
  customer_hash: string | null;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
  ended: VerificationCodeRow['ended'];
  used_by_call: VerificationCodeRow['usedByCall'];
}

export function createVerificationCodes(database: Database): VerificationCodes {
  const one = async (text: string, values: unknown[]): Promise<VerificationCodeRow | undefined> => {
    const [row] = await database.query<CodeRow>(text, values);
    return row && toCode(row);
  };

  return {
    async put({ id, codeHash, factor, alias, customerHash, createdAt, expiresAt }) {
      const made = await database.query(
        `WITH made AS (
           INSERT INTO verification_codes (id, code_hash, factor, alias, customer_hash, created_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (code_hash) DO NOTHING RETURNING id
         ), replaced AS (
           UPDATE verification_codes SET ended = 'replaced', ended_at = $6
           WHERE factor = $3 AND ended IS NULL AND (alias = $4 OR customer_hash = $5) AND EXISTS (SELECT FROM made)
         ) SELECT id FROM made`,
        [id, codeHash, factor, alias, customerHash, createdAt, expiresAt],
      );
      return made.length > 0;
    },
    redeem: ({ codeHash, factor, alias, callId, at }) =>
      one(
        `UPDATE verification_codes SET ended = 'used', ended_at = $5, used_by_call = $4
         WHERE code_hash = $1 AND factor = $2 AND ended IS NULL AND expires_at > $5
           AND (alias IS NULL OR $3::text IS NULL OR alias = $3)
         RETURNING *`,
        [codeHash, factor, alias, callId, at],
      ),
    async missed({ factor, alias, at, mostMisses }) {
      await database.query(
        `UPDATE verification_codes SET misses = misses + 1,
           ended = CASE WHEN misses + 1 >= $4 THEN 'locked' END,
           ended_at = CASE WHEN misses + 1 >= $4 THEN $3::bigint END
         WHERE alias = $1 AND factor = $2 AND ended IS NULL AND expires_at > $3`,
        [alias, factor, at, mostMisses],
      );
    },
    byId: (id) => one('SELECT * FROM verification_codes WHERE id = $1', [id]),
    async revoke(id, at) {
      const revoked = await one(
        `UPDATE verification_codes SET ended = 'revoked', ended_at = $2
         WHERE id = $1 AND ended IS NULL AND expires_at > $2 RETURNING *`,
        [id, at],
      );
      return revoked !== undefined;
    },
    async countTry(scope, at, windowMs) {
      const [row] = await database.query<{ tries: number }>(
        `INSERT INTO verification_tries AS t (scope, since, tries) VALUES ($1, $2, 1)
         ON CONFLICT (scope) DO UPDATE SET
           tries = CASE WHEN t.since + $3::bigint <= $2 THEN 1 ELSE t.tries + 1 END,
           since = CASE WHEN t.since + $3::bigint <= $2 THEN $2 ELSE t.since END
         RETURNING tries`,
        [scope, at, windowMs],
      );
      return row!.tries;
    },
    async uncountTry(scope) {
      await database.query('UPDATE verification_tries SET tries = greatest(0, tries - 1) WHERE scope = $1', [scope]);
    },
    async purge(before) {
      await database.query(
        'DELETE FROM verification_codes WHERE least(expires_at, coalesce(ended_at, expires_at)) < $1',
        [before],
      );
      await database.query('DELETE FROM verification_tries WHERE since < $1', [before]);
    },
  };
}

function toCode(row: CodeRow): VerificationCodeRow {
  return {
    id: row.id,
    codeHash: row.code_hash,
    factor: row.factor,
    alias: row.alias,
    customerHash: row.customer_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
    ended: row.ended,
    usedByCall: row.used_by_call,
  };
}

interface PostRow {
  id: string;
  destination: string;
  body: string;
  created_at: number;
  tries: number;
}

export function createSealedPosts(database: Database): SealedPosts {
  return {
    async put({ id, destination, body, createdAt, tries, nextAt }) {
      await database.query(
        'INSERT INTO sealed_posts (id, destination, body, created_at, tries, next_at) VALUES ($1, $2, $3, $4, $5, $6)',
        [id, destination, body, createdAt, tries, nextAt],
      );
    },
    async take({ at, leaseMs, limit }) {
      const rows = await database.query<PostRow>(
        `UPDATE sealed_posts SET next_at = $1::bigint + $2::bigint, tries = tries + 1
         WHERE id IN (SELECT id FROM sealed_posts WHERE next_at <= $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id, destination, body, created_at, tries`,
        [at, leaseMs, limit],
      );
      return rows.map(toPost);
    },
    async remove(id) {
      await database.query('DELETE FROM sealed_posts WHERE id = $1', [id]);
    },
    async later(id, nextAt) {
      await database.query('UPDATE sealed_posts SET next_at = $2 WHERE id = $1', [id, nextAt]);
    },
  };
}

const toPost = ({ created_at: createdAt, ...post }: PostRow): SealedPost => ({ ...post, createdAt });
