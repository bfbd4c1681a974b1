// Personal information came up after all, and whoever has the call may not have it: one key at the desk. The desk is out of the
// audio before anything else is done; then the call goes to the centre before all others, under a stricter class, and cannot
// come back to this person. The recording goes on and is marked. The customer hears one sentence, then music, and need not
// say a thing again: the centre sees the reason, what was verified and the steps so far.

import type { PlaySource } from '../../media/endpoint.ts';
import { mayHandle } from '../../privacy/pii-class.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import type { CommandOutcome, DeskStep } from '../desk.ts';
import { queueSettings, tell, unattended } from '../parts.ts';
import { enterQueue } from '../queue/queueing.ts';
import { agentLeaves } from '../talk/agent-leaves.ts';
import { audioFollows, cutOff, playMusic } from '../talk/arrange-audio.ts';
import { resumeCustomer } from '../talk/join.ts';
import { dismiss } from '../transfer/end-of-party.ts';
import { consultationEnds } from '../transfer/party-leaves.ts';

/** Before those who were transferred and those who came back. */
const firstOfAll = 200;

export function piiCameUp(centre: Centre, call: CallState): CommandOutcome {
  const { parts } = centre;
  const { agent, customer } = call;
  if (call.phase !== 'talking' || !agent || !customer || isOver(call))
    return { kind: 'conflict', because: 'Nobody is connected to this call.' };
  const queue = queueOfCentre(centre, call);
  if (!queue) return { kind: 'conflict', because: 'There is no such queue.' };
  cutOff(call, agent.endpoint);

  const { personId, place } = agent;
  const step: DeskStep = {
    kind: 'pii-came-up',
    at: parts.clock.now(),
    by: personId,
    place,
    reason: call.reason?.id ?? null,
    queue,
    verified: call.verified,
    facts: call.steps.at(-1)?.facts ?? {},
  };
  call.steps.push(step);
  call.step = 'identify';
  call.notFor.add(personId);
  raiseClass(centre, call);
  tell(parts, { type: 'pii-came-up', callId: call.id, personId, place, queue });
  if (call.recordingId)
    tell(parts, {
      type: 'recording-marked',
      callId: call.id,
      recordingId: call.recordingId,
      mark: 'pii-came-up',
      atMs: parts.clock.now() - call.recordingSince,
    });
  call.log.warn({ personId, place, queue }, 'personal information came up; the call goes to the centre');

  consultationEnds(centre, call, 'pii-came-up');
  resumeCustomer(centre, call);
  agentLeaves(centre, call, { afterCallWork: 'as-configured' });
  enterQueue(centre, call, { queue, priority: firstOfAll });
  audioFollows(centre, call);
  dismiss(call, agent);
  unattended(call.log, 'tell the customer', sayThenMusic(call));
  return { kind: 'ok' };
}

/** Where the call was before it was handed over, or what the company says; never a queue that does not exist. */
function queueOfCentre(centre: Centre, call: CallState): string | undefined {
  const { piiCameUp: configured } = centre.parts.settings.steps;
  return [configured.queue, call.cameFrom, call.queue].find(
    (name): name is string => name != null && queueSettings(centre.parts, name) !== undefined,
  );
}

/** By the reason that the company names for it; else what it was before it was handed over; else not known: the strictest. */
function raiseClass(centre: Centre, call: CallState): void {
  const { piiCameUp: configured } = centre.parts.settings.steps;
  const before = call.steps.find(({ kind }) => kind === 'handed-over')?.reason;
  const named = configured.reason ?? before;
  const piiClass = named ? centre.parts.reason(named)?.piiClass : undefined;
  call.raisedClass = piiClass && !mayHandle(undefined, piiClass, centre.parts.classes?.()) ? piiClass : 'unknown';
}

const words: Record<'ja' | 'en', PlaySource> = {
  ja: {
    kind: 'say',
    language: 'ja',
    text: 'たんとうまどぐちに おつなぎします。そのまま おまちください。',
  },
  en: { kind: 'say', language: 'en', text: 'We are connecting you to the right desk. Please hold the line.' },
};

async function sayThenMusic(call: CallState): Promise<void> {
  const { customer } = call;
  if (!customer) return;
  await customer.endpoint.play(words[call.language]).finished;
  if (call.phase === 'queued' && !isOver(call)) playMusic(call);
}
