// Runs a customer's IVR flow: has each action carried out on the customer's endpoint (actions/), gives the flow what came of it.
// What the caller keys or says goes to the flow and nowhere else.

import type { Flow, FlowAction, FlowInput } from '../../routing/flow/flow.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import type { EarlierCalls } from '../queue/earlier-calls.ts';
import { transferOut } from '../transfer/transfer-out.ts';
import { verifyInFlow } from '../verify/verify-in-flow.ts';
import { leaveMessage } from '../voicemail/leave-message.ts';
import { askForDigits } from './actions/ask-for-digits.ts';
import { askForNumber } from './actions/ask-for-number.ts';
import { listenToWords } from './actions/listen-to-words.ts';
import { lookUp } from './actions/look-up.ts';
import { promiseCallback } from './actions/promise-callback.ts';
import { waitForAgent } from './actions/wait-for-agent.ts';
import type { DigitSource } from './digit-collector.ts';
import { type ActionOf, type FlowStep, type StepResult, speak } from './flow-step.ts';

type Performer<K extends FlowAction['kind']> = (step: FlowStep, action: ActionOf<K>) => Promise<StepResult>;

const performers: { [K in FlowAction['kind']]: Performer<K> } = {
  async say(step, { say }) {
    await speak(step, say);
    return { kind: 'done' };
  },
  digits: askForDigits,
  number: askForNumber,
  listen: listenToWords,
  lookup: lookUp,
  verify: verifyInFlow,
  async setReason({ centre, call }, { reason }) {
    call.reason = reason;
    const { id, piiClass } = reason;
    tell(centre.parts, { type: 'reason-set', callId: call.id, reason: id, piiClass, by: 'flow' });
    return { kind: 'done' };
  },
  queue: waitForAgent,
  callback: promiseCallback,
  voicemail: leaveMessage,
  async transfer({ centre, call }, action) {
    const how = await transferOut(centre, call, action);
    return how.kind === 'failed' ? { kind: 'failed', because: how.because } : 'left';
  },
  async hangup(step, { say }) {
    if (say) await speak(step, say);
    await endCall(step.centre, step.call, { cause: 'normal', side: 'us' });
    return 'left';
  },
};

/** Returns when the customer is with an agent, or the call is over. */
export async function runFlow(
  centre: Centre,
  call: CallState,
  flow: Flow,
  digits: DigitSource,
  earlier: Promise<EarlierCalls>,
): Promise<void> {
  const { parts } = centre;
  const { known } = await earlier;
  const { alias, companyNumber: dialled, trunk } = call;
  const run = parts.startFlow(flow, { dialled, trunk, alias, withheld: alias === null, known });
  tell(parts, { type: 'flow-entered', callId: call.id, flow: flow.id, version: flow.version });
  const step: FlowStep = { centre, call, run, flow, digits, earlier, keyed: { alias: null }, place: { since: null } };
  let input: FlowInput = { kind: 'started' };
  let node: string | undefined;
  while (!isOver(call)) {
    const action = run.step(input, parts.clock.now());
    call.language = run.language;
    if (run.node !== node) {
      node = run.node;
      tell(parts, { type: 'flow-node', callId: call.id, flow: flow.id, node });
      call.log.debug({ node, does: action.kind }, 'flow step');
    }
    const next = await perform(step, action);
    if (next === 'left') return;
    input = next;
  }
}

function perform(step: FlowStep, action: FlowAction): Promise<StepResult> {
  if (!step.call.customer) return Promise.resolve('left');
  const performer = performers[action.kind] as Performer<FlowAction['kind']>;
  return performer(step, action as never);
}
