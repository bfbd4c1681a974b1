// The store on any PostgreSQL: tables for reading, one durable writer for all that must not be lost (events, vault rows).
// Starting a PostgreSQL of our own is store/embedded's.

import { join } from 'node:path';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent, EventType, NewEvent } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import { createDurableWriter, type DurableWriter } from '../durable-writer.ts';
import { createEventIds } from '../event-id.ts';
import type { EventLog } from '../event-log.ts';
import { openJournal } from '../journal.ts';
import type { Store, VaultRow } from '../store.ts';
import { createAuditTables } from './audit-tables.ts';
import { createCallLists } from './call-lists-table.ts';
import {
  type CallRecordKeeper,
  createCallRecordKeeper,
  createCallRecords,
  rebuildCallRecords,
} from './call-records-table.ts';
import { applyCallbackEvents, createCallbacks } from './callbacks-table.ts';
import { createApiKeys, createSessions } from './credentials-tables.ts';
import { createCustomers } from './customers-table.ts';
import { type Database, openDatabase } from './database.ts';
import { createDevices } from './devices-tables.ts';
import { createEnvironmentChecks } from './environment-checks-table.ts';
import { insertEvents, readEvents } from './events-table.ts';
import { createFlowVersions } from './flow-versions-table.ts';
import { applyHelpEvents, createHelpRequests } from './help-requests-table.ts';
import { createListeningKeys } from './listening-keys-table.ts';
import { migrate } from './migrate.ts';
import { createOwnTelephoneRows } from './own-telephones-table.ts';
import { createPeople } from './people-table.ts';
import { createPledges } from './pledges-tables.ts';
import { createRecordingFiles } from './recording-files-table.ts';
import { createRecordingLives } from './recording-lives-table.ts';
import { createRecordingSearch } from './recording-search.ts';
import { createRecordings } from './recordings-table.ts';
import { isRetryable } from './retry.ts';
import { createSealedValues } from './sealed-values-tables.ts';
import { createSignInStore } from './sign-in-tables.ts';
import { insertVaultRows, readVaultRow } from './vault-table.ts';
import { createSealedPosts, createVerificationCodes } from './verification-tables.ts';
import { applyVoicemailEvents, createVoicemails } from './voicemails-table.ts';

export interface PostgresStore extends Store {
  /** Computes every call record from the event log again; says how many. */
  rebuildCallRecords(): Promise<number>;
  /** `journal` while the database is away and events are kept on disk. */
  readonly writing: 'direct' | 'journal';
}

export interface PostgresStoreNeeds {
  clock: Clock;
  log: Logger;
  url: string;
  migrationsFolder: string;
  /** Where events wait on disk while the database is away. One program per folder. */
  journalFolder: string;
  maxConnections?: number;
  /** How long to wait at the start for a database that does not answer yet. */
  startWaitMs?: number;
  kind?: Store['kind'];
  /** Runs after the connections are closed (stops an embedded server). */
  onClosed?: () => Promise<void>;
}

type DurableRow = { event: EngawaEvent } | { vaultRow: VaultRow };

const readsWaitForWritesMs = 1000;
const rebuildStepMayTakeMs = 10 * 60_000;

export async function openPostgresStore(needs: PostgresStoreNeeds): Promise<PostgresStore> {
  const { clock, log, url } = needs;
  await migrate({ url, folder: needs.migrationsFolder, log, waitMs: needs.startWaitMs });
  const database = openDatabase({ url, log, maxConnections: needs.maxConnections });
  // The writer's connection is its own, so that reports cannot make a call wait.
  const writing = openDatabase({ url, log, maxConnections: 2 });
  const keeper = createCallRecordKeeper();
  const writer = createDurableWriter<DurableRow>({
    journal: await openJournal(needs.journalFolder),
    write: (rows) => writeRows(writing, keeper, rows),
    probe: () => writing.ping(),
    isRetryable,
    encode,
    decode,
    // Real time, also under a test's clock: the database does not live in that.
    clock: systemClock,
    log,
  });
  const audit = createAuditTables({
    ...{ database, writing, clock: systemClock, log },
    journal: await openJournal(join(needs.journalFolder, 'audit')),
  });
  const events = createEventLog({ clock, log, database, writer });
  const settled = () => soon(writer.flush(), readsWaitForWritesMs);
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    await Promise.all([events.close(), audit.close()]);
    await Promise.all([database.close(), writing.close()]);
    await needs.onClosed?.();
  }

  return {
    kind: needs.kind ?? 'postgres',
    events,
    audit,
    people: createPeople(database, clock),
    sessions: createSessions(database),
    apiKeys: createApiKeys(database),
    calls: createCallRecords(database, settled),
    recordings: createRecordings(database),
    recordingFiles: createRecordingFiles(database),
    recordingLives: createRecordingLives(database),
    recordingSearch: createRecordingSearch(database),
    listeningKeys: createListeningKeys(database),
    callbacks: createCallbacks(database, settled),
    voicemails: createVoicemails(database, settled),
    helpRequests: createHelpRequests(database, settled),
    ownTelephones: createOwnTelephoneRows(database),
    environmentChecks: createEnvironmentChecks(database),
    flowVersions: createFlowVersions(database),
    callLists: createCallLists(database),
    signIn: createSignInStore(database),
    verificationCodes: createVerificationCodes(database),
    sealedPosts: createSealedPosts(database),
    sealedValues: createSealedValues(database),
    devices: createDevices(database),
    pledges: createPledges(database),
    customers: createCustomers(database, settled),
    vaultRows: {
      put: (vaultRow) => writer.put({ vaultRow }),
      async byAlias(alias) {
        await settled();
        return readVaultRow(database, alias);
      },
    },
    get writing() {
      return writer.state;
    },
    rebuildCallRecords: async () => {
      await writer.flush();
      // A whole log is read: not within the time limit of a page's request.
      const patient = openDatabase({ url, log, maxConnections: 1, requestTimeoutMs: rebuildStepMayTakeMs });
      try {
        return await rebuildCallRecords(patient);
      } finally {
        await patient.close();
      }
    },
    health: () => databaseHealth(database, writer),
    close: () => (closing ??= closeAll()),
  };
}

async function writeRows(database: Database, keeper: CallRecordKeeper, rows: readonly DurableRow[]): Promise<void> {
  const events = rows.flatMap((row) => ('event' in row ? [row.event] : []));
  try {
    await database.transaction(async (connection) => {
      await insertEvents(connection, events);
      await keeper.apply(connection, events);
      await applyCallbackEvents(connection, events);
      await applyVoicemailEvents(connection, events);
      await applyHelpEvents(connection, events);
      await insertVaultRows(
        connection,
        rows.flatMap((row) => ('vaultRow' in row ? [row.vaultRow] : [])),
      );
    });
  } catch (thrown) {
    keeper.forget(events);
    throw thrown;
  }
}

function createEventLog(needs: {
  clock: Clock;
  log: Logger;
  database: Database;
  writer: DurableWriter<DurableRow>;
}): EventLog {
  const { clock, log, database, writer } = needs;
  const ids = createEventIds();
  const live = createEmitter<{ event: EngawaEvent }>((error) =>
    log.error({ err: error }, 'a listener of events failed'),
  );
  const undelivered: EngawaEvent[] = [];
  let delivering = false;

  /** A listener that appends must not overtake: the others see the event it heard first, then the new one. */
  function deliver(event: EngawaEvent): void {
    undelivered.push(event);
    if (delivering) return;
    delivering = true;
    for (let next = undelivered.shift(); next; next = undelivered.shift()) live.emit('event', next);
    delivering = false;
  }

  return {
    async append<T extends EventType>(newEvent: NewEvent<T>) {
      const at = clock.now();
      const event = Object.freeze({ id: ids.next(at), at, ...newEvent }) as unknown as EngawaEvent<T>;
      const kept = writer.put({ event: event as EngawaEvent });
      deliver(event as EngawaEvent);
      await kept;
      return event;
    },
    subscribe: (listener) => live.on('event', listener),
    async read(query) {
      await soon(writer.flush(), readsWaitForWritesMs);
      return readEvents(database, query);
    },
    flush: () => writer.flush(),
    async close() {
      await writer.close();
      live.clear();
    },
  };
}

async function databaseHealth(
  database: Database,
  writer: DurableWriter<DurableRow>,
): Promise<{ ok: boolean; because?: string }> {
  try {
    const answered = await soon(
      database.ping().then(() => true),
      900,
    );
    if (!answered) return { ok: false, because: 'The database does not answer.' };
    if (writer.state === 'journal') return { ok: false, because: 'The journal is being written to the database.' };
    return { ok: true };
  } catch (thrown) {
    return { ok: false, because: `The database does not answer: ${asError(thrown).message}` };
  }
}

/** Waits for it, but no longer than this. Undefined if it took longer; rejects if it rejects in time. */
async function soon<T>(work: Promise<T>, withinMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), withinMs);
  });
  // If it fails after the time is up, nobody waits for it any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function encode(row: DurableRow): string {
  if ('event' in row) return JSON.stringify(row);
  const { sealedNumber, ...rest } = row.vaultRow;
  return JSON.stringify({ vaultRow: { ...rest, sealedNumber: Buffer.from(sealedNumber).toString('base64') } });
}

function decode(line: string): DurableRow {
  const row = JSON.parse(line) as { event: EngawaEvent } | { vaultRow: VaultRow & { sealedNumber: unknown } };
  if ('event' in row) return row;
  const sealedNumber = new Uint8Array(Buffer.from(String(row.vaultRow.sealedNumber), 'base64'));
  return { vaultRow: { ...row.vaultRow, sealedNumber } };
}
