// The story of a call in the log: events that no room writes a line about itself. `grep` for a callId tells about ten lines,
// from the INVITE to the sealed recording. Events carry aliases and ids, so lines do too. The wording is for people.

import type { EngawaEvent, EventType } from '../shared/events.ts';
import type { Logger } from '../shared/logger.ts';

/** What call/ and sbc/ log with more detail (call started, waiting in queue, agent answered, …) is not here. */
const told: Partial<Record<EventType, string>> = {
  'call-answered': 'call answered; the flow speaks',
  'reason-set': 'reason set',
  'agent-reserved': 'agent reserved',
  'operation-changed': 'mode of operation changed',
  'policy-changed': 'other rules are in force',
  'agent-alerted': 'agent’s desk rings',
  'recording-started': 'recording started',
  'recording-recovered': 'recording goes on',
  'recording-stopped': 'recording sealed',
  'call-held': 'customer on hold',
  'call-resumed': 'customer off hold',
  'leg-quality': 'how a leg sounded',
};

export function logEvent(log: Logger, event: EngawaEvent): void {
  const message = told[event.type];
  if (message === undefined) return;
  const { id: _id, at: _at, type: _type, ...facts } = event;
  log.info(facts, message);
}
