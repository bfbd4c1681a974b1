// What the recorder (create-recorder.ts) and its processes (recorder-process.ts) say to each other over Node's IPC.

import type { RecordingId } from '../shared/ids.ts';
import type { ForkTarget } from './fork/fork.ts';
import type { TakeResult } from './take.ts';
import type { TapListen } from './tap-server.ts';
import type { TimelineOrigin } from './timeline.ts';

export interface ProcessSettings {
  bitrate: number;
  complexity: number;
  syncTails: boolean;
  folder: string;
  recipients: string[];
  memoryLimitBytes: number;
  /** 0: any. A process that replaces another takes its port, so that tap addresses stay good. */
  port: number;
  taps: TapListen;
}

export interface OpenTake {
  recordingId: RecordingId;
  token: string;
  name: string;
  /** Set when a process takes over from one that died. */
  earlier?: TimelineOrigin;
  paused: boolean;
  /** Who may open this one; those of the settings unless told. */
  recipients?: string[];
  /** Say when the party has been silent for so long. */
  silenceMs?: number;
}

export type ToProcess =
  | { kind: 'start'; settings: ProcessSettings }
  | { kind: 'open'; take: OpenTake }
  | { kind: 'pause'; recordingId: RecordingId; paused: boolean }
  | { kind: 'stop'; recordingId: RecordingId }
  /** Prepares a second way out, from this address; `fork-to` says where to, `unfork` ends it. */
  | { kind: 'fork'; recordingId: RecordingId; address: string }
  | { kind: 'fork-to'; recordingId: RecordingId; targets: readonly ForkTarget[] }
  | { kind: 'unfork'; recordingId: RecordingId };

export type FromProcess =
  | { kind: 'listening'; port: number }
  | { kind: 'unable'; because: string }
  | { kind: 'opened'; recordingId: RecordingId }
  | { kind: 'origin'; recordingId: RecordingId; origin: TimelineOrigin }
  | { kind: 'forked'; recordingId: RecordingId; ports: { left: number; right: number } | { because: string } }
  | { kind: 'tap-lost'; recordingId: RecordingId }
  | { kind: 'fell-silent'; recordingId: RecordingId }
  | { kind: 'trouble'; recordingId: RecordingId; because: string }
  | { kind: 'recovered'; recordingId: RecordingId }
  /** It could not be finished, or not be begun; what is sealed stays where it is. */
  | { kind: 'given-up'; recordingId: RecordingId; because: string }
  | { kind: 'stopped'; recordingId: RecordingId; result: TakeResult };
