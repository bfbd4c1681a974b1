// Keys of people who may hear recordings: the public half, to which recordings are sealed, and of those under a passkey the
// private half, sealed so that only that passkey opens it. Nothing here opens a recording. The maker is
// store/postgres/listening-keys-table.ts.

import type { ListeningKeyId, PersonId } from '../shared/ids.ts';

export interface ListeningKey {
  id: ListeningKeyId;
  personId: PersonId;
  /** What its owner calls it. */
  name: string;
  /** `file`: the private half is in a file that its owner keeps. */
  kind: 'passkey' | 'file';
  /** age public key, `age1…`. */
  recipient: string;
  /** The private half as an age file for a passkey (stanza fido2prf); null for a key file. */
  sealedIdentity: Uint8Array | null;
  /** Which passkey: `AGE-PLUGIN-FIDO2PRF-1…`, no secret; null for a key file. */
  credential: string | null;
  createdAt: number;
  /** Recordings are sealed to it from then on. */
  approvedAt: number | null;
  approvedBy: PersonId | null;
  /** No recording is sealed to it from then on. */
  endedAt: number | null;
  endedBy: PersonId | null;
}

export type NewListeningKey = Pick<
  ListeningKey,
  'id' | 'personId' | 'name' | 'kind' | 'recipient' | 'sealedIdentity' | 'credential' | 'createdAt'
>;

export interface ListeningKeys {
  /** False: this public key is registered already, by whomever. */
  create(key: NewListeningKey): Promise<boolean>;
  byId(id: ListeningKeyId): Promise<ListeningKey | undefined>;
  ofPerson(personId: PersonId): Promise<ListeningKey[]>;
  /** Newest first. `inForce`: approved and not ended. */
  list(query?: { inForce?: boolean }): Promise<ListeningKey[]>;
  /** Undefined: there is none that waits for it. */
  approve(id: ListeningKeyId, by: { at: number; personId: PersonId }): Promise<ListeningKey | undefined>;
  /** Undefined: there is none that has not ended. */
  end(id: ListeningKeyId, by: { at: number; personId: PersonId }): Promise<ListeningKey | undefined>;
}
