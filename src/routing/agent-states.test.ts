import { test } from 'tap';
import type { AgentState } from '../shared/events.ts';
import { agentStates, agentTransitions, agentTriggers, nextAgentState } from './agent-states.ts';

// Written out a second time, by hand, so that a slip in the table shows. One row per state, one letter per trigger:
// the first letter of the state that follows (o n a r l=alerting c=on-call w=after-call-work), '-' for impossible.
const letters: Record<string, AgentState | undefined> = {
  o: 'offline',
  n: 'not-ready',
  a: 'available',
  r: 'reserved',
  l: 'alerting',
  c: 'on-call',
  w: 'after-call-work',
  '-': undefined,
};
const expected: Record<AgentState, string> = {
  // signIn ready notReady signOut reserve alert answer noAnswer withdraw callStart callEnd finish
  offline: 'n-----------',
  'not-ready': 'nano-----c--',
  available: 'aanor----c--',
  reserved: 'rrno-lcna---',
  alerting: 'llno-lcna---',
  'on-call': 'cccc------w-',
  'after-call-work': 'wano-----c-a',
};

test('every state answers every trigger as the picture says', async (t) => {
  for (const state of agentStates) {
    for (const [at, trigger] of agentTriggers.entries()) {
      t.equal(nextAgentState(state, trigger), letters[expected[state][at]!], `${state} on ${trigger}`);
    }
  }
});

test('every state can be reached from offline, and every state can be left for offline', async (t) => {
  const reach = (from: AgentState) => {
    const seen = new Set<AgentState>([from]);
    for (const state of seen) for (const to of Object.values(agentTransitions[state])) seen.add(to);
    return seen;
  };
  t.same([...reach('offline')].sort(), [...agentStates].sort());
  for (const state of agentStates) t.ok(reach(state).has('offline'), state);
});
