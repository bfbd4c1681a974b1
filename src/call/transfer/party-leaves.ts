// A consultation is over, from whatever side: the colleague or the place outside leaves the call, or becomes the one who has
// it (consult-commands.ts). The customer's side and the agent's stay as they are: on hold until taken back, or talking on.

import type { CallState, Centre, Consultation } from '../call-state.ts';
import { deskChangedForAll } from '../desks.ts';
import { queueSettings, tell } from '../parts.ts';
import { audioFollows } from '../talk/arrange-audio.ts';
import { dismiss } from './end-of-party.ts';
import { release } from './ring-colleague.ts';

/** Takes the consultation off the call and tells so; whoever was asked is the caller's to let go or to keep. */
export function closeConsultation(centre: Centre, call: CallState, because: string): Consultation | undefined {
  const { consultation } = call;
  if (!consultation) return undefined;
  const { parts, acd } = centre;
  call.consultation = undefined;
  consultation.over.abort();
  if (consultation.with.kind === 'queue' && consultation.state !== 'answered')
    void acd.apply({ kind: 'callGone', callId: consultation.asCall });
  const lastedMs = parts.clock.now() - consultation.startedAt;
  tell(parts, { type: 'consultation-ended', callId: call.id, with: consultation.with, because, lastedMs });
  call.log.info({ because, lastedMs }, 'consultation over');
  if (consultation.alerting) centre.deskChanged(consultation.alerting.personId);
  return consultation;
}

export function consultationEnds(centre: Centre, call: CallState, because: string): void {
  const consultation = closeConsultation(centre, call, because);
  if (!consultation) return;
  const { colleague, outside } = consultation;
  if (outside) dismiss(call, outside);
  if (colleague) {
    dismiss(call, colleague);
    colleagueIsFree(centre, call, consultation);
  }
  audioFollows(centre, call);
  deskChangedForAll(centre, call);
}

/** Somebody who spoke with the customer has a segment in the record and after-call work; who was only asked has neither. */
function colleagueIsFree(centre: Centre, call: CallState, { colleague, metCustomer }: Consultation): void {
  if (!colleague) return;
  const { parts } = centre;
  const { personId, leg, answeredAt, holdMs } = colleague;
  colleague.attaching?.abort();
  colleague.awayTimer?.cancel();
  if (metCustomer) {
    const talkMs = Math.max(0, parts.clock.now() - answeredAt - holdMs);
    tell(parts, { type: 'agent-left', callId: call.id, personId, legId: leg.id, talkMs, holdMs });
  }
  const work = queueSettings(parts, call.queue)?.afterCallWorkSeconds ?? parts.settings.outboundAfterCallWorkSeconds;
  release(centre, colleague.asCall, personId, metCustomer ? work : 0);
}
