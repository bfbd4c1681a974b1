// What each role may do, in one table. What is not listed is not allowed. A permission that ends in `-own` reaches only
// what belongs to the person who asks.

import type { Role } from '../store/records.ts';

const allowed = {
  /** Work at a desk: take calls, have a state. A supervisor only when serving a queue. */
  desk: ['agent', 'supervisor'],
  'calls:place-own': ['agent', 'supervisor'],
  /** Place a call for another person's desk. */
  'calls:place-any': ['supervisor', 'integrator'],
  'calls:read-own': ['agent'],
  'calls:read-any': ['supervisor', 'administrator', 'auditor', 'integrator'],
  'calls:command-own': ['agent', 'supervisor'],
  'calls:command-any': ['supervisor', 'integrator'],
  /** Make one-time codes for customers, see what became of them, revoke them. */
  'verification-codes:make': ['integrator'],
  /** Listen to agents, whisper to them, barge in. Rings the own softphone, so a key cannot. */
  'calls:monitor': ['supervisor'],
  /** Raised hands: see them, answer. Whoever has a desk may raise one. */
  'help:read': ['supervisor', 'administrator'],
  'help:answer': ['supervisor'],
  'queues:read': ['agent', 'supervisor', 'administrator', 'integrator'],
  'agents:read': ['supervisor', 'administrator', 'integrator'],
  'agents:change': ['supervisor', 'integrator'],
  'call-lists:read': ['supervisor', 'administrator', 'integrator'],
  /** Make and run call lists, fill them, keep the list of those who are not to be called. */
  'call-lists:change': ['supervisor', 'integrator'],
  'recordings:read': ['supervisor', 'administrator', 'integrator'],
  /** Get the sealed file. Names a person in the log, so a key cannot. */
  'recordings:open': ['supervisor', 'administrator'],
  /** Say that a recording must be kept. */
  'recordings:hold': ['supervisor', 'administrator'],
  'recordings:release': ['administrator'],
  'recordings:delete': ['administrator'],
  'recordings:export': ['administrator'],
  /** Put headers in place that were written anew for other recipients. */
  'recordings:rotate': ['administrator'],
  /** Hear what the rules of `playback` allow. Asks for a purpose, and names a person in the audit log. */
  'recordings:play': ['agent', 'supervisor', 'administrator'],
  /** Who heard a recording. */
  'plays:read': ['administrator', 'auditor'],
  /** With which keys people hear recordings; the own ones are everybody's. */
  'listening-keys:read': ['administrator', 'auditor'],
  'listening-keys:change': ['administrator'],
  /** One's own; anybody's for who may change them. */
  'listening-keys:end': ['agent', 'supervisor', 'administrator'],
  /** See the number behind an alias, in the centre only. Asks for a purpose, and names a person in the audit log. */
  'numbers:reveal': ['supervisor', 'administrator'],
  'callbacks:read': ['supervisor', 'administrator', 'integrator'],
  'callbacks:change': ['supervisor', 'integrator'],
  /** Of what the rules let one take as a call. */
  'voicemails:read': ['agent', 'supervisor', 'administrator', 'integrator'],
  'voicemails:change': ['agent', 'supervisor'],
  'flows:read': ['supervisor', 'administrator', 'integrator'],
  'flows:check': ['supervisor', 'administrator', 'integrator'],
  /** Publish a version of a flow, roll back. */
  'flows:change': ['supervisor', 'administrator', 'integrator'],
  /** Close calendars by hand, and open them again. */
  'calendars:change': ['supervisor', 'administrator', 'integrator'],
  'policy:read': ['supervisor', 'administrator', 'auditor', 'integrator'],
  'policy:change': ['administrator'],
  'operation:read': ['agent', 'supervisor', 'administrator', 'auditor', 'integrator'],
  /** The switch that is thrown when a typhoon comes. */
  'operation:change': ['supervisor', 'administrator', 'integrator'],
  'decisions:read': ['supervisor', 'administrator', 'auditor', 'integrator'],
  /** What was unusual: caps, emergency calls, guessed passwords, servers in trouble. */
  'alarms:read': ['supervisor', 'administrator', 'auditor', 'integrator'],
  'reports:read': ['supervisor', 'administrator', 'auditor', 'integrator'],
  'devices:read': ['supervisor', 'administrator', 'auditor'],
  /** Let devices in, by code or by approval, and change them. Names a person in the log, so a key cannot. */
  'devices:change': ['supervisor', 'administrator'],
  /** Shut a lost device out; a program that looks after computers may, too. */
  'devices:revoke': ['supervisor', 'administrator', 'integrator'],
  'people:read': ['supervisor', 'administrator', 'auditor'],
  'people:change': ['administrator'],
  /** Who is signed in, where and since when; the own sessions are everybody's. */
  'sessions:read': ['supervisor', 'administrator', 'auditor'],
  'sessions:end': ['administrator'],
  'keys:read': ['administrator', 'auditor'],
  'keys:change': ['administrator'],
  'trunks:read': ['supervisor', 'administrator', 'integrator'],
  'media-servers:read': ['supervisor', 'administrator', 'integrator'],
  'media-servers:change': ['administrator'],
  'nodes:read': ['supervisor', 'administrator', 'integrator'],
  /** Scripts that restart node after node do it with a key. */
  'nodes:change': ['administrator', 'integrator'],
  /** Sources of SIP that are shut out; whoever lets one in again answers for it. */
  'blocks:read': ['supervisor', 'administrator', 'integrator'],
  'blocks:change': ['administrator', 'integrator'],
  /** Who did what: search, verify, export. */
  'audit:read': ['administrator', 'auditor'],
  'test-calls': ['agent', 'supervisor', 'administrator', 'integrator'],
  'feed:own': ['agent', 'supervisor', 'administrator', 'integrator'],
  'feed:all': ['supervisor', 'administrator', 'integrator'],
  'metrics:read': ['supervisor', 'administrator', 'integrator'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof allowed;

/** What concerns the whole company: not for who is limited to sites or queues (scopes.ts), whatever the role. */
const unlimitedOnly: ReadonlySet<Permission> = new Set<Permission>([
  'flows:change',
  'calendars:change',
  'policy:change',
  'operation:change',
  'people:change',
  'sessions:end',
  'keys:read',
  'keys:change',
  'listening-keys:read',
  'listening-keys:change',
  'media-servers:change',
  'nodes:change',
  'blocks:read',
  'blocks:change',
  'recordings:rotate',
  'metrics:read',
  'audit:read',
]);

export const permissions = Object.keys(allowed) as Permission[];

export function roleMay(role: Role, permission: Permission): boolean {
  return (allowed[permission] as readonly Role[]).includes(role);
}

/** Whether it reaches beyond any site and queue. */
export function isForUnlimited(permission: Permission): boolean {
  return unlimitedOnly.has(permission);
}

/** Who has a softphone: everybody with a desk, and supervisors, who are rung to be with an agent. */
export function hasSoftphone(person: { role: Role; queues: readonly string[] }): boolean {
  return hasDesk(person) || roleMay(person.role, 'calls:monitor');
}

/** A desk is for who takes calls: every agent, and a supervisor who serves a queue. */
export function hasDesk(person: { role: Role; queues: readonly string[] }): boolean {
  return person.role === 'agent' || (person.role === 'supervisor' && person.queues.length > 0);
}
