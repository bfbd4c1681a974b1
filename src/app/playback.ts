// Hearing recordings put together: who may, to whom recordings that begin are sealed for that, and, where the company has given
// the server an identity, what opens them here.

import type { PlaybackNeeds } from '../api/routes/recordings/playback-needs.ts';
import type { Config } from '../config.ts';
import { coversPerson, coversQueue, isLimited } from '../identity/scopes.ts';
import type { RecordingArchive } from '../recording/archive/archive.ts';
import { createIdentities } from '../recording/open-parts.ts';
import { createListeners, type Listeners } from '../recording/playback/listeners.ts';
import type { HearAbout } from '../recording/playback/may-hear.ts';
import { createPlayTokens } from '../recording/playback/play-tokens.ts';
import { createServerPlayer, type ServerPlayer } from '../recording/playback/server-player.ts';
import { isPostQuantum } from '../recording/recipients.ts';
import { createSealer } from '../recording/sealing.ts';
import { type Secrets, secretOf } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { asError } from '../shared/errors.ts';
import type { RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { Person } from '../store/records.ts';
import type { Store } from '../store/store.ts';

interface Site {
  clock: Clock;
  log: Logger;
  closer: Closer;
}

export function listenersOf(
  { mailboxes, playback }: Config,
  { listeningKeys: keys, people }: Store,
  { clock, log }: Pick<Site, 'clock' | 'log'>,
): Listeners {
  return createListeners({ clock, log, keys, people, rules: playback.hear, mailboxes, covers });
}

/** To whom a recording that was made is to be sealed, for a rotation: by then all is known of it. */
export async function listenersTo(
  listeners: Pick<Listeners, 'toCall' | 'toMessage'>,
  { recordingSearch }: Store,
  id: RecordingId,
): Promise<string[]> {
  const found = await recordingSearch.byId(id);
  if (!found) return [];
  const { mailbox, queue, reason, personIds } = found;
  return mailbox === null ? listeners.toCall({ queue, reason, personIds }) : listeners.toMessage({ mailbox, reason });
}

/**
 * To whom recordings are sealed besides the company's own recipients. `store`: one whose events are those of all nodes, so that a
 * key that was approved at another one holds here.
 */
export async function openListeners(config: Config, store: Store, { clock, log, closer }: Site): Promise<Listeners> {
  const listeners = listenersOf(config, store, { clock, log });
  const off = store.events.subscribe((event) => {
    if (event.type === 'listening-key-changed') void listeners.refresh();
  });
  closer.add('listeners', async () => {
    off();
    listeners.close();
  });
  await listeners.start();
  return listeners;
}

/** What is not known yet when a recording begins, such as who else will be in it, is outside of a limit. */
function covers({ id, scope, site, queues }: Person, { queue, personIds }: HearAbout): boolean {
  if (!isLimited(scope)) return true;
  if (queue !== null) return coversQueue(scope, queue) && (!scope.sites || coversPerson(scope, { site, queues }));
  return personIds.includes(id);
}

export function openPlayback(
  config: Config,
  secrets: Pick<Secrets, 'playKey'>,
  needs: { clock: Clock; archive: RecordingArchive; listeners: Pick<Listeners, 'refresh'> },
): PlaybackNeeds {
  const { archive, listeners } = needs;
  const { hear, purposes, keyFiles } = config.playback;
  const serverPlayer = openServerPlayer(config, needs);
  return {
    rules: hear,
    purposes,
    keyFiles,
    archive: { find: (id) => archive.find(id as RecordingId), openJoined: archive.openJoined },
    tokens: createPlayTokens(secrets.playKey),
    ...(serverPlayer ? { serverPlayer } : {}),
    postQuantum: config.recording.recipients.some(isPostQuantum),
    onKeysChanged: listeners.refresh,
    recipientProblem,
  };
}

function recipientProblem(recipient: string): string | undefined {
  try {
    createSealer([recipient], 'The key');
    return undefined;
  } catch (thrown) {
    return asError(thrown).message;
  }
}

function openServerPlayer(
  { playback: { identity } }: Config,
  { clock, archive }: { clock: Clock; archive: RecordingArchive },
): ServerPlayer | undefined {
  if (identity === undefined) return undefined;
  const lines = secretOf(identity, 'playback.identity').split(/\s*\n\s*/);
  const identities = createIdentities(lines.filter((line) => line !== '' && !line.startsWith('#')));
  return createServerPlayer({ clock, archive, identities });
}
