import t from 'tap';
import { fieldAt, isThere, textOf } from './json-fields.ts';

t.test('a field is found by its path, through objects and lists, and nowhere else', async (t) => {
  const json = { customer: { contracts: [{ tier: 'gold' }], name: '山田' }, 'a.b': 1 };
  t.equal(fieldAt(json, 'customer.contracts.0.tier'), 'gold');
  t.strictSame(fieldAt(json, 'customer.contracts'), [{ tier: 'gold' }]);
  for (const path of ['customer.contracts.1.tier', 'customer.name.length', 'constructor', 'a.b', '', 'customer.'])
    t.equal(fieldAt(json, path), undefined, path);
});

t.test('text, numbers and booleans are values; long texts are cut', async (t) => {
  t.strictSame(['x', 12.5, true, false].map(textOf), ['x', '12.5', 'true', 'false']);
  t.strictSame([null, undefined, {}, []].map(textOf), [undefined, undefined, undefined, undefined]);
  t.equal(textOf('x'.repeat(1000))?.length, 500);
});

t.test('what says that somebody was found', async (t) => {
  for (const value of ['x', 0, 1, true, {}, [1]]) t.ok(isThere(value), JSON.stringify(value));
  for (const value of ['', false, null, undefined, []]) t.notOk(isThere(value), JSON.stringify(value));
});
