import t from 'tap';
import type { AgentState } from '../shared/events.ts';
import type { PersonId } from '../shared/ids.ts';
import { isBusy } from './busy.ts';
import type { DeskCallState, DeskState } from './desk.ts';

const me = 'p_me' as PersonId;
const desk = (state: AgentState, call: Partial<DeskCallState> | null = null) =>
  ({ agent: { state }, call }) as unknown as DeskState;

t.test('a call on whichever device, asked about or one’s own, keeps the session', async (t) => {
  t.equal(isBusy(me, desk('on-call', { device: 'browser', role: 'agent' }), []), true);
  t.equal(isBusy(me, desk('on-call', { device: 'telephone', role: 'agent' }), []), true, 'own telephone');
  t.equal(isBusy(me, desk('on-call', { role: 'consulted' }), []), true, 'a colleague who is asked');
  t.equal(isBusy(me, desk('not-ready', { state: 'detached' }), []), true, 'away from it for a moment');
});

t.test('each state of an agent without a call', async (t) => {
  const table: Record<AgentState, boolean> = {
    offline: false,
    'not-ready': false,
    available: false,
    reserved: true,
    alerting: true,
    'on-call': true,
    'after-call-work': true,
  };
  for (const [state, busy] of Object.entries(table)) t.equal(isBusy(me, desk(state as AgentState), []), busy, state);
});

t.test('a supervisor with an agent is busy, with or without a desk; another’s listening is not mine', async (t) => {
  t.equal(isBusy(me, undefined, [{ personId: me }]), true);
  t.equal(isBusy(me, desk('not-ready'), [{ personId: me }]), true);
  t.equal(isBusy(me, undefined, [{ personId: 'p_other' as PersonId }]), false);
  t.equal(isBusy(me, undefined, []), false);
});
