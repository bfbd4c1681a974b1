// The audit log put together: who writes into it learns where somebody is and whose data a recording or a call is.

import type { Audit, AuditTarget } from '../identity/audit/audit.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import type { Places } from '../identity/places.ts';
import type { Clock } from '../shared/clock.ts';
import type { CallId, PersonId, RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';

export interface AppAudit {
  audit: Audit;
}

export function openAudit({
  store,
  places,
  clock,
  log,
}: {
  store: Store;
  places: Places;
  clock: Clock;
  log: Logger;
}): AppAudit {
  const audit = createAudit({
    ...{ clock, log, rows: store.audit },
    async placeAt(address, personId) {
      const person = personId && (await store.people.byId(personId));
      return places.at(address, person || undefined);
    },
    aboutOf: (target) => peopleIn(store, target),
  });
  return { audit };
}

/** Who is heard in a recording, who was on a call. */
async function peopleIn(store: Store, { kind, id }: AuditTarget): Promise<PersonId[]> {
  const callId =
    kind === 'call'
      ? (id as CallId)
      : kind === 'recording'
        ? (await store.recordings.byId(id as RecordingId))?.callId
        : undefined;
  const call = callId && (await store.calls.byId(callId));
  return call ? call.segments.map(({ personId }) => personId) : [];
}
