// Runs a customer's IVR flow: carries out each action on the customer's endpoint, gives the flow what came of it.
// What the caller keys goes to the flow and nowhere else.

import type { PlaySource } from '../../media/endpoint.ts';
import type { Flow, FlowAction, FlowInput, Language, Say } from '../../routing/flow/flow.ts';
import type { CallState, Centre } from '../call-state.ts';
import { isOver } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { tell } from '../parts.ts';
import { waitInQueue } from '../queue/queueing.ts';
import { transferOut } from '../talk/transfer-out.ts';
import type { DigitSource } from './digit-collector.ts';

/** Gives the sound for what a flow says. */
function sayToSource(say: Say, language: Language): PlaySource {
  if ('prompt' in say) return { kind: 'prompt', name: say.prompt, language };
  if (language === 'en' && say.en !== undefined) return { kind: 'say', text: say.en, language: 'en' };
  return { kind: 'say', text: say.jaKana ?? say.ja, language: 'ja' };
}

/** Returns when the customer is with an agent, or the call is over. */
export async function runFlow(centre: Centre, call: CallState, flow: Flow, digits: DigitSource): Promise<void> {
  const { parts } = centre;
  const run = parts.startFlow(flow);
  tell(parts, { type: 'flow-entered', callId: call.id, flow: flow.id, version: flow.version });
  let input: FlowInput = { kind: 'started' };
  let node: string | undefined;
  while (!isOver(call)) {
    const action = run.step(input, parts.clock.now());
    if (run.node !== node) {
      node = run.node;
      tell(parts, { type: 'flow-node', callId: call.id, flow: flow.id, node });
      call.log.debug({ node, does: action.kind }, 'flow step');
    }
    const next = await perform(centre, call, flow, action, digits);
    if (next === 'left') return;
    input = next;
  }
}

async function perform(
  centre: Centre,
  call: CallState,
  flow: Flow,
  action: FlowAction,
  digits: DigitSource,
): Promise<FlowInput | 'left'> {
  const endpoint = call.customer?.endpoint;
  if (!endpoint) return 'left';
  const source = (say: Say) => sayToSource(say, flow.language);
  switch (action.kind) {
    case 'say':
      await endpoint.play(source(action.say)).finished;
      return { kind: 'done' };
    case 'digits':
      return askForDigits(call, source(action.say), action, digits);
    case 'setReason':
      call.reason = action.reason;
      tell(centre.parts, {
        type: 'reason-set',
        callId: call.id,
        reason: action.reason.id,
        piiClass: action.reason.piiClass,
        by: 'flow',
      });
      return { kind: 'done' };
    case 'queue': {
      const how = await waitInQueue(centre, call, action, source);
      return how === 'timeout' ? { kind: 'timeout' } : 'left';
    }
    case 'transfer': {
      const how = await transferOut(centre, call, action);
      return how.kind === 'failed' ? { kind: 'failed', because: how.because } : 'left';
    }
    case 'hangup':
      if (action.say) await endpoint.play(source(action.say)).finished;
      await endCall(centre, call, { cause: 'normal', side: 'us' });
      return 'left';
    default:
      return { kind: 'failed', because: `${action.kind} is not possible here` };
  }
}

async function askForDigits(
  call: CallState,
  source: PlaySource,
  action: Extract<FlowAction, { kind: 'digits' }>,
  digits: DigitSource,
): Promise<FlowInput | 'left'> {
  const playback = call.customer?.endpoint.play(source);
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
