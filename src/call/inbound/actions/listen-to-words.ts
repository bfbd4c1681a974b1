// Lets the caller say it: asks, and listens through the speech server; a key that is pressed instead counts as well. Without a
// speech server, or when the call is being recorded already (its audio has one way out), it fails and the flow offers its menu.

import type { Playback } from '../../../media/endpoint.ts';
import { tell } from '../../parts.ts';
import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../flow-step.ts';

const outcomes = { heard: 'heard', digits: 'keyed', timeout: 'silence', failed: 'failed' } as const;

export async function listenToWords(step: FlowStep, action: ActionOf<'listen'>): Promise<StepResult> {
  const { centre, call, run } = step;
  const { speechRecognition, clock } = centre.parts;
  const endpoint = call.customer?.endpoint;
  if (!endpoint) return 'left';
  const playback = endpoint.play(sayToSource(action.say, run.language));
  if (!speechRecognition || call.recordingId) {
    await playback.finished;
    return { kind: 'failed', because: 'no-speech-server' };
  }
  const startedAt = clock.now();
  const settled = new AbortController();
  const stop = () => settled.abort();
  call.over.signal.addEventListener('abort', stop);
  const { language, phrases, timeoutSeconds, maxSeconds } = action;
  const { signal } = settled;
  const heard = speechRecognition.listen({
    ...{ endpoint, language, phrases, timeoutSeconds, maxSeconds, signal },
    after: playback.finished,
  });
  const first = await Promise.race([heard, keyed(step, action, playback, signal)]);
  call.over.signal.removeEventListener('abort', stop);
  settled.abort();
  playback.stop();
  await heard;
  const tookMs = clock.now() - startedAt;
  tell(centre.parts, { type: 'caller-listened-to', callId: call.id, outcome: outcomes[first.kind], tookMs });
  return call.over.signal.aborted ? 'left' : first;
}

/** Settles only if something is keyed. */
function keyed(
  { digits }: FlowStep,
  { maxDigits, timeoutSeconds, maxSeconds }: ActionOf<'listen'>,
  playback: Playback,
  signal: AbortSignal,
): Promise<{ kind: 'digits'; digits: string }> {
  return new Promise((resolve) => {
    if (maxDigits === 0) return;
    const collected = digits.collect({
      minDigits: 1,
      maxDigits,
      terminator: maxDigits > 1 ? '#' : null,
      timeoutSeconds: timeoutSeconds + maxSeconds,
      onFirst: () => playback.stop(),
      after: playback.finished,
      signal,
    });
    void collected.then((got) => {
      if (got.kind === 'digits') resolve(got);
    });
  });
}
