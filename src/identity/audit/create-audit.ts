// Writes the audit log. Fills in where somebody was, and whose data a target is, so that callers need not know.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Place } from '../../shared/events.ts';
import { newId, type PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { AuditLog } from '../../store/audit/audit-log.ts';
import type { AuditDetails, NewAuditRecord } from '../../store/audit/chain.ts';
import type { Audit, AuditAct, AuditEntry, AuditTarget } from './audit.ts';
import { noteWritten } from './written.ts';

export interface AuditNeeds {
  clock: Clock;
  log: Logger;
  rows: Pick<AuditLog, 'append'>;
  /** Where an address is. */
  placeAt?: (address: string, personId: PersonId | undefined) => Promise<Place> | Place;
  /** Whose data a target is: of a recording, who was heard. */
  aboutOf?: (target: AuditTarget) => Promise<readonly PersonId[]>;
}

/**
 * What does not happen when it cannot be chained at once, in the database: it takes something out of the house, or undoes a
 * protection. Everything else goes to a journal on disk while the database is away, and calls go on.
 */
const refusedUnseen: ReadonlySet<AuditAct> = new Set<AuditAct>([
  'recording-played',
  'voicemail-played',
  'listening-key-added',
  'listening-key-approved',
  'recording-fetched',
  'recording-exported',
  'recording-released',
  'recording-shredded',
  'number-revealed',
  'call-list-exported',
  'second-factor-removed',
  'api-key-made',
  'device-enrolled',
  'keys-rotated',
  'audit-exported',
  'details-forgotten',
  'customer-erased',
]);

export const isRefusedUnseen = (act: AuditAct): boolean => refusedUnseen.has(act);

const longestText = 2000;

export function createAudit({ clock, log, rows, placeAt, aboutOf }: AuditNeeds): Audit {
  /** What it adds is help for an auditor; without it the entry still stands. */
  async function orNothing<T>(what: string, work: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      log.debug({ err: asError(thrown), what }, 'an audit entry is kept without something that could not be found out');
      return undefined;
    }
  }

  async function placeOf({ by }: AuditEntry): Promise<Place | undefined> {
    const { origin, personId } = by;
    if (!origin || origin.place !== undefined || !placeAt) return origin?.place;
    return orNothing('place', () => placeAt(origin.address, personId));
  }

  async function aboutWhom({ target, about }: AuditEntry): Promise<readonly PersonId[]> {
    const found = target && aboutOf ? await orNothing('whose data', () => aboutOf(target)) : undefined;
    return [...new Set([...(about ?? []), ...(found ?? [])])];
  }

  return {
    async write(entry) {
      noteWritten(entry.act);
      const at = clock.now();
      const { act, by, target, outcome } = entry;
      const [place, about] = await Promise.all([placeOf(entry), aboutWhom(entry)]);
      const record: NewAuditRecord = {
        ...{ id: newId('auditEntry', at), at, act, outcome },
        ...(by.personId === undefined ? {} : { personId: by.personId }),
        ...(by.keyId === undefined ? {} : { keyId: by.keyId }),
        ...(by.command === undefined ? {} : { command: by.command }),
        ...(target ? { target: { kind: target.kind, id: target.id } } : {}),
        ...(about.length > 0 ? { about } : {}),
        details: detailsOf(entry, place),
        salt: randomBytes(32).toString('hex'),
      };
      // By a command there is nobody whose call would be kept up.
      const refuse = isRefusedUnseen(act) || by.command !== undefined;
      await rows.append(record, refuse ? 'refuse' : 'journal');
    },
  };
}

function detailsOf({ by, purpose, details }: AuditEntry, place: Place | undefined): AuditDetails {
  const { address, sessionId, deviceId, userAgent } = by.origin ?? {};
  const given = {
    address,
    sessionId,
    deviceId,
    place,
    userAgent,
    purpose: purpose?.trim().slice(0, longestText),
    more: details,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}
