// When a recording pauses: read from the call's state and the company's settings, after every change, as the audio is. What is said
// meanwhile becomes silence of the same length, and each gap has its marks. Nothing is paused that does not run.
//
// The recorder hears everything a moment late. It is told of a pause at once, so the last moment before may be missing; and of the
// end of one only when all that belongs to the gap must have arrived.

import { isFor, type Which } from '../../recording/which.ts';
import type { Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import { type CallState, type Centre, isOver, personOf } from '../call-state.ts';
import type { CommandOutcome } from '../desk.ts';
import { refusals } from '../outbound/refusals.ts';
import { tell } from '../parts.ts';

export type PauseCause = 'secret-digits' | 'hold' | 'consultation' | 'waiting' | 'policy' | 'by-hand';

export interface PauseSettings {
  during: readonly ('secret-digits' | 'hold' | 'consultation' | 'waiting')[];
  /** While a call is about this. */
  for: readonly Which[];
  byHand: boolean;
}

export interface RecordingPause {
  /** In force, as the last mark has it. */
  causes: readonly PauseCause[];
  byHand: boolean;
  /** A customer keys in secret. */
  keying: boolean;
  resuming?: Timer | undefined;
}

/** Embedded media sends what it heard within 0.3 s, FreeSWITCH within 0.2 s; the rest is a busy machine's. */
const tapLagMs = 600;

export const noPause = (): RecordingPause => ({ causes: [], byHand: false, keying: false });

type PauseFacts = Pick<
  CallState,
  'phase' | 'heldSince' | 'consultation' | 'outside' | 'queue' | 'reason' | 'raisedClass' | 'pause'
>;

/** Why the recording of this call is to pause; empty: it is not. */
export function causesOf(call: PauseFacts, settings: PauseSettings): PauseCause[] {
  const is = {
    'secret-digits': call.pause.keying,
    hold: call.heldSince !== null,
    consultation: call.consultation !== undefined,
    waiting: call.phase !== 'talking' && call.outside === undefined,
  };
  const causes: PauseCause[] = settings.during.filter((cause) => is[cause]);
  if (settings.for.some((which) => isFor(which, aboutOf(call), { unknownClass: true }))) causes.push('policy');
  if (call.pause.byHand) causes.push('by-hand');
  return causes;
}

/** What the call is about for rules on recordings. A class that was raised to "unknown" is none. */
export function aboutOf({ queue, reason, raisedClass }: Pick<CallState, 'queue' | 'reason' | 'raisedClass'>) {
  const piiClass = raisedClass ?? reason?.piiClass ?? null;
  return { queue, reason: reason?.id ?? null, piiClass: piiClass === 'unknown' ? null : piiClass, mailbox: null };
}

/** To be called after every change that may pause a recording, or end a pause. */
export function pauseFollows(centre: Centre, call: CallState): void {
  const { recordingPause } = centre.parts.settings;
  const { pause, recordingId } = call;
  if (!recordingPause || recordingId === null || isOver(call)) return;
  const before = pause.causes;
  const causes = causesOf(call, recordingPause);
  if (before.join() === causes.join()) return;
  pause.causes = causes;
  // What is paused for another reason now stays paused: the gap is one, and each reason has its mark.
  if (causes.length > 0) {
    pause.resuming?.cancel();
    pause.resuming = undefined;
    if (before.length === 0) setPaused(centre, call, true);
    for (const cause of causes) if (!before.includes(cause)) mark(centre, call, `paused-${cause}`);
  } else {
    pause.resuming = centre.parts.clock.after(tapLagMs, () => {
      pause.resuming = undefined;
      if (isOver(call) || call.recordingId !== recordingId) return;
      setPaused(centre, call, false);
      mark(centre, call, 'resumed');
      centre.deskChanged(personOf(call));
    });
  }
  centre.deskChanged(personOf(call));
}

/** True until the recorder writes sound again. */
export const isPaused = ({ pause }: Pick<CallState, 'pause'>): boolean =>
  pause.causes.length > 0 || pause.resuming !== undefined;

export function pauseByHand(centre: Centre, call: CallState, paused: boolean): CommandOutcome {
  if (!centre.parts.settings.recordingPause?.byHand) return { kind: 'conflict', because: refusals['no-pause-by-hand'] };
  if (!call.recordingId || !call.recording) return { kind: 'conflict', because: refusals['not-recorded'] };
  call.pause.byHand = paused;
  pauseFollows(centre, call);
  return { kind: 'ok' };
}

/** While a customer keys in secret. */
export async function whileKeying<T>(centre: Centre, call: CallState, work: () => Promise<T>): Promise<T> {
  call.pause.keying = true;
  pauseFollows(centre, call);
  try {
    return await work();
  } finally {
    call.pause.keying = false;
    pauseFollows(centre, call);
  }
}

function setPaused(centre: Centre, call: CallState, paused: boolean): void {
  centre.parts.recorder
    .setPaused(call.recordingId!, paused)
    .catch((thrown: unknown) =>
      call.log.warn({ err: asError(thrown), paused }, 'the recording did not pause or resume'),
    );
}

function mark({ parts }: Centre, call: CallState, what: string): void {
  const atMs = Math.max(0, parts.clock.now() - call.recordingSince);
  tell(parts, { type: 'recording-marked', callId: call.id, recordingId: call.recordingId!, mark: what, atMs });
}
