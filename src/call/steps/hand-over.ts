// A call is split by step: the centre has identified the customer and hands over to somebody without personal information. What
// goes along is the alias, the reason, which factors were verified, and facts in the company's own words from a list
// (config, steps.facts), so that nothing can be written into them. The policy is told the step and decides anew.

import { mayHandle } from '../../privacy/pii-class.ts';
import type { PersonId } from '../../shared/ids.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import type { CommandOutcome, DeskStep, HandOver } from '../desk.ts';
import { queueSettings, tell } from '../parts.ts';
import { pauseFollows } from '../talk/recording-pause.ts';
import { transferToQueue } from '../transfer/transfer-to-queue.ts';

export async function handOver(
  centre: Centre,
  call: CallState,
  by: PersonId | null,
  wanted: HandOver,
): Promise<CommandOutcome> {
  const { parts } = centre;
  const { steps } = parts.settings;
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer || isOver(call))
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  const reason = parts.reason(wanted.reason);
  if (!reason) return { kind: 'conflict', because: 'There is no such reason.' };
  if (!queueSettings(parts, wanted.queue)) return { kind: 'conflict', because: 'There is no such queue.' };
  // The least class of the company, which anybody may handle.
  if (!mayHandle(undefined, reason.piiClass, parts.classes?.()))
    return { kind: 'conflict', because: 'This reason touches personal information: it cannot be handed over.' };
  const facts = wanted.facts ?? {};
  const known = Object.entries(facts).every(([name, value]) =>
    steps.facts.some((fact) => fact.name === name && fact.values.some(({ id }) => id === value)),
  );
  if (!known || wanted.verified?.some((factor) => !steps.factors.some(({ id }) => id === factor)))
    return { kind: 'conflict', because: 'A fact or factor is not on the list of the company.' };

  const verified = [...new Set([...call.verified, ...(wanted.verified ?? [])])];
  const step: DeskStep = {
    kind: 'handed-over',
    at: parts.clock.now(),
    by: by ?? agent.personId,
    place: agent.place,
    reason: call.reason?.id ?? null,
    queue: wanted.queue,
    verified,
    facts,
  };
  call.verified = verified;
  call.reason = reason;
  call.raisedClass = undefined;
  call.step = 'handed-over';
  call.cameFrom ??= call.queue;
  call.steps.push(step);
  pauseFollows(centre, call);
  tell(parts, { type: 'reason-set', callId: call.id, reason: reason.id, piiClass: reason.piiClass, by: 'agent' });
  tell(parts, {
    type: 'handed-over',
    callId: call.id,
    personId: step.by,
    reason: reason.id,
    queue: wanted.queue,
    verified,
    facts,
  });
  call.log.info({ reason: reason.id, queue: wanted.queue, verified }, 'handed over');
  return transferToQueue(centre, call, wanted.queue);
}
