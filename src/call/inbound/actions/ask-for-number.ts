// Asks for the telephone number at which somebody wants to be called back. It goes into the vault at once, if the dialling rules let
// it be called; the flow gets neither the number nor its alias.

import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../flow-step.ts';

const longest = 18;
const shortest = 3;

export async function askForNumber(step: FlowStep, action: ActionOf<'number'>): Promise<StepResult> {
  const { centre, call, run, digits, keyed } = step;
  const playback = call.customer?.endpoint.play(sayToSource(action.say, run.language));
  const got = await digits.collect({
    minDigits: shortest,
    maxDigits: longest,
    terminator: '#',
    timeoutSeconds: action.timeoutSeconds,
    onFirst: () => playback?.stop(),
    after: playback?.finished ?? Promise.resolve(),
    signal: call.over.signal,
  });
  playback?.stop();
  keyed.alias = null;
  if (got.kind === 'aborted') return 'left';
  if (got.kind === 'timeout') return got;
  // A star is no part of a number.
  const allowed = /^\d+$/.test(got.digits) ? centre.parts.checkDial(got.digits) : undefined;
  if (allowed?.kind !== 'allowed') return { kind: 'failed', because: 'not a number that may be called' };
  keyed.alias = await centre.parts.vault.remember(allowed.number);
  return { kind: 'done' };
}
