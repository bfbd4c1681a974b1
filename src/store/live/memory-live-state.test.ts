import t, { type Test } from 'tap';
import { createFakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import type { LiveState } from '../live-state.ts';
import { createMemoryHub, type MemoryHub } from './memory-hub.ts';
import { createMemoryLiveState } from './memory-live-state.ts';

/** Lets promises settle; the clock stands still. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(Math.min(100, ms - passed));
    await settle();
  }
}

async function twoNodes(
  t: Test,
): Promise<{ clock: FakeClock; hub: MemoryHub; a: LiveState; b: LiveState; lines: string[] }> {
  const clock = createFakeClock();
  const hub = createMemoryHub({ clock });
  const [a, b] = [await createMemoryLiveState({ hub, clock }), await createMemoryLiveState({ hub, clock })];
  const lines: string[] = [];
  for (const [name, node] of Object.entries({ a, b })) {
    node.on('down', () => lines.push(`${name} down`));
    node.on('up', ({ downMs }) => lines.push(`${name} up after ${downMs > 0}`));
    node.on('declaredDead', () => lines.push(`${name} declaredDead`));
    node.on('nodeGone', ({ because }) => lines.push(`${name} gone ${because}`));
    node.map('desks').on('put', ({ key }) => lines.push(`${name} put ${key}`));
    node.map('desks').on('removed', ({ key, because }) => lines.push(`${name} removed ${key} ${because}`));
    node.map('desks').on('orphaned', ({ key }) => lines.push(`${name} orphaned ${key}`));
    t.teardown(() => node.close());
  }
  return { clock, hub, a, b, lines };
}

t.test('a node alone is told everything before the call that caused it returns', async (t) => {
  const clock = createFakeClock();
  const node = await createMemoryLiveState({ clock });
  t.teardown(() => node.close());
  const seen: unknown[] = [];
  node.log('acd').follow({
    onSnapshot() {},
    onLost() {},
    onEntry: ({ value, atMs }) => void seen.push([value, atMs]),
  });
  await settle();
  void node.log('acd').append('x');
  t.strictSame(seen, [['x', clock.now()]]);
  void node.map('desks').put('k', 1);
  t.strictSame(node.map('desks').get('k'), { key: 'k', value: 1, owner: node.nodeId, orphan: false });
});

t.test('what a listener causes is told to everybody after what it was told', async (t) => {
  const { a, b, lines } = await twoNodes(t);
  a.map('desks').on('put', ({ key }) => {
    if (key === 'first') void a.map('desks').put('second', 2);
  });
  await b.map('desks').put('first', 1);
  t.strictSame(
    lines.filter((line) => line.startsWith('b put')),
    ['b put first', 'b put second'],
  );
});

t.test('what a follower appends while it catches up comes after what it has yet to read', async (t) => {
  const { a, b } = await twoNodes(t);
  for (let i = 1; i <= 3; i++) await a.log<number>('acd').append(i);
  const read: number[] = [];
  b.log<number>('acd').follow({
    onSnapshot() {},
    onLost: () => t.fail('nothing is lost'),
    onEntry({ value }) {
      read.push(value);
      if (value === 1) void b.log<number>('acd').append(4);
    },
  });
  await settle();
  t.strictSame(read, [1, 2, 3, 4]);
});

t.test('a crash is told after the lapse, and not before', async (t) => {
  const { clock, hub, a, b, lines } = await twoNodes(t);
  await b.map('desks').put('bound', 1);
  await b.map('desks').put('kept', 1, { keepOrphan: true });
  lines.length = 0;
  hub.crash(b.nodeId);
  await pass(clock, 3900);
  t.strictSame(lines, []);
  await pass(clock, 200);
  const told = ['a gone lapsed', 'a removed bound owner-gone', 'a orphaned kept'];
  t.strictSame(lines, told, 'and b, which is gone, hears nothing');
  await pass(clock, 3_600_000);
  t.strictSame(lines, [...told, 'a removed kept expired'], 'an orphan that nobody wants ends');
  t.equal(a.nodes().length, 1);
});

t.test('a node that hung is told that it was declared dead, and states again what is true', async (t) => {
  const { clock, hub, a, b, lines } = await twoNodes(t);
  await b.map('desks').put('of b', 1);
  b.on('declaredDead', () => void b.map('desks').put('of b', 2));
  hub.crash(b.nodeId);
  await pass(clock, 5000);
  lines.length = 0;
  hub.mend(b.nodeId);
  await pass(clock, 2000);
  t.strictSame(
    lines.filter((line) => line.startsWith('b')),
    ['b down', 'b removed of b owner-gone', 'b up after true', 'b declaredDead', 'b put of b'],
  );
  t.equal(a.map('desks').get('of b')?.value, 2);
  t.equal(a.nodes().length, 2);
});

t.test('a short cut is no death, and what was written meanwhile arrives', async (t) => {
  const { clock, hub, a, b, lines } = await twoNodes(t);
  await b.map('desks').put('gone meanwhile', 1);
  lines.length = 0;
  hub.cutOff(b.nodeId);
  const refused = t.rejects(b.map('desks').put('written meanwhile', 1), { code: 'live-state-unavailable' });
  const alsoRefused = t.rejects(b.log('acd').append(1), { code: 'live-state-unavailable' });
  void b
    .map('desks')
    .remove('gone meanwhile')
    .catch(() => undefined);
  await a.map('desks').put('of a', 1);
  await pass(clock, 2100);
  await Promise.all([refused, alsoRefused]);
  t.equal(b.map('desks').get('of a'), undefined, 'what was known is what is read');
  hub.mend(b.nodeId);
  await pass(clock, 2000);
  for (const node of [a, b]) {
    const keys = node
      .map('desks')
      .entries()
      .map(({ key }) => key);
    t.strictSame(keys.sort(), ['of a', 'written meanwhile']);
  }
  t.notOk(lines.some((line) => /declaredDead|gone lapsed/.test(line)));
});

t.test('a hub that starts empty is filled again by those who own, and every order is lost', async (t) => {
  const { clock, hub, a, b, lines } = await twoNodes(t);
  const lost: string[] = [];
  for (const [name, node] of Object.entries({ a, b })) {
    node.log('acd').follow({ onSnapshot() {}, onEntry() {}, onLost: () => lost.push(name) });
  }
  await settle();
  await a.map('desks').put('of a', 1);
  await b.map('desks').put('of b', 1, { expiresInMs: 5000 });
  await a.log('acd').append(1);
  lines.length = 0;
  hub.stop();
  await pass(clock, 3000);
  hub.start({ empty: true });
  await pass(clock, 1500);
  t.strictSame(lost.sort(), ['a', 'b']);
  t.equal(b.map('desks').get('of a')?.value, 1);
  t.equal(a.map('desks').get('of b')?.value, 1);
  t.notOk(
    lines.some((line) => /^a .*of a|^b .*of b/.test(line)),
    'nobody is told that its own was gone',
  );
  await pass(clock, 1500);
  t.ok(lines.includes('a removed of b expired'), 'its time went on meanwhile');
});

t.test('a lease that was lost is not renewed, and counting goes on while the hub is away', async (t) => {
  const { clock, hub, a, b } = await twoNodes(t);
  const lease = (await a.acquireLease('sweeper', 3000))!;
  hub.stop();
  t.equal((await a.takeToken('k', 1, 1000)).allowed, true);
  t.strictSame(await a.takeToken('k', 1, 1000), { allowed: false, retryAfterMs: 1000 });
  hub.start({ empty: true });
  await pass(clock, 1500);
  t.equal(await lease.renew(), false);
  const next = (await b.acquireLease('sweeper', 3000))!;
  t.ok(next.fence > lease.fence, 'though the hub has forgotten the last one');
});
