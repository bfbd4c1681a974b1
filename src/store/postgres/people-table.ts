// The table of people. A login is unique and never changes.

import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { PiiClass, Place } from '../../shared/events.ts';
import { newId, type PersonId } from '../../shared/ids.ts';
import type { People, Person, Role, Scope, WorkFacts } from '../records.ts';
import { isLimited } from './credentials-tables.ts';
import { type Database, isDuplicate } from './database.ts';
import { jsonbText } from './events-table.ts';

interface PersonRow {
  id: PersonId;
  login: string;
  display_name: string;
  role: Role;
  place: Place;
  clearance: PiiClass;
  queues: string[];
  language: 'ja' | 'en';
  disabled: boolean;
  password_hash: string;
  created_at: number;
  facts: WorkFacts;
  site: string | null;
  scope: Scope;
}

/** What may change, and the column it is in. */
const columns = {
  displayName: 'display_name',
  role: 'role',
  place: 'place',
  clearance: 'clearance',
  queues: 'queues',
  language: 'language',
  disabled: 'disabled',
  passwordHash: 'password_hash',
  facts: 'facts',
  site: 'site',
  scope: 'scope',
} as const;

export function createPeople(database: Database, clock: Clock): People {
  async function one(condition: string, value: string): Promise<Person | undefined> {
    const rows = await database.query<PersonRow>(`SELECT * FROM people WHERE ${condition}`, [value]);
    return rows[0] && toPerson(rows[0]);
  }

  return {
    async create(person) {
      const now = clock.now();
      const row: Person = { facts: {}, ...person, id: newId('person', now), createdAt: now };
      try {
        await database.query(
          `INSERT INTO people (id, login, display_name, role, place, clearance, queues, language, disabled,
             password_hash, created_at, facts, site, scope)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
          [
            row.id,
            row.login,
            row.displayName,
            row.role,
            row.place,
            row.clearance,
            row.queues,
            row.language,
            row.disabled,
            row.passwordHash,
            row.createdAt,
            jsonbText(row.facts),
            row.site || null,
            jsonbText(row.scope ?? {}),
          ],
        );
      } catch (thrown) {
        if (isDuplicate(thrown)) throw new AppError('conflict', 'Somebody has this login already: choose another.');
        throw thrown;
      }
      return row;
    },
    async update(id, change) {
      const fields = (Object.keys(columns) as (keyof typeof columns)[]).filter((name) => change[name] !== undefined);
      if (fields.length === 0) return one('id = $1', id);
      const sets = fields.map((name, index) => `${columns[name]} = $${index + 2}`).join(', ');
      const rows = await database.query<PersonRow>(`UPDATE people SET ${sets} WHERE id = $1 RETURNING *`, [
        id,
        ...fields.map((name) => (name === 'facts' || name === 'scope' ? jsonbText(change[name]) : change[name])),
      ]);
      return rows[0] && toPerson(rows[0]);
    },
    byId: (id) => one('id = $1', id),
    byLogin: (login) => one('login = $1', login),
    async list({ limit = 1000, after = '', search, role } = {}) {
      const rows = await database.query<PersonRow>(
        `SELECT * FROM people
         WHERE id > $1 AND ($3::text IS NULL OR strpos(lower(login || ' ' || display_name), lower($3)) > 0)
           AND ($4::text IS NULL OR role = $4)
         ORDER BY id LIMIT $2`,
        [after, limit, search ?? null, role ?? null],
      );
      return rows.map(toPerson);
    },
  };
}

function toPerson(row: PersonRow): Person {
  return {
    id: row.id,
    login: row.login,
    displayName: row.display_name,
    role: row.role,
    place: row.place,
    clearance: row.clearance,
    queues: row.queues,
    language: row.language,
    disabled: row.disabled,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
    facts: row.facts,
    ...(row.site ? { site: row.site } : {}),
    ...(isLimited(row.scope) ? { scope: row.scope } : {}),
  };
}
