// What is really so at one node, beside what a copy of the order says of it. The order is told of requests (`agentCallStarted`, before
// the desk is even called) and of outcomes; only the node knows which of them came true. Decides nothing about others.

import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { SharedAcd, SharedInput, StatedAgent, Statement } from './shared-acd.ts';

/** Somebody is in a call of this node, or it is being dialled for them. */
export interface Conversation {
  callId: CallId;
  personId: PersonId;
  queue: string | null;
}

export interface Truth {
  /** Whether this node has this call. */
  hasCall(callId: CallId): boolean;
  conversations(): Conversation[];
  /** Whose softphones are at this node. */
  desks(): PersonId[];
}

/** A copy's statement of this node, less the conversations that are over, with those that the copy does not know. */
export function trueStatement(copy: SharedAcd, self: NodeId, truth: Truth): Statement {
  const { agents, waiting } = copy.statementOf(self);
  const really = new Map(truth.conversations().map((talk) => [talk.personId, talk]));
  const others = agents.filter((stated) => {
    if (really.has(stated.agent.personId)) return false;
    const { state, callId } = stated.agent;
    return state !== 'on-call' || stated.callNode !== self || (callId !== null && truth.hasCall(callId));
  });
  const talking = [...really.values()].flatMap((talk) => statedTalk(copy, self, talk) ?? []);
  const talked = new Set(talking.map(({ agent }) => agent.callId));
  return { agents: [...others, ...talking], waiting: waiting.filter(({ callId }) => !talked.has(callId)) };
}

/** One conversation as the order is told of it; undefined: the order does not know this person. */
export function talks(copy: SharedAcd, self: NodeId, talk: Conversation): SharedInput | undefined {
  const stated = statedTalk(copy, self, talk);
  return stated && { kind: 'talks', stated };
}

/** Whether the copy says the same of a conversation as this node, which has it. */
export function knows(copy: SharedAcd, { callId, personId }: Conversation): boolean {
  const agent = copy.acd.agent(personId);
  return agent === undefined || (agent.state === 'on-call' && agent.callId === callId);
}

function statedTalk(copy: SharedAcd, self: NodeId, { callId, personId, queue }: Conversation): StatedAgent | undefined {
  const agent = copy.acd.agent(personId);
  if (!agent) return undefined;
  const known = knows(copy, { callId, personId, queue });
  return {
    agent: known ? agent : { ...agent, state: 'on-call', callId, nextState: null },
    deskHere: copy.deskOf(personId) === self,
    callNode: self,
    callQueue: queue,
  };
}
