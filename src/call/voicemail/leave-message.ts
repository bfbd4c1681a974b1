// The caller leaves a message: greeting, tone, and then the caller alone, recorded and sealed as a conversation is. `#`, silence, the
// longest time or hanging up end it.

import { asError } from '../../shared/errors.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import { type ActionOf, type FlowStep, type StepResult, speak } from '../inbound/flow-step.ts';
import { tell } from '../parts.ts';
import { stopRecording } from '../talk/call-recording.ts';
import { aboutOf } from '../talk/recording-pause.ts';

const tone = { kind: 'tone', frequencyHz: 1000, durationMs: 400 } as const;
/** Somebody who hung up at the tone has left no message. */
const shortestMs = 1000;

export async function leaveMessage(step: FlowStep, action: ActionOf<'voicemail'>): Promise<StepResult> {
  const { call } = step;
  // A conversation that is being recorded goes on being recorded: it has one recording.
  if (call.recordingId) return { kind: 'failed', because: 'recorded already' };
  if (action.say) await speak(step, action.say);
  if (isOver(call)) return 'left';
  try {
    const durationMs = await record(step, action);
    if (durationMs < shortestMs) return isOver(call) ? 'left' : { kind: 'failed', because: 'nothing was left' };
  } catch (thrown) {
    call.log.error({ err: asError(thrown) }, 'a message could not be taken');
    return isOver(call) ? 'left' : { kind: 'failed', because: 'no recorder' };
  }
  return isOver(call) ? 'left' : { kind: 'done' };
}

/** Gives the length of the message, in milliseconds. */
async function record(step: FlowStep, { mailbox, maxSeconds, silenceSeconds }: ActionOf<'voicemail'>): Promise<number> {
  const { centre, call } = step;
  const { clock, recorder } = centre.parts;
  const endpoint = call.customer?.endpoint;
  if (!endpoint) return 0;
  const silenceMs = silenceSeconds * 1000;
  const recipients = centre.parts.listeners?.toMessage({ mailbox, reason: call.reason?.id ?? null }) ?? [];
  const { recordingId, tapUrl } = await recorder.open({
    ...{ callId: call.id, startedAt: clock.now(), silenceMs, recipients, about: { ...aboutOf(call), mailbox } },
  });
  const ended = endOf(centre, recordingId);
  // Whoever hangs up has it stopped and sealed with the call.
  call.recordingId = recordingId;
  try {
    await endpoint.play(tone).finished;
    if (!isOver(call)) {
      await endpoint.startTap({ url: tapUrl, metadata: { callId: call.id, recordingId } });
      const by = await spoken(step, recordingId, maxSeconds);
      call.log.info({ mailbox, by }, 'a message was taken');
    }
  } finally {
    await stopRecording(centre, call);
    if (call.recordingId === recordingId && !isOver(call)) call.recordingId = null;
  }
  const durationMs = await ended;
  if (durationMs >= shortestMs) left(centre, call, { recordingId, mailbox, durationMs });
  return durationMs;
}

function left(
  centre: Centre,
  call: CallState,
  message: { recordingId: RecordingId; mailbox: string; durationMs: number },
): void {
  const { alias, reason } = call;
  const about = { alias, reason: reason?.id ?? null, piiClass: reason?.piiClass ?? null };
  tell(centre.parts, { type: 'voicemail-left', callId: call.id, ...message, ...about });
}

/** How long it became, once it is sealed. */
function endOf({ parts }: Centre, recordingId: RecordingId): Promise<number> {
  return new Promise((resolve) => {
    const off = parts.recorder.on('stopped', (stopped) => {
      if (stopped.recordingId !== recordingId) return;
      off();
      resolve(stopped.durationMs);
    });
  });
}

/** What ended the message. */
async function spoken(
  { centre, call, digits }: FlowStep,
  recordingId: RecordingId,
  maxSeconds: number,
): Promise<'key' | 'silence' | 'longest' | 'hung-up'> {
  const { clock, recorder } = centre.parts;
  const over = new AbortController();
  const stop = () => over.abort();
  call.over.signal.addEventListener('abort', stop);
  if (isOver(call)) stop();
  const settled = { minDigits: 0, maxDigits: 64, terminator: '#', timeoutSeconds: maxSeconds + 60 };
  const keyed = digits.collect({ ...settled, onFirst: () => {}, after: Promise.resolve(), signal: over.signal });
  let offSilence = () => {};
  const silent = new Promise<'silence'>((resolve) => {
    offSilence = recorder.on('fellSilent', (told) => {
      if (told.recordingId === recordingId) resolve('silence');
    });
  });
  const longest = new Promise<'longest'>((resolve) => {
    const timer = clock.after(maxSeconds * 1000, () => resolve('longest'));
    over.signal.addEventListener('abort', () => timer.cancel());
  });
  const by = await Promise.race([
    keyed.then((got) => (got.kind === 'aborted' ? ('hung-up' as const) : ('key' as const))),
    ...[silent, longest],
  ]);
  offSilence();
  call.over.signal.removeEventListener('abort', stop);
  over.abort();
  return by;
}
