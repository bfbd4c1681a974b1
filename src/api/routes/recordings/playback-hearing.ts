// What the routes for hearing recordings ask about a person and a recording: whether the rules and the person's scope allow it, and
// names and marks to show beside it.

import { roleMay } from '../../../identity/permissions.ts';
import { mayHear } from '../../../recording/playback/may-hear.ts';
import type { PersonId, RecordingId } from '../../../shared/ids.ts';
import type { AuditRecord } from '../../../store/audit/chain.ts';
import type { FoundRecording } from '../../../store/recording-search.ts';
import type { Person, RecordingRow } from '../../../store/records.ts';
import type { PlayedView } from '../../contracts/playback.ts';
import type { Reach } from '../../guard/scoped.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { PlaybackNeeds } from './playback-needs.ts';

export interface Hearing {
  allows(person: Person, found: FoundRecording, reach: Reach | undefined): Promise<boolean>;
  /** Whether it is told that there is this recording. */
  shows(person: Person, found: FoundRecording, reach: Reach | undefined): Promise<boolean>;
  /** Whether it is still allowed, for the bytes of a play: rules and people may have changed since. */
  stillAllows(person: Person, id: RecordingId, reach: Reach | undefined): Promise<boolean>;
  marksOf(row: RecordingRow): Promise<{ mark: string; atMs: number }[]>;
  namesOf(ids: readonly PersonId[]): Promise<Map<PersonId, string>>;
  playedViews(records: readonly AuditRecord[]): Promise<PlayedView[]>;
}

export function createHearing({ store, playback, mailboxes = [] }: ApiNeeds & { playback: PlaybackNeeds }): Hearing {
  const queueOf = ({ mailbox, queue }: FoundRecording) =>
    mailbox === null ? queue : (mailboxes.find(({ name }) => name === mailbox)?.queue ?? null);

  async function reaches(found: FoundRecording, reach: Reach | undefined): Promise<boolean> {
    if (!reach) return true;
    return found.kind === 'message' ? reach.queue(queueOf(found)) : reach.call(found.row.callId);
  }

  async function allows(person: Person, found: FoundRecording, reach: Reach | undefined): Promise<boolean> {
    const queue = queueOf(found);
    return mayHear(playback.rules, person, { ...found, queue }) && reaches(found, reach);
  }

  async function namesOf(ids: readonly PersonId[]): Promise<Map<PersonId, string>> {
    const people = await Promise.all([...new Set(ids)].map((id) => store.people.byId(id)));
    return new Map(people.flatMap((person) => (person ? [[person.id, person.displayName]] : [])));
  }

  return {
    allows,
    shows: (person, found, reach) =>
      roleMay(person.role, 'recordings:read') ? reaches(found, reach) : allows(person, found, reach),
    async stillAllows(person, id, reach) {
      const found = await store.recordingSearch.byId(id);
      return found !== undefined && allows(person, found, reach);
    },
    async marksOf({ id, callId }) {
      const events = await store.events.read({ callId, types: ['recording-marked'], limit: 100 });
      return events.flatMap((event) =>
        event.type === 'recording-marked' && event.recordingId === id ? [{ mark: event.mark, atMs: event.atMs }] : [],
      );
    },
    namesOf,
    async playedViews(records) {
      const names = await namesOf(records.flatMap(({ personId }) => (personId ? [personId as PersonId] : [])));
      return records.map(({ at, personId = null, act, outcome, details }) => {
        const [purpose = null, ...note] = details?.purpose?.split(': ') ?? [];
        return {
          ...{ at, personId, act, outcome, purpose },
          displayName: personId === null ? null : (names.get(personId as PersonId) ?? null),
          note: note.length === 0 ? null : note.join(': '),
          address: details?.address ?? null,
        };
      });
    },
  };
}
