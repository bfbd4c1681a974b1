// What the rest of the system may know about recording. Audio arrives over a WebSocket from whichever media server has it
// (Endpoint.startTap), is encoded as Ogg Opus and sealed with age as it is made, in a process of its own.

import type { Listenable } from '../shared/emitter.ts';
import type { CallId, RecordingId } from '../shared/ids.ts';
import type { ForkTarget } from './fork/fork.ts';
import type { RecordingSubject } from './which.ts';

export interface RecorderEvents {
  /** The recording has begun to be written. `zeroAt`: when its time line began, in epoch milliseconds. */
  started: { callId: CallId; recordingId: RecordingId; zeroAt: number };
  /** Audio is being lost or will be: disk full, storage gone. The call goes on; somebody must be told. */
  failed: { callId: CallId; recordingId: RecordingId; because: string };
  /** After `failed`: everything that was held back is written. */
  recovered: { callId: CallId; recordingId: RecordingId };
  /** The tap went away without a new one, or the process behind `tapUrl` was replaced: call `Endpoint.startTap` again. */
  tapNeeded: { callId: CallId; recordingId: RecordingId; tapUrl: string };
  /** Once, if it was asked for at `open`: the party has been silent for so long. The recording goes on. */
  fellSilent: { callId: CallId; recordingId: RecordingId };
  stopped: { callId: CallId; recordingId: RecordingId; durationMs: number; bytes: number };
}

export interface Recorder extends Listenable<RecorderEvents> {
  /** Prepares a recording and says where the media server shall send the audio. One recording per call, through transfers. */
  open(request: {
    callId: CallId;
    startedAt: number;
    /** Tell (`fellSilent`) when the party itself has been silent for so long. */
    silenceMs?: number;
    /** Public keys of those who may hear this one, besides those that open every recording. */
    recipients?: readonly string[];
    /** What is known by now of what it will be about: says who opens every recording of that kind. */
    about?: RecordingSubject;
  }): Promise<{ recordingId: RecordingId; tapUrl: string }>;
  /** Writes silence from now on (pause), or audio again. The gap stays in the time line. */
  setPaused(recordingId: RecordingId, paused: boolean): Promise<void>;
  /**
   * A second way out for the audio of this recording, to a company's own recording server, from two ports of `address`. Undefined when
   * there is none (the recording is over, or no socket can be had): that costs the recording nothing. Ends with the recording, and with the
   * process that makes it (`tapNeeded` is told then): ask again.
   */
  fork(recordingId: RecordingId, address: string): Promise<{ left: number; right: number } | undefined>;
  forkTo(recordingId: RecordingId, targets: readonly ForkTarget[]): void;
  unfork(recordingId: RecordingId): void;
  /** Ends the recording; resolves when the sealed file is complete and its row is written. */
  stop(recordingId: RecordingId): Promise<void>;
  health(): { ok: boolean; because?: string };
  close(): Promise<void>;
}
