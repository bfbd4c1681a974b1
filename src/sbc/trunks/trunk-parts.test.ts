import t from 'tap';
import { createAddressMatch } from '../../shared/address-match.ts';
import { seededRandom } from '../../shared/random.ts';
import { type Choice, chooseOrder } from './choose-order.ts';

t.test('a source address is matched by address and by network, in both families', async (t) => {
  const match = createAddressMatch([
    '192.0.2.7',
    '198.51.100.0/24',
    '2001:db8::/32',
    'nonsense',
    '10.0.0.0/33',
    '1.2.3.4/8/9',
  ]);
  for (const address of ['192.0.2.7', '198.51.100.255', '2001:db8::1', '[2001:db8::2]', '::ffff:192.0.2.7'])
    t.equal(match.matches(address), true, address);
  for (const address of ['192.0.2.8', '198.51.101.1', '2001:db9::1', '', 'carrier.example', '10.0.0.1'])
    t.equal(match.matches(address), false, address);
  t.strictSame(match.unreadable, ['nonsense', '10.0.0.0/33', '1.2.3.4/8/9']);
});

const order = (items: (Choice & { name: string })[], seed: number) =>
  chooseOrder(items, (item) => item, seededRandom(seed)).map(({ name }) => name);

t.test('priority decides, and what is down goes last whatever its priority', async (t) => {
  const items = [
    { name: 'second', priority: 20, weight: 1, up: true },
    { name: 'first', priority: 10, weight: 1, up: true },
    { name: 'down', priority: 1, weight: 100, up: false },
  ];
  for (const seed of [1, 2, 3]) t.strictSame(order(items, seed), ['first', 'second', 'down']);
  t.strictSame(order([], 1), []);
});

t.test('inside a priority the draw follows the weights, and nothing is lost', async (t) => {
  const items = [
    { name: 'heavy', priority: 1, weight: 90, up: true },
    { name: 'light', priority: 1, weight: 10, up: true },
    { name: 'zero', priority: 1, weight: 0, up: true },
  ];
  const firsts = new Map<string, number>();
  for (let seed = 0; seed < 1000; seed++) {
    const names = order(items, seed);
    if (new Set(names).size !== 3) t.fail(`seed ${seed} lost one: ${names}`);
    firsts.set(names[0]!, (firsts.get(names[0]!) ?? 0) + 1);
  }
  t.ok(Math.abs((firsts.get('heavy') ?? 0) - 900) < 50, `heavy was first ${firsts.get('heavy')} times of 1000`);
  t.equal(firsts.get('zero') ?? 0, 0);
});
