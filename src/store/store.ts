// What the rest of the program may know about durable storage. Makers: store/postgres (any PostgreSQL; store/embedded starts one).

import type { AuditLog } from './audit/audit-log.ts';
import type { CallLists } from './call-lists.ts';
import type { Customers } from './customers.ts';
import type { Devices } from './devices.ts';
import type { EnvironmentChecks } from './environment-checks.ts';
import type { EventLog } from './event-log.ts';
import type { FlowVersions } from './flow-versions.ts';
import type { HelpRequests } from './help-requests.ts';
import type { ListeningKeys } from './listening-keys.ts';
import type { OwnTelephoneRows } from './own-telephones.ts';
import type { Pledges } from './pledges.ts';
import type { RecordingFiles, RecordingLives } from './recording-files.ts';
import type { RecordingSearch } from './recording-search.ts';
import type { ApiKeys, CallRecords, People, Recordings, Sessions } from './records.ts';
import type { SealedValues } from './sealed-values.ts';
import type { SignInStore } from './sign-in.ts';
import type { SealedPosts, VerificationCodes } from './verification.ts';
import type { Callbacks, Voicemails } from './waiting-work.ts';

export interface Store {
  readonly kind: 'embedded' | 'postgres';
  readonly events: EventLog;
  /** Who did what; only identity/audit writes it. */
  readonly audit: AuditLog;
  readonly people: People;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly calls: CallRecords;
  readonly recordings: Recordings;
  readonly recordingFiles: RecordingFiles;
  readonly recordingLives: RecordingLives;
  readonly recordingSearch: RecordingSearch;
  readonly listeningKeys: ListeningKeys;
  readonly callbacks: Callbacks;
  readonly voicemails: Voicemails;
  readonly helpRequests: HelpRequests;
  readonly ownTelephones: OwnTelephoneRows;
  readonly flowVersions: FlowVersions;
  readonly callLists: CallLists;
  readonly environmentChecks: EnvironmentChecks;
  readonly signIn: SignInStore;
  readonly verificationCodes: VerificationCodes;
  readonly sealedPosts: SealedPosts;
  /** For rotating keys. */
  readonly sealedValues: SealedValues;
  readonly devices: Devices;
  readonly pledges: Pledges;
  /** Sealed rows of the number vault; only privacy/ reads and writes them. */
  readonly vaultRows: VaultRows;
  readonly customers: Customers;
  /** Answers within a second; `ok: false` while the database is away. */
  health(): Promise<{ ok: boolean; because?: string }>;
  /** Writes what waits, then lets go of the database. Closing twice is closing once. */
  close(): Promise<void>;
}

export interface VaultRow {
  alias: string;
  /** Keyed hash of the number, hex. */
  numberHash: string;
  /** AES-256-GCM of the number; the key id is in front. */
  sealedNumber: Uint8Array;
  firstSeenAt: number;
}

export interface VaultRows {
  /** Idempotent. Resolves once the row cannot be lost (PostgreSQL or journal). */
  put(row: VaultRow): Promise<void>;
  byAlias(alias: string): Promise<VaultRow | undefined>;
}
