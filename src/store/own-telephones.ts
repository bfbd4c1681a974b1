// Who has an own telephone to work with, and which device is in use today. No number is here: `alias` is its name in the
// number vault, which is told to nobody.

import type { Device } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';

export interface OwnTelephoneRow {
  personId: PersonId;
  /** Null: no number is known. */
  alias: string | null;
  /** The administrator lets this person work by telephone. */
  allowed: boolean;
  device: Device;
  changedAt: number;
}

export interface OwnTelephoneRows {
  put(row: OwnTelephoneRow): Promise<void>;
  byPerson(personId: PersonId): Promise<OwnTelephoneRow | undefined>;
  list(): Promise<OwnTelephoneRow[]>;
}
