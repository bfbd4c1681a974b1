// Recordings that really were made and archived, behind the API: to be asked for as a browser does.

import type { Test } from 'tap';
import type { PlaybackNeeds } from '../../../src/api/routes/recordings/playback-needs.ts';
import type { Audit } from '../../../src/identity/audit/audit.ts';
import { createAudit } from '../../../src/identity/audit/create-audit.ts';
import { createArchive } from '../../../src/recording/archive/create-archive.ts';
import { createFolderPayloads } from '../../../src/recording/archive/folder-payloads.ts';
import { createIdentities } from '../../../src/recording/open-parts.ts';
import { createListeners } from '../../../src/recording/playback/listeners.ts';
import type { HearRule } from '../../../src/recording/playback/may-hear.ts';
import { createPlayTokens } from '../../../src/recording/playback/play-tokens.ts';
import { createServerPlayer } from '../../../src/recording/playback/server-player.ts';
import { createFolderStorage } from '../../../src/recording/storage.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type CallId, newId, type PersonId, type RecordingId } from '../../../src/shared/ids.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { testApi } from '../centre/api.ts';
import { connectTap } from '../media/tap-client.ts';
import { testDatabase, testStore } from '../servers/database.ts';
import { recordingBench } from './recording-bench.ts';

export async function playbackBench(
  t: Test,
  options: { rules?: HearRule[]; serverOpens?: boolean; audit?: Audit | 'none' } = {},
) {
  const url = await testDatabase(t);
  const rows = await testStore(t, { url });
  const bench = await recordingBench(t, { recordings: rows.recordings });
  const { folder, identity, recorder } = bench;
  const rules = options.rules ?? [{ roles: ['supervisor'] }];
  const archive = createArchive({
    files: rows.recordingFiles,
    lives: rows.recordingLives,
    payloads: createFolderPayloads({ folder }),
    local: createFolderStorage({ folder }),
  });
  const mailboxes = [{ name: 'desk', label: { ja: '窓口', en: 'Desk' }, queue: 'support' }];
  const common = { clock: systemClock, log: silentLogger, rules, mailboxes };
  const listeners = createListeners({ ...common, keys: rows.listeningKeys, people: rows.people, covers: () => true });
  const label = { ja: '苦情', en: 'Complaint' };
  const playback: PlaybackNeeds = {
    rules,
    purposes: [
      { name: 'complaint', label, note: false },
      { name: 'other', label: { ja: 'その他', en: 'Other' }, note: true },
    ],
    keyFiles: true,
    postQuantum: false,
    archive: { find: (id) => archive.find(id as RecordingId), openJoined: archive.openJoined },
    tokens: createPlayTokens(Buffer.alloc(32, 7)),
    ...(options.serverOpens
      ? { serverPlayer: createServerPlayer({ clock: systemClock, archive, identities: createIdentities([identity]) }) }
      : {}),
    onKeysChanged: listeners.refresh,
    recipientProblem: () => undefined,
  };
  const audit = options.audit ?? createAudit({ clock: systemClock, log: silentLogger, rows: rows.audit });
  const centre = await testApi(t, {
    databaseUrl: url,
    playback,
    mailboxes,
    ...(audit === 'none' ? {} : { audit }),
  });
  await listeners.start();
  t.teardown(() => listeners.close());

  /** A call that was, recorded: 440 Hz on the customer's side, 660 Hz on the agent's. */
  async function record(of: {
    queue?: string;
    reason?: string;
    personId?: PersonId;
    mailbox?: string;
    ms?: number;
    finish?: boolean;
  }) {
    const { queue, reason = 'delivery', personId, mailbox, ms = 1000, finish = true } = of;
    const callId = newId('call');
    const { events } = rows;
    const started = { direction: 'inbound', alias: 'A-1234', companyNumber: '0120000000', trunk: null } as const;
    await events.append({ type: 'call-started', callId, ...started });
    await events.append({ type: 'reason-set', callId, reason, piiClass: 'personal', by: 'flow' });
    if (queue) await events.append({ type: 'queue-entered', callId, queue });
    if (personId)
      await events.append({ type: 'agent-answered', callId, personId, legId: newId('leg'), place: 'home', ringMs: 1 });
    const recipients = mailbox
      ? listeners.toMessage({ mailbox, reason })
      : listeners.toCall({ queue: queue ?? null, reason, personIds: personId ? [personId] : [] });
    const { recordingId, tapUrl } = await recorder.open({ callId, startedAt: Date.now(), recipients });
    const tap = await connectTap(tapUrl);
    await tap.send({ leftHz: 440, rightHz: 660, ms });
    await tap.close();
    if (finish) await recorder.stop(recordingId);
    if (mailbox)
      await events.append({
        ...{ type: 'voicemail-left' as const, callId, recordingId, mailbox, durationMs: ms },
        ...{ alias: 'A-1234', reason, piiClass: 'personal' },
      });
    await rows.events.flush();
    return { callId: callId as CallId, recordingId };
  }

  type Headers = Record<string, string>;
  const ask = (headers: Headers, method: 'GET' | 'POST' | 'DELETE' | 'HEAD', path: string, payload?: object) =>
    centre.app.inject({ method, url: `/api/v1${path}`, headers, ...(payload ? { payload } : {}) });

  return { ...bench, ...centre, privateKey: identity, rows, listeners, record, ask };
}
