// The table of own telephones. The number itself is in the number vault; here is the name that it has there.

import type { PersonId } from '../../shared/ids.ts';
import type { OwnTelephoneRow, OwnTelephoneRows } from '../own-telephones.ts';
import type { Database } from './database.ts';

interface Row {
  person_id: PersonId;
  alias: string | null;
  allowed: boolean;
  device: OwnTelephoneRow['device'];
  changed_at: number;
}

export function createOwnTelephoneRows(database: Database): OwnTelephoneRows {
  return {
    async put({ personId, alias, allowed, device, changedAt }) {
      await database.query(
        `INSERT INTO own_telephones (person_id, alias, allowed, device, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (person_id) DO UPDATE SET alias = $2, allowed = $3, device = $4, changed_at = $5`,
        [personId, alias, allowed, device, changedAt],
      );
    },
    async byPerson(personId) {
      const [row] = await database.query<Row>('SELECT * FROM own_telephones WHERE person_id = $1', [personId]);
      return row && toRow(row);
    },
    list: async () => (await database.query<Row>('SELECT * FROM own_telephones')).map(toRow),
  };
}

const toRow = ({ person_id, alias, allowed, device, changed_at }: Row): OwnTelephoneRow => ({
  personId: person_id,
  alias,
  allowed,
  device,
  changedAt: changed_at,
});
