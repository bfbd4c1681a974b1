// A small centre for examples of the ACD: a clock that moves on by one second per input unless told otherwise, and effects as words.

import type { AcdEffect, AcdInput, QueueSettings, WaitingCall } from '../../../src/routing/acd/acd.ts';
import { createAcd } from '../../../src/routing/acd/distributor.ts';
import type { AgentFacts } from '../../../src/routing/agent.ts';
import type { CallId, PersonId } from '../../../src/shared/ids.ts';

export function queueSettings(name: string, more: Partial<QueueSettings> = {}): QueueSettings {
  return {
    ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 20, afterCallWorkSeconds: 30 },
    ...{ serviceLevelSeconds: 20, shortAbandonSeconds: 5, ...more },
  };
}

export type CallWishes = Partial<Omit<WaitingCall, 'callId'>> & { alwaysJoins?: boolean };

export function smallCentre(queues: readonly QueueSettings[], more: Partial<Parameters<typeof createAcd>[0]> = {}) {
  const acd = createAcd({ queues, ...more });
  let now = 1_000_000;
  const tell = (input: AcdInput, afterMs = 1000): AcdEffect[] => {
    now += afterMs;
    return acd.apply(input, now);
  };
  const person = (name: string) => name as PersonId;
  const on = (name: string, callName: string) => ({ personId: person(name), callId: callName as CallId });
  const signIn = (name: string, facts: Partial<AgentFacts> = {}) => {
    const all = queues.map(({ name: queue }) => queue);
    const agent: AgentFacts = { personId: person(name), queues: all, clearance: 'sensitive', place: 'home', ...facts };
    return tell({ kind: 'agentSignedIn', agent });
  };
  const ready = (name: string) => tell({ kind: 'agentReady', personId: person(name) });
  return {
    ...{ acd, tell, on, signIn, ready },
    now: () => now,
    state: (name: string) => acd.agent(person(name))?.state,
    /** Signed in and available. */
    come(name: string, facts: Partial<AgentFacts> = {}) {
      signIn(name, facts);
      return ready(name);
    },
    rest: (name: string) => tell({ kind: 'agentNotReady', personId: person(name), because: 'break' }),
    waits(name: string, { alwaysJoins = false, ...wishes }: CallWishes = {}) {
      const facts = { direction: 'inbound', piiClass: 'none' } as const;
      const call = { queue: queues[0]!.name, enteredAt: now + 1000, facts, priority: 0, ...wishes };
      return tell({ kind: 'callWaiting', call: { callId: name as CallId, ...call }, alwaysJoins });
    },
    gone: (name: string) => tell({ kind: 'callGone', callId: name as CallId }),
    answered: (name: string, callName: string) => tell({ kind: 'answered', ...on(name, callName) }),
    notAnswered: (name: string, callName: string, because: 'timeout' | 'rejected' | 'unreachable' = 'timeout') =>
      tell({ kind: 'notAnswered', ...on(name, callName), because }),
    /** Talks for so long, and has no after-call work. */
    ends: (name: string, callName: string, talkMs = 1000) =>
      tell({ kind: 'agentCallEnded', ...on(name, callName), afterCallWorkSeconds: 0 }, talkMs),
    pass: (ms: number) => tell({ kind: 'tick' }, ms),
  };
}

export const offersIn = (effects: readonly AcdEffect[]): string[] =>
  effects.flatMap((one) => (one.kind === 'offer' ? [`${one.callId}→${one.personId}`] : []));

export const overflowsIn = (effects: readonly AcdEffect[]): string[] =>
  effects.flatMap((one) => (one.kind === 'overflow' ? [`${one.callId}: ${one.because}`] : []));

/** Effects as words, refusals left out. */
export const wordsOf = (effects: readonly AcdEffect[]): string[] =>
  effects.flatMap((one) => {
    if (one.kind === 'refused') return [];
    if (one.kind === 'agentState') return [`${one.personId} ${one.from}→${one.to}`];
    return [one.kind === 'overflow' ? `overflow ${one.callId}` : `${one.kind} ${one.callId} ${one.personId}`];
  });
