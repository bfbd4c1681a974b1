// What every action of a flow is carried out with: the call, what is said in which language, and what the flow has of it that no
// variable holds (a number that was keyed, a place in a queue).

import type { PlaySource } from '../../media/endpoint.ts';
import type { Alias } from '../../privacy/vault.ts';
import type { Flow, FlowAction, FlowInput, FlowRun, Language, Say } from '../../routing/flow/flow.ts';
import type { CallState, Centre } from '../call-state.ts';
import type { EarlierCalls } from '../queue/earlier-calls.ts';
import type { DigitSource } from './digit-collector.ts';

export interface FlowStep {
  centre: Centre;
  call: CallState;
  run: FlowRun;
  flow: Flow;
  digits: DigitSource;
  /** What is known of this customer's earlier calls. */
  earlier: Promise<EarlierCalls>;
  /** The number keyed last in answer to `number`: it is in the vault, and this is its alias. */
  keyed: { alias: Alias | null };
  /** The earliest time since when this customer waits, also in another queue. */
  place: { since: number | null };
}

/** `left`: the customer is with somebody, or the call is over. */
export type StepResult = FlowInput | 'left';

export type ActionOf<K extends FlowAction['kind']> = Extract<FlowAction, { kind: K }>;

/** Gives the sound for what a flow says. */
export function sayToSource(say: Say, language: Language): PlaySource {
  if ('prompt' in say) return { kind: 'prompt', name: say.prompt, language };
  if (language === 'en' && say.en !== undefined) return { kind: 'say', text: say.en, language: 'en' };
  return { kind: 'say', text: say.jaKana ?? say.ja, language: 'ja' };
}

/** Says it to its end. */
export async function speak({ call, run }: Pick<FlowStep, 'call' | 'run'>, say: Say): Promise<void> {
  await call.customer?.endpoint.play(sayToSource(say, run.language)).finished;
}
