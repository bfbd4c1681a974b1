// Commands to calls of other nodes: asked of the node that has the call, answered with the same outcomes. The number that
// somebody dials never comes here: a call is made by the node that was asked to make it.

import { AppError } from '../../shared/errors.ts';
import type { CallId, NodeId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LiveState } from '../../store/live-state.ts';
import type { CallCentre, CommandOutcome } from '../desk.ts';

/** Verbs whose first argument is the call. */
const verbs = [
  'hold',
  'resume',
  'setMuted',
  'sendDigits',
  'hangUp',
  'reject',
  'transferToQueue',
  'setReason',
  'verify',
  'cancelVerification',
  'attach',
  'move',
  'transferToPerson',
  'transferOutside',
  'consult',
  'swap',
  'conference',
  'completeTransfer',
  'endConsultation',
  'leave',
  'park',
  'retrieve',
  'monitor',
  'endMonitor',
  'handOver',
  'piiCameUp',
  'pauseRecording',
] as const;
export type CallVerb = (typeof verbs)[number];

export interface CommandQuestion {
  kind: 'command';
  verb: CallVerb;
  callId: CallId;
  args: unknown[];
}

export function isCommandQuestion(question: unknown): question is CommandQuestion {
  const { kind, verb } = (question ?? {}) as Partial<CommandQuestion>;
  return kind === 'command' && verbs.some((one) => one === verb);
}

/** Answers another node: the call is here, or it is nowhere. */
export function answerCommand(local: CallCentre, { verb, callId, args }: CommandQuestion): Promise<CommandOutcome> {
  const run = local[verb] as (callId: CallId, ...rest: unknown[]) => Promise<CommandOutcome>;
  return run(callId, ...args);
}

/** The verbs of `local`, passed on when the call is another node's. */
export function withRemoteCalls(
  local: CallCentre,
  needs: { live: LiveState; log: Logger; nodeOf: (callId: CallId) => NodeId | undefined },
): Pick<CallCentre, CallVerb> {
  const { live, log, nodeOf } = needs;

  async function ask(node: NodeId, question: CommandQuestion): Promise<CommandOutcome> {
    try {
      return (await live.ask(node, question)) as CommandOutcome;
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      log.warn({ err: thrown, callId: question.callId, node, verb: question.verb }, 'a command did not reach its call');
      return { kind: 'conflict', because: 'The server that has this call cannot be reached at the moment.' };
    }
  }

  const passOn =
    (verb: CallVerb) =>
    async (callId: CallId, ...args: unknown[]): Promise<CommandOutcome> => {
      const node = nodeOf(callId);
      const question: CommandQuestion = { kind: 'command', verb, callId, args };
      return node ? ask(node, question) : answerCommand(local, question);
    };
  return Object.fromEntries(verbs.map((verb) => [verb, passOn(verb)])) as unknown as Pick<CallCentre, CallVerb>;
}
