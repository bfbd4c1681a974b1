// Asks for digits: plays, stops at the first digit. Where the end of a telephone number is to be read out, it is put into the
// words here, because the flow does not have it.

import { spokenEnd } from '../../../privacy/spoken-end.ts';
import type { Say } from '../../../routing/flow/flow.ts';
import { type ActionOf, type FlowStep, type StepResult, sayToSource } from '../flow-step.ts';

export async function askForDigits(step: FlowStep, action: ActionOf<'digits'>): Promise<StepResult> {
  const { call, run, digits } = step;
  const say = action.speaksNumber ? await withNumber(step, action.say, action.speaksNumber) : action.say;
  const playback = call.customer?.endpoint.play(sayToSource(say, run.language));
  const got = await digits.collect({
    minDigits: action.minDigits,
    maxDigits: action.maxDigits,
    terminator: action.terminator,
    timeoutSeconds: action.timeoutSeconds,
    onFirst: () => playback?.stop(),
    after: playback?.finished ?? Promise.resolve(),
    signal: call.over.signal,
  });
  playback?.stop();
  if (got.kind === 'aborted') return 'left';
  return got;
}

const place = '{number}';

async function withNumber({ centre, call, keyed }: FlowStep, say: Say, which: 'caller' | 'keyed'): Promise<Say> {
  if ('prompt' in say) return say;
  const alias = which === 'keyed' ? keyed.alias : call.alias;
  const number = alias && (await centre.parts.vault.recall(alias));
  const end = number ? spokenEnd(number) : '';
  const filled = (text: string) => text.replaceAll(place, end);
  return {
    ja: filled(say.ja),
    ...(say.jaKana === undefined ? {} : { jaKana: filled(say.jaKana) }),
    ...(say.en === undefined ? {} : { en: filled(say.en) }),
  };
}
