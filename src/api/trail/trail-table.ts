// What the routes leave in the audit log. A route that changes something and is not here leaves `action-taken` (a person) or
// `api-called` (a key) with its name, so none is ever unseen; what is here has an act of its own, or leaves nothing, with the reason.
// A route that writes by itself while it is served is left alone.

import type { AuditAct, AuditTarget } from '../../identity/audit/audit.ts';
import type { Role } from '../../store/records.ts';

export interface Trail {
  act: AuditAct;
  /** Of the parameter that names it; unless told, of the first parameter whose kind is known. */
  target?: { kind: AuditTarget['kind']; param?: string; id?: string };
  /** Kept before the route runs; when it can't be kept the route does not run. */
  before?: true;
  /** Why must be said, in X-Purpose (percent-encoded) or in `purpose` of the body. */
  purpose?: 'required';
  /** The member of the body that says why. */
  purposeIn?: string;
  /** Members of the body and the query that an auditor should see: words of ours, never free text. */
  shows?: readonly string[];
  /** Roles whose doing is not kept here, and where it is. */
  notBy?: { roles: readonly Role[]; because: string };
  /** Only when this is in the query. */
  onlyWith?: string;
}

export interface Untold {
  untold: string;
}

const ownCall = {
  roles: ['agent'],
  because: 'an agent works on the own call: every step is in the event log',
} as const;
const call = (name: string): Record<string, Trail> => ({
  [`POST /api/v1/calls/:callId/commands/${name}`]: { act: 'call-commanded', notBy: ownCall },
});
const dryRun = { untold: 'changes nothing: what is sent is looked at' };
const own = (what: string) => ({ untold: `${what}: in the event log, and of the person alone` });
const challenge = { untold: 'only a challenge: what is done with it is kept' };

export const trails: Record<string, Trail | Untold> = {
  // What people look at.
  'GET /api/v1/calls/:callId': { act: 'customer-viewed' },
  'GET /api/v1/calls/:callId/events': { act: 'customer-viewed' },
  'GET /api/v1/calls': { act: 'customer-viewed', target: { kind: 'alias', param: 'alias' }, onlyWith: 'alias' },
  'GET /api/v1/call-lists/:listId/customers': {
    act: 'call-list-exported',
    target: { kind: 'call-list', param: 'listId' },
    before: true,
  },
  'GET /api/v1/recordings/:recordingId/file': { act: 'recording-fetched', before: true, purpose: 'required' },
  'POST /api/v1/audit/export': {
    act: 'audit-exported',
    target: { kind: 'audit', id: 'part' },
    before: true,
    purpose: 'required',
    shows: ['format', 'personId', 'keyId', 'concerning', 'targetKind', 'targetId', 'act', 'outcome', 'from', 'to'],
  },
  // Supervisors.
  'PUT /api/v1/agents/:personId/state': { act: 'agent-state-forced', shows: ['state'], purposeIn: 'because' },
  'PUT /api/v1/calls/:callId/monitor': { act: 'call-monitored', shows: ['mode'], before: true },
  'DELETE /api/v1/calls/:callId/monitor': { act: 'call-monitored', target: { kind: 'call', param: 'callId' } },
  'POST /api/v1/calls/:callId/hand-over': { act: 'call-commanded', notBy: ownCall },
  'POST /api/v1/calls/:callId/pii-came-up': { act: 'call-commanded', notBy: ownCall },
  'POST /api/v1/calls/:callId/verification': { act: 'call-commanded', notBy: ownCall },
  'DELETE /api/v1/calls/:callId/verification': { act: 'call-commanded', notBy: ownCall },
  'POST /api/v1/calls': { act: 'call-commanded', notBy: ownCall, target: { kind: 'route', id: 'POST /api/v1/calls' } },
  ...Object.assign(
    {},
    ...[
      ...['hold', 'resume', 'mute', 'unmute', 'hangup', 'reject', 'attach', 'digits', 'transfer', 'consult', 'swap'],
      ...['conference', 'complete', 'end-consultation', 'park', 'reason'],
    ].map(call),
  ),
  'DELETE /api/v1/callbacks/:callId': { act: 'callback-cancelled', target: { kind: 'callback', param: 'callId' } },
  // Rules, flows, hours, the mode.
  'POST /api/v1/policy/reload': { act: 'policy-changed', target: { kind: 'policy', id: 'file' } },
  'PUT /api/v1/operation': {
    act: 'operation-changed',
    target: { kind: 'policy', id: 'operation' },
    shows: ['operation'],
    purposeIn: 'why',
  },
  'POST /api/v1/flows/:flowId/publish': { act: 'flow-published' },
  'POST /api/v1/flows/:flowId/roll-back': { act: 'flow-published', shows: ['version'] },
  'POST /api/v1/flows/:flowId/follow-file': { act: 'flow-published' },
  'PUT /api/v1/calendars/:calendar/closure': {
    act: 'calendar-changed',
    target: { kind: 'calendar', param: 'calendar' },
    purposeIn: 'because',
  },
  'DELETE /api/v1/calendars/:calendar/closure': {
    act: 'calendar-changed',
    target: { kind: 'calendar', param: 'calendar' },
  },
  'PUT /api/v1/closure': { act: 'calendar-changed', target: { kind: 'calendar', id: 'all' }, purposeIn: 'because' },
  'DELETE /api/v1/closure': { act: 'calendar-changed', target: { kind: 'calendar', id: 'all' } },
  // Lists of customers.
  'POST /api/v1/call-lists': {
    act: 'call-list-changed',
    target: { kind: 'route', id: 'POST /api/v1/call-lists' },
    shows: ['name'],
  },
  'PATCH /api/v1/call-lists/:listId': { act: 'call-list-changed', shows: ['state'] },
  'POST /api/v1/call-lists/:listId/customers': { act: 'call-list-changed' },
  'DELETE /api/v1/call-lists/:listId/customers/:entryId': { act: 'call-list-changed' },
  'POST /api/v1/do-not-call': { act: 'call-list-changed', target: { kind: 'call-list', id: 'do-not-call' } },
  'DELETE /api/v1/do-not-call/:alias': { act: 'call-list-changed', target: { kind: 'alias', param: 'alias' } },
  // The installation.
  'PUT /api/v1/users/:personId/telephone': { act: 'telephone-changed', target: { kind: 'person', param: 'personId' } },
  'POST /api/v1/nodes/:nodeId/drain': { act: 'node-drained', target: { kind: 'node', param: 'nodeId' } },
  'POST /api/v1/media-servers/:name/drain': {
    act: 'media-server-changed',
    target: { kind: 'media-server', param: 'name' },
  },
  'POST /api/v1/media-servers/:name/resume': {
    act: 'media-server-changed',
    target: { kind: 'media-server', param: 'name' },
  },
  'POST /api/v1/verification-codes': {
    act: 'code-made',
    target: { kind: 'route', id: 'POST /api/v1/verification-codes' },
  },
  'DELETE /api/v1/verification-codes/:codeId': { act: 'code-revoked', target: { kind: 'code', param: 'codeId' } },
  // Nothing is left here, because:
  'POST /api/v1/flows/check': dryRun,
  'POST /api/v1/policy/check': dryRun,
  'POST /api/v1/policy/explain': dryRun,
  'PUT /api/v1/desk/state': own('the own state'),
  'PUT /api/v1/desk/device': own('today’s device'),
  'PUT /api/v1/desk/call-list': own('working on a list'),
  'POST /api/v1/desk/call-list/next': own('working on a list'),
  'POST /api/v1/desk/call-list/skip': own('working on a list'),
  'POST /api/v1/desk/call-list/call': own('a call from a list'),
  'POST /api/v1/desk/call-list/outcome': own('the outcome of a call'),
  'PUT /api/v1/desk/help': own('a raised hand'),
  'DELETE /api/v1/desk/help': own('a hand that is taken down'),
  'POST /api/v1/help-requests/:helpId/commands/answer': { untold: 'a phrase to a colleague: in the event log' },
  'POST /api/v1/help-requests/:helpId/commands/end': { untold: 'a colleague was helped: in the event log' },
  'POST /api/v1/parked/:slot/retrieve': own('a call that was parked'),
  'POST /api/v1/voicemails/:recordingId/commands/done': own('a message is done'),
  'POST /api/v1/test-calls': { untold: 'of the demo: no customer, no carrier' },
  'POST /api/v1/desk/environment/checks': own('a check that begins; its result is kept'),
  'DELETE /api/v1/desk/environment/checks/:checkId': own('a check that is broken off'),
  'POST /api/v1/session/passkey/options': challenge,
  'POST /api/v1/session/second-factor/options': challenge,
  'POST /api/v1/session/enrolment/passkey/options': challenge,
  'POST /api/v1/session/enrolment/totp/options': challenge,
  'POST /api/v1/security/passkeys/options': challenge,
  'POST /api/v1/security/totp/options': challenge,
};

/** What a parameter of a route names. */
export const kindOfParam: Readonly<Record<string, AuditTarget['kind']>> = {
  personId: 'person',
  sessionId: 'session',
  deviceId: 'device',
  apiKeyId: 'api-key',
  recordingId: 'recording',
  callId: 'call',
  alias: 'alias',
  flowId: 'flow',
  queue: 'queue',
  listId: 'call-list',
  keyId: 'key',
  codeId: 'code',
  nodeId: 'node',
};

/** For whatever is not in the table. */
export const otherwise = { person: 'action-taken', key: 'api-called', refused: 'access-refused' } as const;
