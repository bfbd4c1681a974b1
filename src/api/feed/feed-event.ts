// What the feed tells of an event: the fields named here and no others. A field that is added to an event elsewhere stays
// inside until somebody decides here that it may be told.

import { type Static, Type } from 'typebox';
import type { EngawaEvent, EventType } from '../../shared/events.ts';

/** The further fields are those of its type. */
export const FeedEvent = Type.Object(
  { id: Type.String(), at: Type.Integer(), type: Type.String() },
  { additionalProperties: true },
);
export type FeedEvent = Static<typeof FeedEvent>;

type FieldsOf<T extends EventType> = Exclude<keyof EngawaEvent<T>, 'id' | 'at' | 'type'>;

const told: { [T in EventType]: readonly FieldsOf<T>[] } = {
  'call-started': [
    'callId',
    'direction',
    'alias',
    'companyNumber',
    'trunk',
    'personId',
    'callbackOf',
    'withheld',
    'demo',
  ],
  'flow-entered': ['callId', 'flow', 'version'],
  'flow-node': ['callId', 'flow', 'node'],
  'call-answered': ['callId'],
  'reason-set': ['callId', 'reason', 'piiClass', 'by'],
  'lookup-made': ['callId', 'service', 'outcome', 'because', 'tookMs'],
  'caller-listened-to': ['callId', 'outcome', 'tookMs'],
  'queue-entered': ['callId', 'queue'],
  'queue-left': ['callId', 'queue', 'outcome', 'waitMs'],
  'wait-announced': ['callId', 'queue', 'position', 'expectedWaitMs'],
  'place-restored': ['callId', 'queue', 'since'],
  'callback-kept': [
    'callId',
    'alias',
    'companyNumber',
    'queue',
    'priority',
    'skills',
    'reason',
    'piiClass',
    'waitingSince',
    'expiresAt',
  ],
  'callback-tried': ['callId', 'attemptCallId', 'attempt', 'outcome', 'retryAt'],
  'callback-ended': ['callId', 'because', 'personId'],
  'voicemail-left': ['callId', 'recordingId', 'mailbox', 'alias', 'reason', 'piiClass', 'durationMs'],
  'voicemail-done': ['callId', 'recordingId', 'mailbox', 'personId'],
  'agent-reserved': ['callId', 'personId', 'queue', 'rule'],
  'offer-refused': ['callId', 'personId', 'queue', 'because', 'ja', 'code', 'rule'],
  'agent-alerted': ['callId', 'personId', 'legId'],
  'agent-not-answered': ['callId', 'personId', 'because'],
  'agent-answered': ['callId', 'personId', 'legId', 'place', 'ringMs'],
  'agent-left': ['callId', 'personId', 'legId', 'talkMs', 'holdMs'],
  'agent-detached': ['callId', 'personId'],
  'agent-attached': ['callId', 'personId', 'legId', 'awayMs'],
  'call-moved': ['callId', 'personId', 'from', 'to', 'legId', 'ringMs'],
  'call-not-moved': ['callId', 'personId', 'to', 'because'],
  'customer-answered': ['callId', 'legId', 'ringMs', 'trunk'],
  'outside-dialled': ['callId', 'legId', 'personId', 'numberClass'],
  'outside-answered': ['callId', 'legId', 'trunk'],
  'outside-ended': ['callId', 'legId', 'talkMs', 'estimatedCost'],
  'toll-cap': ['level', 'cap', 'per', 'subject', 'unit', 'used', 'limit', 'personId'],
  'emergency-dialled': ['personId', 'place', 'outcome', 'trunk'],
  'call-held': ['callId', 'by'],
  'call-resumed': ['callId', 'by', 'heldMs'],
  'call-transferred': ['callId', 'personId', 'to'],
  'call-adopted': ['callId', 'from', 'to'],
  'consultation-started': ['callId', 'personId', 'with'],
  'consultation-answered': ['callId', 'with'],
  'consultation-ended': ['callId', 'with', 'because', 'lastedMs'],
  'conference-started': ['callId', 'with'],
  'call-parked': ['callId', 'personId', 'slot'],
  'call-unparked': ['callId', 'slot', 'by', 'parkedMs'],
  'monitor-started': ['callId', 'personId', 'agentId', 'mode'],
  'monitor-changed': ['callId', 'personId', 'mode'],
  'monitor-ended': ['callId', 'personId', 'because', 'lastedMs'],
  'help-asked': ['helpId', 'personId', 'callId', 'about'],
  'help-answered': ['helpId', 'personId', 'by', 'answer'],
  'help-ended': ['helpId', 'personId', 'by', 'because'],
  'handed-over': ['callId', 'personId', 'reason', 'queue', 'verified', 'facts'],
  'pii-came-up': ['callId', 'personId', 'place', 'queue'],
  'recording-marked': ['callId', 'recordingId', 'mark', 'atMs'],
  'media-reanchored': ['callId', 'legId', 'party', 'from', 'to', 'silentMs'],
  'verification-asked': ['callId', 'factor', 'personId'],
  'verification-result': ['callId', 'factor', 'verified', 'because', 'personId', 'codeId'],
  'recording-started': ['callId', 'recordingId'],
  'recording-failed': ['callId', 'recordingId', 'because'],
  'recording-recovered': ['callId', 'recordingId'],
  'recording-stopped': ['callId', 'recordingId', 'durationMs', 'bytes'],
  'leg-quality': ['callId', 'legId', 'party', 'quality'],
  'call-ended': ['callId', 'cause', 'side', 'durationMs'],
  'closure-changed': ['calendar', 'closed', 'because', 'until', 'personId'],
  'agent-state': ['personId', 'from', 'to', 'because'],
  'telephone-changed': ['personId', 'known', 'allowed', 'by'],
  'device-chosen': ['personId', 'device'],
  'environment-checked': ['personId', 'checkId', 'passed', 'network'],
  'environment-standing': ['personId', 'state', 'required'],
  'softphone-registered': ['personId', 'sessionId'],
  'softphone-unregistered': ['personId', 'because'],
  'signed-in': ['personId', 'sessionId', 'place'],
  'sign-in-failed': ['login', 'because'],
  'signed-out': ['personId', 'sessionId', 'because'],
  'listening-key-changed': ['keyId', 'personId', 'change', 'by'],
  'recording-server-failed': ['callId', 'because'],
  'recording-opened': ['recordingId', 'personId'],
  'operation-changed': ['operation', 'from', 'by', 'personId', 'keyId', 'why', 'untilMs'],
  'policy-changed': ['version', 'personId', 'keyId'],
  'flow-published': ['flow', 'version', 'personId'],
  'source-blocked': ['source', 'because', 'untilMs'],
  'source-let-in': ['source', 'personId', 'keyId'],
  'trunk-state': ['trunk', 'up', 'because'],
  'sip-server-state': ['server', 'up', 'because'],
  'media-engine-state': ['engine', 'up', 'because'],
  'media-server-state': ['server', 'state', 'because'],
};

export function tellEvent(event: EngawaEvent): FeedEvent {
  const fields = event as unknown as Record<string, unknown>;
  const feedEvent: Record<string, unknown> = { id: event.id, at: event.at, type: event.type };
  for (const name of told[event.type] ?? []) if (fields[name] !== undefined) feedEvent[name] = fields[name];
  if (event.type === 'call-transferred' && event.to.kind === 'number')
    feedEvent['to'] = { kind: 'number', name: '[number]' };
  return feedEvent as FeedEvent;
}
