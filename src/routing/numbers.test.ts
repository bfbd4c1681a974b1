import { test } from 'tap';
import { createNumberPlan } from './numbers.ts';

test('a dialled number of the company leads to its flow, any other to none', async (t) => {
  const plan = createNumberPlan([
    { number: '0120-000-111', flow: 'main' },
    { number: '+81300001111', flow: 'tokyo' },
  ]);
  t.equal(plan.flowFor('0120000111'), 'main');
  t.equal(plan.flowFor('+81300001111'), 'tokyo');
  for (const unknown of ['', '0120000112', '81300001111', '+810120000111', 'constructor']) {
    t.equal(plan.flowFor(unknown), undefined, unknown);
  }
});
