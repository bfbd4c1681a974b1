// Sessions and API keys: both are looked up by the SHA-256 of a secret that is stored nowhere.

import type { ApiKeyId, DeviceId, PersonId, SessionId } from '../../shared/ids.ts';
import type { ApiKey, ApiKeys, Role, Scope, SecondFactor, Session, Sessions } from '../records.ts';
import type { Database } from './database.ts';
import { jsonbText } from './events-table.ts';

interface SessionRow {
  id: SessionId;
  person_id: PersonId;
  token_hash: string;
  created_at: number;
  seen_at: number;
  expires_at: number;
  address: string;
  user_agent: string;
  second_factor: SecondFactor | null;
  stepped_up_at: number | null;
  device_id: DeviceId | null;
}

export function createSessions(database: Database): Sessions {
  const many = async (condition: string, values: unknown[]) =>
    (await database.query<SessionRow>(`SELECT * FROM sessions WHERE ${condition} ORDER BY id`, values)).map(toSession);

  return {
    async create(session) {
      await database.query(
        `INSERT INTO sessions (id, person_id, token_hash, created_at, seen_at, expires_at, address, user_agent,
                               second_factor, stepped_up_at, device_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          session.id,
          session.personId,
          session.tokenHash,
          session.createdAt,
          session.seenAt,
          session.expiresAt,
          session.address,
          session.userAgent,
          session.secondFactor,
          session.steppedUpAt,
          session.deviceId,
        ],
      );
    },
    byTokenHash: async (tokenHash) => (await many('token_hash = $1', [tokenHash]))[0],
    async touch(id, seenAt) {
      await database.query('UPDATE sessions SET seen_at = greatest(seen_at, $2) WHERE id = $1', [id, seenAt]);
    },
    async move(id, address) {
      await database.query('UPDATE sessions SET address = $2 WHERE id = $1', [id, address]);
    },
    async change(id, { secondFactor, steppedUpAt, deviceId }) {
      await database.query(
        `UPDATE sessions SET second_factor = coalesce($2, second_factor), stepped_up_at = coalesce($3, stepped_up_at),
                             device_id = coalesce($4, device_id)
         WHERE id = $1`,
        [id, secondFactor, steppedUpAt, deviceId],
      );
    },
    async remove(id) {
      await database.query('DELETE FROM sessions WHERE id = $1', [id]);
    },
    byId: async (id) => (await many('id = $1', [id]))[0],
    async existing(ids) {
      const rows = await database.query<{ id: SessionId }>('SELECT id FROM sessions WHERE id = ANY($1)', [[...ids]]);
      return rows.map(({ id }) => id);
    },
    ofPerson: (personId) => many('person_id = $1', [personId]),
    ofDevice: (deviceId) => many('device_id = $1', [deviceId]),
    ended: ({ expiredAt, seenBefore }) => many('expires_at <= $1 OR seen_at <= $2', [expiredAt, seenBefore]),
  };
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    personId: row.person_id,
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    address: row.address,
    userAgent: row.user_agent,
    ...(row.second_factor === null ? {} : { secondFactor: row.second_factor }),
    ...(row.stepped_up_at === null ? {} : { steppedUpAt: row.stepped_up_at }),
    ...(row.device_id === null ? {} : { deviceId: row.device_id }),
  };
}

interface ApiKeyRow {
  id: ApiKeyId;
  name: string;
  key_hash: string;
  role: Role;
  created_at: number;
  revoked_at: number | null;
  scope: Scope;
  expires_at: number | null;
  last_used_at: number | null;
}

export function createApiKeys(database: Database): ApiKeys {
  return {
    async create(key) {
      await database.query(
        `INSERT INTO api_keys (id, name, key_hash, role, created_at, revoked_at, scope, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          key.id,
          key.name,
          key.keyHash,
          key.role,
          key.createdAt,
          key.revokedAt,
          jsonbText(key.scope ?? {}),
          key.expiresAt ?? null,
        ],
      );
    },
    async byHash(keyHash) {
      const rows = await database.query<ApiKeyRow>('SELECT * FROM api_keys WHERE key_hash = $1', [keyHash]);
      return rows[0] && toApiKey(rows[0]);
    },
    async list() {
      return (await database.query<ApiKeyRow>('SELECT * FROM api_keys ORDER BY id')).map(toApiKey);
    },
    async revoke(id, at) {
      const rows = await database.query(
        'UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id',
        [id, at],
      );
      return rows.length > 0;
    },
    async used(id, at) {
      await database.query('UPDATE api_keys SET last_used_at = greatest(coalesce(last_used_at, 0), $2) WHERE id = $1', [
        id,
        at,
      ]);
    },
  };
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    keyHash: row.key_hash,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    ...(isLimited(row.scope) ? { scope: row.scope } : {}),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}

/** An empty one is none. */
export function isLimited(scope: Scope): boolean {
  return scope.sites !== undefined || scope.queues !== undefined;
}
