// What the routes for hearing recordings are built from.

import type { ArchivedRecording, RecordingArchive } from '../../../recording/archive/archive.ts';
import type { HearRule } from '../../../recording/playback/may-hear.ts';
import type { PlayTokens } from '../../../recording/playback/play-tokens.ts';
import type { ServerPlayer } from '../../../recording/playback/server-player.ts';
import type { Purpose } from '../../guard/purpose.ts';

export interface PlaybackNeeds {
  rules: readonly HearRule[];
  purposes: readonly Purpose[];
  /** Whether a page may open recordings with a key file. */
  keyFiles: boolean;
  /** Keys of people must be post-quantum, because the company's are: another one beside them would undo that. */
  postQuantum: boolean;
  archive: Pick<RecordingArchive, 'openJoined'> & { find(id: string): Promise<ArchivedRecording> };
  tokens: PlayTokens;
  /** Where the company has given the server an identity; without it only pages open recordings. */
  serverPlayer?: ServerPlayer;
  /** A key is another: recordings that begin now are sealed to others. */
  onKeysChanged(): Promise<void>;
  /** Says in a sentence what is wrong with a public key; undefined when nothing is. */
  recipientProblem(recipient: string): string | undefined;
}
