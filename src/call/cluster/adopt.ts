// A conversation as plain data, and a conversation made of it again by another node (docs/decisions/0043). The customer's dialog is
// taken up with a re-INVITE, the endpoints by their names on the media server, where both go on hearing each other. The desk is
// called anew, as after a reload, and its old audio is kept until the new leg carries it. The recording goes on as a second one of
// the same call: the first is sealed where its node was.

import type { EndpointFacts } from '../../media/endpoint.ts';
import type { Alias } from '../../privacy/vault.ts';
import type { DialogFacts, Leg } from '../../sbc/leg.ts';
import type { Place } from '../../shared/events.ts';
import type { CallId, LegId, PersonId } from '../../shared/ids.ts';
import { keepAnchored } from '../anchor/reanchor.ts';
import { agentMediaWentAway, attachDesk } from '../anchor/reattach.ts';
import { type AgentParty, answeredAgent, type CallState, type Centre, newCall } from '../call-state.ts';
import { endCall } from '../ending/end-call.ts';
import { customerLegEnded } from '../ending/termination.ts';
import { watchCustomer } from '../inbound/answer-customer.ts';
import { unattended } from '../parts.ts';
import { arrangeAudio } from '../talk/arrange-audio.ts';
import { startRecording } from '../talk/call-recording.ts';
import { followOffers } from '../talk/follow-offers.ts';
import { watchAgent } from '../talk/join.ts';
import { goneLeg } from './gone-leg.ts';

const kept = [
  'direction',
  'startedAt',
  'companyNumber',
  'trunk',
  'queue',
  'queuedAt',
  'queuePriority',
  'waitMs',
  'heldSince',
  'step',
  'steps',
  'verified',
  'cameFrom',
  'language',
] as const;

/** Has the customer's number and keys of the media in it: sealed wherever it goes. */
export interface ConversationFacts {
  call: Pick<CallState, (typeof kept)[number]> & {
    alias: string | null;
    reasonId: string | null;
    raisedClass: string | null;
    /** Nobody but a person ends this pause of the recording, whatever becomes of the node. */
    pausedByHand: boolean;
  };
  customer: { legId: LegId; dialog: DialogFacts; endpoint: EndpointFacts };
  agent: {
    personId: PersonId;
    place: Place;
    legId: LegId;
    answeredAt: number;
    holdMs: number;
    muted: boolean;
    /** What the order of the queues calls this part. */
    asCall: CallId;
    endpoint: EndpointFacts | null;
  };
}

/** Undefined: it goes with this node. */
export function conversationFacts(call: CallState): ConversationFacts | undefined {
  const { customer, agent } = call;
  if (call.phase !== 'talking' || !customer || agent?.leg.kind !== 'softphone') return undefined;
  const dialog = customer.leg.dialogFacts?.();
  const endpoint = customer.endpoint.facts?.();
  if (!dialog || !endpoint) return undefined;
  const { personId, place, answeredAt, holdMs, muted, asCall, leg } = agent;
  const its = agent.endpoint.facts?.() ?? null;
  return {
    call: {
      ...(Object.fromEntries(kept.map((name) => [name, call[name]])) as Pick<CallState, (typeof kept)[number]>),
      alias: call.alias,
      reasonId: call.reason?.id ?? null,
      raisedClass: call.raisedClass ?? null,
      pausedByHand: staysPaused(call),
    },
    customer: { legId: customer.leg.id, dialog, endpoint },
    agent: { personId, place, answeredAt, holdMs, muted, asCall, legId: leg.id, endpoint: its },
  };
}

/**
 * Who keys in secret goes on keying when the node dies, and nobody is left who knows when that is over: a person says so then, or
 * the rest of the call is silence in the recording.
 */
const staysPaused = ({ pause }: CallState): boolean => pause.byHand || pause.causes.includes('secret-digits');

/** False: the customer's audio is gone, so there is nothing to go on with. */
export async function adoptConversation(centre: Centre, id: CallId, facts: ConversationFacts): Promise<boolean> {
  const { parts } = centre;
  const media = await endpointsOf(centre, id, facts);
  if (!media) return false;
  const { alias, reasonId, raisedClass, pausedByHand, ...rest } = facts.call;
  const { dialog, legId } = facts.customer;
  const leg = parts.border.adoptLeg({
    ...{ id: legId, callId: id, direction: rest.direction, trunk: rest.trunk ?? undefined, dialog },
  });
  const log = parts.log.child({ callId: id, sipCallId: leg.sipCallId });
  const call: CallState = { ...newCall({ ...rest, id, alias: alias as Alias | null, log, phase: 'talking' }), ...rest };
  call.reason = reasonId === null ? undefined : parts.reason(reasonId);
  if (raisedClass !== null) call.raisedClass = raisedClass;
  call.pause.byHand = pausedByHand;
  call.customerLeg = leg;
  call.customer = { leg, endpoint: media.customer };
  const agent = agentOf(facts, media.agent);
  call.agent = agent;
  centre.calls.set(id, call);
  follow(centre, call, leg, agent);
  await settle(centre, call, agent, media.agentIsThere);
  return true;
}

interface Media {
  customer: NonNullable<CallState['customer']>['endpoint'];
  agent: AgentParty['endpoint'];
  agentIsThere: boolean;
}

async function endpointsOf(centre: Centre, callId: CallId, facts: ConversationFacts): Promise<Media | undefined> {
  const { media } = centre.parts;
  const asked = [facts.customer.endpoint, ...(facts.agent.endpoint ? [facts.agent.endpoint] : [])];
  const [customer, agent] = (await media.adoptEndpoints?.({ callId, facts: asked })) ?? [];
  if (!customer) {
    await agent?.close();
    return undefined;
  }
  if (agent) return { customer, agent, agentIsThere: true };
  // The desk's audio went with its node: one of nobody's stands for it until the desk has another.
  const created = await media.createEndpoint({ callId, profile: 'webrtc' });
  if (created.kind === 'created') return { customer, agent: created.endpoint, agentIsThere: false };
  await customer.close();
  return undefined;
}

function agentOf({ agent }: ConversationFacts, endpoint: AgentParty['endpoint']): AgentParty {
  const { personId, place, legId, answeredAt, holdMs, muted, asCall } = agent;
  return { ...answeredAgent({ leg: goneLeg(legId), endpoint, personId, place, asCall }, answeredAt), holdMs, muted };
}

function follow(centre: Centre, call: CallState, leg: Leg, agent: AgentParty): void {
  leg.on('ended', (ended) => void endCall(centre, call, customerLegEnded(ended, call.direction)));
  followOffers(call.log, leg, () => call.customer?.endpoint);
  keepAnchored(centre, call, { party: 'customer', leg, endpoint: call.customer!.endpoint });
  watchCustomer(centre, call);
  watchAgent(centre, call, agent);
}

/** Everything as it was asked for: joined or on hold, muted, recorded, and the desk on its way to a leg of this node. */
async function settle(centre: Centre, call: CallState, agent: AgentParty, agentIsThere: boolean): Promise<void> {
  const { personId, endpoint } = agent;
  if (agentIsThere) await arrangeAudio(centre, call);
  else agentMediaWentAway(centre, call, personId);
  if (agent.muted && agentIsThere) unattended(call.log, 'mute', endpoint.setMuted(true));
  unattended(call.log, 'go on recording', startRecording(centre, call));
  centre.deskChanged(personId);
  if (agentIsThere && centre.parts.border.isSoftphoneRegistered(personId))
    unattended(call.log, 'ring the desk again', attachDesk(centre, call, { anew: true }));
}

/** Another node has it: nothing is said to anybody, and nothing is told of it from here. */
export function letGoOf(centre: Centre, call: CallState): void {
  call.log.warn('another node goes on with this conversation');
  call.phase = 'ended';
  call.agent?.awayTimer?.cancel();
  call.over.abort();
  call.customer?.leg.handOver?.();
  call.customer?.endpoint.letGo?.();
  call.agent?.endpoint.letGo?.();
  const { agent } = call;
  if (agent) unattended(call.log, 'end the old leg of the desk', agent.leg.end('transferred'));
  centre.calls.delete(call.id);
  centre.deskChanged(agent?.personId);
}
