// Who hears whom in a call, as a pure reading of its state: the agent is with whoever is not on hold (the customer, the one
// who is consulted, or both), supervisors are with the agent, and whoever is left over hears music. Carried out by
// arrange-audio.ts; no verb joins or parts endpoints by itself.
//
// What follows for a recording, which is tapped at the customer's endpoint: it hears what the customer hears. So a
// consultation and a whisper are not in it, a barge-in and a three-way conversation are.

import type { Endpoint } from '../../media/endpoint.ts';
import type { AgentParty, CallState } from '../call-state.ts';

export interface AudioMember {
  endpoint: Endpoint;
  /** Heard by nobody: a supervisor who listens. */
  muted?: true;
  /** Heard by these alone: a supervisor who whispers. */
  heardBy?: readonly Endpoint[];
}

export type Sound = 'music' | 'ringback';

export interface AudioPlan {
  /** They hear each other, within what each may; nobody when there are not two. */
  together: readonly AudioMember[];
  /** What those hear who are with nobody. */
  sounds: ReadonlyMap<Endpoint, Sound>;
}

export type HeardCall = Pick<
  CallState,
  'phase' | 'customer' | 'agent' | 'consultation' | 'outside' | 'heldSince' | 'monitors'
>;

export function audioPlan(call: HeardCall): AudioPlan {
  const { phase, customer, consultation } = call;
  const sounds = new Map<Endpoint, Sound>();
  if (!customer || (phase !== 'talking' && phase !== 'parked' && phase !== 'directed')) return { together: [], sounds };
  const together = phase === 'talking' ? membersOf(call) : [];
  const alone = (endpoint: Endpoint) => !together.some((member) => member.endpoint === endpoint);

  if (alone(customer.endpoint)) sounds.set(customer.endpoint, 'music');
  const consulted = consultedEndpoint(call);
  if (consulted && alone(consulted)) sounds.set(consulted, 'music');
  const agent = there(call.agent);
  if (agent && consultation && consultation.state !== 'answered' && call.heldSince !== null)
    sounds.set(agent, consultation.state === 'waiting' ? 'music' : 'ringback');
  return { together: together.length < 2 ? [] : together, sounds };
}

/** The customer first, so that the pair is always parted from the same side. */
function membersOf(call: HeardCall): AudioMember[] {
  const customer = call.heldSince === null ? call.customer?.endpoint : undefined;
  const agent = there(call.agent);
  const consulted = call.consultation?.heldSince === null ? consultedEndpoint(call) : undefined;
  if (!call.agent) {
    const outside = call.outside?.endpoint;
    return customer && outside ? [{ endpoint: customer }, { endpoint: outside }] : [];
  }
  const people = [customer, agent, consulted].filter((endpoint) => endpoint !== undefined);
  // Without the agent only a conference of three goes on.
  if (!agent && !(customer && consulted)) return [];
  const supervisors = agent ? call.monitors.flatMap((monitor) => supervisor(monitor, agent)) : [];
  return [...people.map((endpoint) => ({ endpoint })), ...supervisors];
}

function supervisor({ party, mode }: CallState['monitors'][number], agent: Endpoint): AudioMember[] {
  if (!party) return [];
  const { endpoint } = party;
  if (mode === 'listen') return [{ endpoint, muted: true }];
  return [mode === 'whisper' ? { endpoint, heardBy: [agent] } : { endpoint }];
}

function there(party: AgentParty | undefined): Endpoint | undefined {
  return party && party.detachedAt === null ? party.endpoint : undefined;
}

function consultedEndpoint({ consultation }: Pick<HeardCall, 'consultation'>): Endpoint | undefined {
  if (consultation?.state !== 'answered') return undefined;
  return there(consultation.colleague) ?? consultation.outside?.endpoint;
}

/** Two who hear each other without reserve: a bridge will do. */
export function isPair(members: readonly AudioMember[]): boolean {
  return members.length === 2 && members.every(({ muted, heardBy }) => !muted && !heardBy);
}

export function sameMembers(a: readonly AudioMember[], b: readonly AudioMember[]): boolean {
  return a.length === b.length && a.every((one) => b.some((other) => sameMember(one, other)));
}

export function sameMember(a: AudioMember, b: AudioMember): boolean {
  const [one, other] = [a.heardBy ?? null, b.heardBy ?? null];
  const sameEars =
    one === other || (one && other && one.length === other.length && one.every((ear) => other.includes(ear)));
  return a.endpoint === b.endpoint && a.muted === b.muted && Boolean(sameEars);
}
