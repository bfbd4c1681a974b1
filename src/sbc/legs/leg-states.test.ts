import t from 'tap';
import type { LegState } from '../leg.ts';
import { type LegStep, legTransitions } from './leg-states.ts';

const states = Object.keys(legTransitions) as LegState[];
const steps: LegStep[] = ['ring', 'answer', 'end'];

t.test('every state but ended can end, and nothing leaves ended', async (t) => {
  for (const state of states) t.equal(legTransitions[state].end, state === 'ended' ? undefined : 'ended', state);
  t.strictSame(legTransitions.ended, {});
});

t.test('no step goes back: each leads to a later state', async (t) => {
  const order: LegState[] = ['offered', 'trying', 'ringing', 'answered', 'ended'];
  for (const state of states)
    for (const step of steps) {
      const next = legTransitions[state][step];
      if (next) t.ok(order.indexOf(next) > order.indexOf(state), `${state} ${step} ${next}`);
    }
});
