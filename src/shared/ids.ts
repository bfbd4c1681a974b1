// Identifiers, branded so that a LegId cannot be passed where a CallId is asked for.
// An id is a prefix that names its kind and a UUIDv7 (RFC 9562 §5.7) without hyphens, so ids sort by time.
// Ids say nothing about a person or a number and may be shown to anybody.

import { randomBytes } from 'node:crypto';

type Brand<Name extends string> = string & { readonly __id: Name };

export type CallId = Brand<'call'>;
export type LegId = Brand<'leg'>;
export type PersonId = Brand<'person'>;
export type EndpointId = Brand<'endpoint'>;
export type RecordingId = Brand<'recording'>;
/** Why a recording must be kept, whatever the clock says. */
export type RecordingHoldId = Brand<'recordingHold'>;
export type SessionId = Brand<'session'>;
export type EventId = Brand<'event'>;
export type ApiKeyId = Brand<'apiKey'>;
/** A computer that somebody with the right to has let in. */
export type DeviceId = Brand<'device'>;
/** A pledge that somebody has signed. */
export type PledgeId = Brand<'pledge'>;
/** A one-time code, without saying which: the company knows for whom it had it made. */
export type CodeId = Brand<'code'>;
/** Sealed digits on their way to the company. */
export type SealedPostId = Brand<'sealedPost'>;
/** A check that a person made before a shift. */
export type EnvironmentCheckId = Brand<'environmentCheck'>;
export type CallListId = Brand<'callList'>;
/** One customer on a call list. */
export type ListEntryId = Brand<'listEntry'>;
/** With which somebody hears recordings. */
export type ListeningKeyId = Brand<'listeningKey'>;
/** One time that somebody at a desk asked a supervisor for help. */
export type HelpRequestId = Brand<'help'>;
/** One time that somebody asked to hear a recording. */
export type PlayId = Brand<'play'>;
/** One running program of a company's several. New at every start, so a node that comes back is another one. */
export type NodeId = Brand<'node'>;

const prefixes = {
  call: 'c',
  leg: 'l',
  person: 'p',
  endpoint: 'e',
  recording: 'r',
  recordingHold: 'rh',
  session: 's',
  event: 'v',
  apiKey: 'k',
  device: 'd',
  pledge: 'pl',
  code: 'o',
  sealedPost: 'w',
  node: 'n',
  environmentCheck: 'ec',
  callList: 'cl',
  listEntry: 'ce',
  listeningKey: 'lk',
  play: 'pl',
  help: 'h',
  auditEntry: 'a',
} as const;

type Kind = keyof typeof prefixes;

/** A new identifier of the given kind, for example `newId('call')` → `c_0190…`. */
export function newId<K extends Kind>(kind: K, nowMs = Date.now()): Brand<K> {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return `${prefixes[kind]}_${bytes.toString('hex')}` as Brand<K>;
}
