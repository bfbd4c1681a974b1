// The tables of devices, enrolment codes, challenges, what sessions have shown, and why somebody was blocked.

import type { DeviceId, SessionId } from '../../shared/ids.ts';
import type { DeviceBlock, DeviceCodeRow, DeviceRow, Devices, SessionStanding } from '../devices.ts';
import type { Database } from './database.ts';

/** Column by member of a row. */
const columns = {
  id: 'id',
  state: 'state',
  name: 'name',
  personId: 'person_id',
  publicKey: 'public_key',
  keyHash: 'key_hash',
  certificate: 'certificate',
  system: 'system',
  requestedAt: 'requested_at',
  requestedBy: 'requested_by',
  enrolledAt: 'enrolled_at',
  enrolledBy: 'enrolled_by',
  endedAt: 'ended_at',
  endedBy: 'ended_by',
  why: 'why',
  seenAt: 'seen_at',
  seenBy: 'seen_by',
} as const satisfies Record<keyof DeviceRow, string>;

const names = Object.keys(columns) as (keyof DeviceRow)[];
const selected = names.map((name) => `d.${columns[name]} AS "${name}"`).join(', ');
const written = (name: keyof DeviceRow, value: unknown) =>
  name === 'publicKey' && value !== null ? JSON.stringify(value) : value;

interface StandingRow {
  session_id: SessionId;
  device_id: DeviceId | null;
  proven_at: number | null;
  seen: SessionStanding['seen'];
}

const blockSelected =
  'reference, token_hash AS "tokenHash", person_id AS "personId", session_id AS "sessionId", device_id AS "deviceId", kind, because, at';

export function createDevices(database: Database): Devices {
  const one = async (condition: string, values: unknown[]) =>
    (await database.query<DeviceRow>(`SELECT ${selected} FROM devices d WHERE ${condition}`, values))[0];
  const block = async (condition: string, value: string) =>
    (await database.query<DeviceBlock>(`SELECT ${blockSelected} FROM device_blocks WHERE ${condition}`, [value]))[0];

  return {
    async create(row) {
      await database.query(
        `INSERT INTO devices (${names.map((name) => columns[name]).join(', ')})
         VALUES (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
        names.map((name) => written(name, row[name])),
      );
    },
    byId: (id) => one('d.id = $1', [id]),
    byKeyHash: (keyHash) => one('d.key_hash = $1', [keyHash]),
    byCertificate: (certificates) =>
      one("d.certificate = ANY($1) AND d.state IN ('enrolled', 'managed') ORDER BY d.id LIMIT 1", [certificates]),
    list: ({ before, limit = 100, state, personId } = {}) =>
      database.query<DeviceRow>(
        `SELECT ${selected} FROM devices d
         WHERE ($1::text IS NULL OR d.id < $1) AND ($2::text IS NULL OR d.state = $2) AND ($3::text IS NULL OR d.person_id = $3)
         ORDER BY d.id DESC LIMIT $4`,
        [before ?? null, state ?? null, personId ?? null, limit],
      ),
    async change(id, change, from) {
      const changed = (Object.keys(change) as (keyof DeviceRow)[]).filter(
        (name) => change[name as never] !== undefined,
      );
      const sets = changed.map((name, at) => `${columns[name]} = $${at + 3}`);
      const [row] = await database.query<DeviceRow>(
        `UPDATE devices d SET ${sets.join(', ')} WHERE d.id = $1 AND d.state = ANY($2) RETURNING ${selected}`,
        [id, from, ...changed.map((name) => written(name, change[name as never]))],
      );
      return row;
    },
    async keepCode({ codeHash, personId, state, shared, madeBy, madeAt, expiresAt }) {
      await database.query(
        `INSERT INTO device_codes (code_hash, person_id, state, shared, made_by, made_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [codeHash, personId, state, shared, madeBy, madeAt, expiresAt],
      );
    },
    async useCode(codeHash, personId, now) {
      const [row] = await database.query<DeviceCodeRow>(
        `DELETE FROM device_codes WHERE code_hash = $1 AND (person_id IS NULL OR person_id = $2) AND expires_at > $3
         RETURNING code_hash AS "codeHash", person_id AS "personId", state, shared, made_by AS "madeBy", made_at AS "madeAt",
                   expires_at AS "expiresAt"`,
        [codeHash, personId, now],
      );
      return row;
    },
    async keepChallenge({ challenge, sessionId, expiresAt }) {
      await database.query('INSERT INTO device_challenges (challenge, session_id, expires_at) VALUES ($1, $2, $3)', [
        ...[challenge, sessionId, expiresAt],
      ]);
    },
    async useChallenge(challenge, sessionId, now) {
      const [row] = await database.query<{ good: boolean }>(
        'DELETE FROM device_challenges WHERE challenge = $1 AND session_id = $2 RETURNING expires_at > $3 AS good',
        [challenge, sessionId, now],
      );
      return row?.good === true;
    },
    async standing(sessionId) {
      const [row] = await database.query<StandingRow>('SELECT * FROM session_standings WHERE session_id = $1', [
        sessionId,
      ]);
      return row && toStanding(row);
    },
    async standingsOf(personId) {
      const rows = await database.query<StandingRow>(
        'SELECT st.* FROM session_standings st JOIN sessions s ON s.id = st.session_id WHERE s.person_id = $1',
        [personId],
      );
      return rows.map(toStanding);
    },
    async setStanding(sessionId, { deviceId, provenAt, seen }) {
      await database.query(
        `INSERT INTO session_standings (session_id, device_id, proven_at, seen)
         SELECT $1, $2, $3, coalesce($4::jsonb, '{}') WHERE EXISTS (SELECT 1 FROM sessions WHERE id = $1)
         ON CONFLICT (session_id) DO UPDATE SET
           device_id = coalesce($2, session_standings.device_id), proven_at = coalesce($3, session_standings.proven_at),
           seen = coalesce($4::jsonb, session_standings.seen)`,
        [sessionId, deviceId ?? null, provenAt ?? null, seen === undefined ? null : JSON.stringify(seen)],
      );
    },
    async keepBlock({ reference, tokenHash, personId, sessionId, deviceId, kind, because, at }) {
      await database.query(
        `INSERT INTO device_blocks (reference, token_hash, person_id, session_id, device_id, kind, because, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [reference, tokenHash, personId, sessionId, deviceId, kind, JSON.stringify(because), at],
      );
    },
    blockOf: (tokenHash) => block('token_hash = $1 ORDER BY at DESC LIMIT 1', tokenHash),
    blockOfSession: (sessionId) => block('session_id = $1 ORDER BY at DESC LIMIT 1', sessionId),
    blockByReference: (reference) => block('reference = $1', reference),
    async forgetOld({ blocksAt, now }) {
      await database.query('DELETE FROM device_blocks WHERE at < $1', [blocksAt]);
      await database.query('DELETE FROM device_codes WHERE expires_at < $1', [now]);
      await database.query('DELETE FROM device_challenges WHERE expires_at < $1', [now]);
    },
  };
}

const toStanding = (row: StandingRow): SessionStanding => ({
  sessionId: row.session_id,
  deviceId: row.device_id,
  provenAt: row.proven_at,
  seen: row.seen,
});
