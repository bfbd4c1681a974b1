// The tables of pledges and of the texts that were signed.

import type { Pledges, PledgeText, SignedPledge } from '../pledges.ts';
import type { Database } from './database.ts';

const selected =
  'id, person_id AS "personId", number, hash, language, session_id AS "sessionId", device_id AS "deviceId", signed_at AS "signedAt"';

export function createPledges(database: Database): Pledges {
  return {
    async keepText({ hash, number, language, text, keptAt }) {
      await database.query(
        `INSERT INTO pledge_texts (hash, number, language, text, kept_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (hash) DO NOTHING`,
        [hash, number, language, text, keptAt],
      );
    },
    async text(hash) {
      const [row] = await database.query<PledgeText>(
        'SELECT hash, number, language, text, kept_at AS "keptAt" FROM pledge_texts WHERE hash = $1',
        [hash],
      );
      return row;
    },
    async add({ id, personId, number, hash, language, sessionId, deviceId, signedAt }) {
      await database.query(
        `INSERT INTO pledges (id, person_id, number, hash, language, session_id, device_id, signed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, personId, number, hash, language, sessionId, deviceId, signedAt],
      );
    },
    ofPerson: (personId) =>
      database.query<SignedPledge>(
        `SELECT ${selected} FROM pledges WHERE person_id = $1 ORDER BY signed_at DESC, id DESC`,
        [personId],
      ),
    newest: () =>
      database.query<SignedPledge>(
        `SELECT DISTINCT ON (person_id) ${selected} FROM pledges ORDER BY person_id, signed_at DESC, id DESC`,
      ),
  };
}
