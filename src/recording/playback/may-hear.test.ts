import t from 'tap';
import { canHearSomething, type HearAbout, type HearRule, mayHear } from './may-hear.ts';

const about: HearAbout = { kind: 'call', queue: 'orders', reason: 'delivery', personIds: ['p_1'] };
const supervisor = { id: 'p_9', role: 'supervisor' };
const may = (rules: HearRule[], person: Parameters<typeof mayHear>[1], more: Partial<HearAbout> = {}) =>
  mayHear(rules, person, { ...about, ...more });

t.test('what no rule allows, nobody hears', async (t) => {
  t.notOk(may([], supervisor));
  t.ok(may([{ roles: ['supervisor'] }], supervisor));
  t.notOk(may([{ roles: ['supervisor'] }], { id: 'p_1', role: 'agent' }));
  t.notOk(may([{ roles: ['supervisor'] }], { ...supervisor, disabled: true }), 'nor who has left');
});

t.test('a rule asks for queue, reason and kind, and what is not known does not match', async (t) => {
  const rule: HearRule = { roles: ['supervisor'], queues: ['orders'], reasons: ['delivery'], kinds: ['call'] };
  t.ok(may([rule], supervisor));
  t.notOk(may([rule], supervisor, { queue: 'support' }));
  t.notOk(may([rule], supervisor, { queue: null }));
  t.notOk(may([rule], supervisor, { reason: null }));
  t.notOk(may([rule], supervisor, { kind: 'message' }));
  t.ok(may([rule, { roles: ['supervisor'], kinds: ['message'] }], supervisor, { kind: 'message' }), 'another rule may');
});

t.test('agents hear their own conversations where the rules say so', async (t) => {
  const rules: HearRule[] = [{ roles: ['agent'], of: 'themselves' }];
  t.ok(may(rules, { id: 'p_1', role: 'agent' }));
  t.notOk(may(rules, { id: 'p_2', role: 'agent' }));
  t.ok(canHearSomething(rules, 'agent'));
  t.notOk(canHearSomething(rules, 'supervisor'));
});
