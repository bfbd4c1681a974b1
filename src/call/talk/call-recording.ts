// Recording one call: from the agent's (or, outbound, the customer's) answer to the end, through hold and transfer.
// The tap sits at the customer's endpoint: left is what the customer says, right what the customer hears.

import type { Endpoint } from '../../media/endpoint.ts';
import { asError } from '../../shared/errors.ts';
import { type CallState, type Centre, isOver, personOf } from '../call-state.ts';
import { type CallParts, tell } from '../parts.ts';
import { aboutOf, noPause, pauseFollows } from './recording-pause.ts';

/** The conversation does not wait longer than this for the recorder; the recorder catches up. */
const patienceMs = 500;
const retryMs = 1000;
const mostTries = 5;

type Tap = Parameters<Endpoint['startTap']>[0];

/** Starts the recording unless it runs. Never fails the call: what goes wrong is an event and a log line. */
export async function startRecording(centre: Centre, call: CallState): Promise<void> {
  if (call.recordingId || !call.customer) return;
  const { parts } = centre;
  const endpoint = call.customer.endpoint;
  const started = (async () => {
    const { recordingId, tapUrl } = await parts.recorder.open({
      ...{ callId: call.id, startedAt: parts.clock.now() },
      ...{ recipients: listenersTo(call, parts), about: aboutOf(call) },
    });
    call.recordingId = recordingId;
    call.recordingSince = parts.clock.now();
    pauseFollows(centre, call);
    // The call may be over before its recording is open.
    if (isOver(call)) return stopRecording(centre, call);
    await startTap(centre, call, endpoint, { url: tapUrl, metadata: { callId: call.id, recordingId } });
    call.recording = !isOver(call);
    centre.deskChanged(personOf(call));
  })().catch((thrown: unknown) => {
    const err = asError(thrown);
    call.log.error({ err }, 'recording could not start');
    tell(parts, { type: 'recording-failed', callId: call.id, recordingId: call.recordingId, because: err.message });
  });
  await Promise.race([started, new Promise<void>((resolve) => void parts.clock.after(patienceMs, resolve))]);
}

/** Keys of those who may hear it, as far as that is known when it begins; rotation seals it to the others. */
function listenersTo(call: CallState, { listeners }: Pick<CallParts, 'listeners'>): string[] {
  const personId = personOf(call);
  const { queue, reason } = call;
  return listeners?.toCall({ queue, reason: reason?.id ?? null, personIds: personId ? [personId] : [] }) ?? [];
}

/** A recorder that died a moment ago is back at the same address soon; an unrecorded conversation is worth more tries. */
async function startTap(centre: Centre, call: CallState, endpoint: Endpoint, tap: Tap): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    call.recordingSince = centre.parts.clock.now();
    try {
      return await endpoint.startTap(tap);
    } catch (thrown) {
      if (tries === mostTries || isOver(call)) throw thrown;
      call.log.warn({ err: asError(thrown), tries }, 'the recorder does not take the audio yet');
      await new Promise<void>((resolve) => void centre.parts.clock.after(retryMs, resolve));
    }
  }
}

/** Ends the recording; resolves when the sealed file is complete. */
export async function stopRecording(centre: Centre, call: CallState): Promise<void> {
  const recordingId = call.recordingId;
  if (!recordingId) return;
  call.recording = false;
  call.pause = noPause();
  try {
    await call.customer?.endpoint.stopTap();
  } catch (thrown) {
    call.log.warn({ err: asError(thrown) }, 'tap did not stop cleanly');
  }
  try {
    await centre.parts.recorder.stop(recordingId);
  } catch (thrown) {
    const err = asError(thrown);
    call.log.error({ err, recordingId }, 'recording did not end cleanly');
    tell(centre.parts, { type: 'recording-failed', callId: call.id, recordingId, because: err.message });
  }
}
