// Tables of passkeys, TOTP, recovery codes, invitations and half-open sign-ins. What may happen to one of many tries (using a code,
// a link, a challenge) is one statement each: PostgreSQL decides between requests and nodes.

import type { PersonId, SessionId } from '../../shared/ids.ts';
import type { HalfOpen, Invitation, Passkey, SignInStore, TotpSecret } from '../sign-in.ts';
import type { Database } from './database.ts';

export function createSignInStore(database: Database): SignInStore {
  return {
    passkeys: createPasskeys(database),
    totp: createTotp(database),
    recoveryCodes: createRecoveryCodes(database),
    async removeFactors(personId) {
      await database.transaction(async (connection) => {
        for (const table of ['passkeys', 'totp_secrets', 'recovery_codes'])
          await connection.query(`DELETE FROM ${table} WHERE person_id = $1`, [personId]);
      });
    },
    invitations: createInvitations(database),
    halfOpen: createHalfOpen(database),
    async useOnce(what, expiresAt) {
      const rows = await database.query(
        'INSERT INTO used_once (what, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING what',
        [what, expiresAt],
      );
      return rows.length > 0;
    },
    signedOn: createSignedOn(database),
    async purge(now) {
      await database.query('DELETE FROM half_open_sign_ins WHERE expires_at <= $1', [now]);
      await database.query('DELETE FROM used_once WHERE expires_at <= $1', [now]);
    },
  };
}

/** Whether the statement changed anything. */
const changed = async (database: Database, text: string, values: unknown[]): Promise<boolean> =>
  (await database.query(text, values)).length > 0;

interface PasskeyRow {
  id: string;
  person_id: PersonId;
  name: string;
  public_key: Buffer;
  sign_count: number;
  transports: string[];
  backed_up: boolean;
  created_at: number;
  last_used_at: number | null;
}

function createPasskeys(database: Database): SignInStore['passkeys'] {
  return {
    add: ({ id, personId, name, publicKey, signCount, transports, backedUp, createdAt }) =>
      changed(
        database,
        `INSERT INTO passkeys (id, person_id, name, public_key, sign_count, transports, backed_up, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id`,
        [id, personId, name, Buffer.from(publicKey), signCount, transports, backedUp, createdAt],
      ),
    async byId(id) {
      const [row] = await database.query<PasskeyRow>('SELECT * FROM passkeys WHERE id = $1', [id]);
      return row && toPasskey(row);
    },
    async ofPerson(personId) {
      const text = 'SELECT * FROM passkeys WHERE person_id = $1 ORDER BY created_at, id';
      return (await database.query<PasskeyRow>(text, [personId])).map(toPasskey);
    },
    used: (id, { signCount, backedUp, at }) =>
      changed(
        database,
        `UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4
         WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING id`,
        [id, signCount, backedUp, at],
      ),
    rename: (personId, id, name) =>
      changed(database, 'UPDATE passkeys SET name = $3 WHERE person_id = $1 AND id = $2 RETURNING id', [
        personId,
        id,
        name,
      ]),
    remove: (personId, id) =>
      changed(database, 'DELETE FROM passkeys WHERE person_id = $1 AND id = $2 RETURNING id', [personId, id]),
  };
}

function toPasskey(row: PasskeyRow): Passkey {
  return {
    id: row.id,
    personId: row.person_id,
    name: row.name,
    publicKey: new Uint8Array(row.public_key),
    signCount: row.sign_count,
    transports: row.transports,
    backedUp: row.backed_up,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}

function createTotp(database: Database): SignInStore['totp'] {
  return {
    begin: (personId, { sealed, createdAt }) =>
      changed(
        database,
        `INSERT INTO totp_secrets AS t (person_id, sealed, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (person_id) DO UPDATE SET sealed = $2, created_at = $3, last_step = 0
           WHERE t.confirmed_at IS NULL RETURNING person_id`,
        [personId, sealed, createdAt],
      ),
    async of(personId) {
      const [row] = await database.query<{ sealed: string; created_at: number; confirmed_at: number | null }>(
        'SELECT sealed, created_at, confirmed_at FROM totp_secrets WHERE person_id = $1',
        [personId],
      );
      return row && ({ sealed: row.sealed, createdAt: row.created_at, confirmedAt: row.confirmed_at } as TotpSecret);
    },
    useStep: (personId, step) =>
      changed(
        database,
        'UPDATE totp_secrets SET last_step = $2 WHERE person_id = $1 AND last_step < $2 RETURNING person_id',
        [personId, step],
      ),
    async confirm(personId, at) {
      await database.query('UPDATE totp_secrets SET confirmed_at = coalesce(confirmed_at, $2) WHERE person_id = $1', [
        personId,
        at,
      ]);
    },
    remove: (personId) =>
      changed(database, 'DELETE FROM totp_secrets WHERE person_id = $1 RETURNING person_id', [personId]),
  };
}

function createRecoveryCodes(database: Database): SignInStore['recoveryCodes'] {
  return {
    async replace(personId, hashes, at) {
      await database.transaction(async (connection) => {
        await connection.query('DELETE FROM recovery_codes WHERE person_id = $1', [personId]);
        await connection.query(
          'INSERT INTO recovery_codes (person_id, code_hash, created_at) SELECT $1, unnest($2::text[]), $3',
          [personId, hashes, at],
        );
      });
    },
    use: (personId, hash, at) =>
      changed(
        database,
        `UPDATE recovery_codes SET used_at = $3
         WHERE person_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING person_id`,
        [personId, hash, at],
      ),
    async left(personId) {
      const [row] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL',
        [personId],
      );
      return row?.n ?? 0;
    },
  };
}

interface InvitationRow {
  id: string;
  person_id: PersonId;
  token_hash: string;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
  ended: Invitation['ended'];
}

function createInvitations(database: Database): SignInStore['invitations'] {
  const one = async (rest: string, value: string): Promise<Invitation | undefined> => {
    const [row] = await database.query<InvitationRow>(`SELECT * FROM invitations WHERE ${rest}`, [value]);
    return row && toInvitation(row);
  };
  return {
    async create({ id, personId, tokenHash, createdAt, expiresAt }) {
      await database.transaction(async (connection) => {
        await connection.query(
          `UPDATE invitations SET ended = 'replaced', ended_at = $2 WHERE person_id = $1 AND ended IS NULL`,
          [personId, createdAt],
        );
        await connection.query(
          'INSERT INTO invitations (id, person_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)',
          [id, personId, tokenHash, createdAt, expiresAt],
        );
      });
    },
    byTokenHash: (tokenHash) => one('token_hash = $1', tokenHash),
    ofPerson: (personId) => one('person_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1', personId),
    end: (id, ended, at) =>
      changed(
        database,
        `UPDATE invitations SET ended = $2, ended_at = $3
         WHERE id = $1 AND ended IS NULL AND expires_at > $3 RETURNING id`,
        [id, ended, at],
      ),
  };
}

function toInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    personId: row.person_id,
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at,
    ended: row.ended,
  };
}

function createHalfOpen(database: Database): SignInStore['halfOpen'] {
  return {
    async create({ tokenHash, personId, expiresAt, signedOn }) {
      await database.query(
        'INSERT INTO half_open_sign_ins (token_hash, person_id, expires_at, signed_on) VALUES ($1, $2, $3, $4)',
        [tokenHash, personId, expiresAt, signedOn],
      );
    },
    async byTokenHash(tokenHash) {
      const [row] = await database.query<{ person_id: PersonId; expires_at: number; signed_on: string | null }>(
        'SELECT person_id, expires_at, signed_on FROM half_open_sign_ins WHERE token_hash = $1',
        [tokenHash],
      );
      const found: HalfOpen | undefined = row && {
        ...{ tokenHash, personId: row.person_id, expiresAt: row.expires_at, signedOn: row.signed_on },
      };
      return found;
    },
    take: (tokenHash) =>
      changed(database, 'DELETE FROM half_open_sign_ins WHERE token_hash = $1 RETURNING token_hash', [tokenHash]),
    async removeOf(personId) {
      await database.query('DELETE FROM half_open_sign_ins WHERE person_id = $1', [personId]);
    },
  };
}

function createSignedOn(database: Database): SignInStore['signedOn'] {
  return {
    async personOf(issuer, subject) {
      const [row] = await database.query<{ person_id: PersonId }>(
        'SELECT person_id FROM signed_on_people WHERE issuer = $1 AND subject = $2',
        [issuer, subject],
      );
      return row?.person_id;
    },
    link: (issuer, subject, personId, at) =>
      changed(
        database,
        `INSERT INTO signed_on_people (issuer, subject, person_id, linked_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING RETURNING person_id`,
        [issuer, subject, personId, at],
      ),
    async unlink(personId) {
      await database.query('DELETE FROM signed_on_people WHERE person_id = $1', [personId]);
    },
    async linkedAt(personId) {
      const [row] = await database.query<{ linked_at: number }>(
        'SELECT linked_at FROM signed_on_people WHERE person_id = $1 ORDER BY linked_at DESC LIMIT 1',
        [personId],
      );
      return row?.linked_at;
    },
    async began(sessionId, providerSid, sealed) {
      await database.query('UPDATE sessions SET provider_sid = $2, signed_on = $3 WHERE id = $1', [
        sessionId,
        providerSid,
        sealed,
      ]);
    },
    async bySid(providerSid) {
      const rows = await database.query<{ id: SessionId }>('SELECT id FROM sessions WHERE provider_sid = $1', [
        providerSid,
      ]);
      return rows.map(({ id }) => id);
    },
    async ofSession(sessionId) {
      const [row] = await database.query<{ signed_on: string | null }>('SELECT signed_on FROM sessions WHERE id = $1', [
        sessionId,
      ]);
      return row?.signed_on ?? undefined;
    },
  };
}
