// What every maker of live state must do, seen from several nodes at once.
// A world is one server of it; `node` joins another node, `crash` ends one without a word.

import type { Test } from 'tap';
import type { NodeId } from '../../src/shared/ids.ts';
import type { LiveMap, LiveState, LogEntry } from '../../src/store/live-state.ts';
import { eventually } from '../support/eventually.ts';

export interface LiveStateWorld {
  node(facts?: Record<string, string>): Promise<LiveState>;
  crash(node: LiveState): Promise<void>;
}

const patient = { withinMs: 20_000 };

const soon = (what: string, probe: () => unknown) => eventually(what, () => Boolean(probe()), patient);

/** Everything a map tells, as lines. */
function told(map: LiveMap<unknown>): string[] {
  const lines: string[] = [];
  map.on('put', ({ key, value }) => lines.push(`put ${key} ${JSON.stringify(value)}`));
  map.on('removed', ({ key, because }) => lines.push(`removed ${key} ${because}`));
  map.on('orphaned', ({ key }) => lines.push(`orphaned ${key}`));
  return lines;
}

function followed(node: LiveState, name: string) {
  const entries: LogEntry<unknown>[] = [];
  const snapshots: { state: unknown; place: string }[] = [];
  const seen = { entries, snapshots, lost: 0, stop: () => {} };
  seen.stop = node.log(name).follow({
    onSnapshot: (state, place) => void snapshots.push({ state, place }),
    onEntry: (entry) => void entries.push(entry),
    onLost: () => {
      seen.lost += 1;
    },
  });
  return seen;
}

export function liveStateContract(t: Test, open: (t: Test) => Promise<LiveStateWorld>): void {
  // The clock's timers keep no process alive.
  const awake = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(awake));

  async function nodes(t: Test, count: number) {
    const world = await open(t);
    const all: LiveState[] = [];
    for (let i = 0; i < count; i++) {
      const node = await world.node({ name: `node ${i}` });
      t.teardown(() => node.close());
      all.push(node);
    }
    return { world, all, a: all[0]!, b: all[1]!, c: all[2]! };
  }

  t.test('nodes see who is there, what they say of themselves, and who leaves', async (t) => {
    const { world, a } = await nodes(t, 1);
    const joined: string[] = [];
    const changed: boolean[] = [];
    const gone: { nodeId: NodeId; because: string }[] = [];
    a.on('nodeJoined', ({ facts }) => joined.push(facts['name']!));
    a.on('nodeChanged', ({ draining }) => changed.push(draining));
    a.on('nodeGone', (event) => gone.push(event));
    const b = await world.node({ name: 'second' });
    t.equal(b.nodes().length, 2, 'who joins sees the others at once');
    await soon('the first hears of the second', () => joined.includes('second'));
    await b.describe({ draining: true, facts: { url: 'http://127.0.0.1:1' } });
    await soon('the first hears of the change', () => changed.includes(true));
    t.match(
      a.nodes().find(({ nodeId }) => nodeId === b.nodeId),
      { draining: true, facts: { name: 'second', url: 'http://127.0.0.1:1' } },
    );
    await b.close();
    await soon('the first hears that the second left', () => gone.length > 0);
    t.strictSame(gone, [{ nodeId: b.nodeId, because: 'left' }]);
    t.strictSame(
      a.nodes().map(({ nodeId }) => nodeId),
      [a.nodeId],
    );
  });

  t.test('a put is here at once and on every other node soon', async (t) => {
    const { a, b } = await nodes(t, 2);
    const lines = told(b.map('desks'));
    const value = { list: [], nested: { nothing: null, number: 12345678901234, text: '“日本”\n' } };
    const done = a.map('desks').put('key with spaces/日本', value);
    t.strictSame(a.map('desks').get('key with spaces/日本')?.value, value, 'before it is sent');
    await done;
    await soon('it is there', () => b.map('desks').get('key with spaces/日本'));
    t.strictSame(b.map('desks').entries(), [{ key: 'key with spaces/日本', value, owner: a.nodeId, orphan: false }]);
    await a.map('desks').remove('key with spaces/日本');
    await soon('it is gone', () => b.map('desks').entries().length === 0);
    t.strictSame(lines, [`put key with spaces/日本 ${JSON.stringify(value)}`, 'removed key with spaces/日本 removed']);
    t.equal(a.map('desks'), a.map('desks'), 'a name is one map');
    t.equal(a.log('acd'), a.log('acd'), 'and one log');
  });

  t.test('the last put wins, over owners too, and everybody hears that the first was replaced', async (t) => {
    const { a, b, c } = await nodes(t, 3);
    const atA = told(a.map('desks'));
    const atC = told(c.map('desks'));
    await a.map('desks').put('one', 1);
    await soon('b has it', () => b.map('desks').get('one'));
    await b.map('desks').put('one', 2);
    await soon('a has it', () => a.map('desks').get('one')?.owner === b.nodeId);
    await a.map('desks').remove('one');
    t.equal(a.map('desks').get('one')?.value, 2, 'what another owns is not removed');
    await soon('c has it', () => c.map('desks').get('one')?.owner === b.nodeId);
    const story = ['put one 1', 'removed one replaced', 'put one 2'];
    t.strictSame(atA, story);
    t.strictSame(atC, story);
  });

  t.test('what a listener writes comes after what it was told of', async (t) => {
    const { all, a, b, c } = await nodes(t, 3);
    const downs: string[] = [];
    const answers: Promise<unknown>[] = [];
    for (const node of all) node.on('down', ({ because }) => downs.push(because));
    a.map<number>('echo').on('put', ({ key, value, owner }) => {
      if (owner !== a.nodeId && value < 50) answers.push(a.map('echo').put(`${key}'`, value + 100));
    });
    const read = followed(c, 'acd');
    b.log<number>('acd').follow({
      onSnapshot() {},
      onLost() {},
      onEntry: ({ value }) => {
        if (value < 50) answers.push(b.log('acd').append(value + 100));
      },
    });
    for (let i = 0; i < 20; i++) {
      await Promise.all([c.map('echo').put(`key ${i}`, i), c.log('acd').append(i)]);
    }
    await soon('everything was answered', () => all.every((node) => node.map('echo').entries().length === 40));
    await soon('in the log, too', () => read.entries.length === 40);
    await Promise.all(answers);
    const order = read.entries.map(({ value }) => value as number);
    t.ok(order.every((value) => value >= 100 || order.indexOf(value + 100) > order.indexOf(value)));
    t.strictSame(downs, [], 'without any repair');
  });

  t.test('of many that claim a key at once one gets it, and all learn who', async (t) => {
    const { all } = await nodes(t, 3);
    for (let round = 0; round < 20; round++) {
      const key = `call ${round}`;
      const answers = await Promise.all(all.map((node) => node.map('calls').claim(key, node.nodeId)));
      const winners = all.filter((_, i) => answers[i] === undefined);
      t.equal(winners.length, 1);
      const winner = winners[0]!;
      t.equal(winner.map('calls').get(key)?.owner, winner.nodeId, 'the winner shows it at once');
      t.ok(answers.every((answer) => answer === undefined || answer === winner.nodeId));
      t.equal(await winner.map('calls').claim(key, 'again'), undefined, 'who has it may claim it again');
    }
  });

  t.test('an entry ends when its time is over, unless it is put again', async (t) => {
    const { a, b } = await nodes(t, 2);
    const lines = told(b.map('bindings'));
    // In one breath, so that none of them ends before the next is put.
    const puts = [
      a.map('bindings').put('kept', 'x', { expiresInMs: 600 }),
      a.map('bindings').put('kept', 'x'),
      a.map('bindings').put('short', 'x', { expiresInMs: 700 }),
    ];
    await Promise.all(puts);
    await soon('it ended', () => lines.includes('removed short expired'));
    t.ok(b.map('bindings').get('kept'));
    t.notOk(lines.includes('removed kept expired'));
    await soon('here too', () => !a.map('bindings').get('short'));
    t.equal(await b.map('bindings').claim('short', 'y'), undefined);
  });

  t.test('what a dead node owned goes, and what is to be kept waits for one who claims it', async (t) => {
    const { world, a, b, c } = await nodes(t, 3);
    const lines = told(a.map('calls'));
    const gone: unknown[] = [];
    a.on(
      'nodeGone',
      (event) => void gone.push({ ...event, before: lines.some((line) => line.includes('owner-gone')) }),
    );
    await c.map('calls').put('bound', 1);
    await c.map('calls').put('kept', 2, { keepOrphan: true });
    await soon('they are there', () => a.map('calls').get('kept') && a.map('calls').get('bound'));
    await world.crash(c);
    await soon('the survivors notice', () => a.map('calls').get('kept')?.orphan && !a.map('calls').get('bound'));
    t.strictSame(gone, [{ nodeId: c.nodeId, because: 'lapsed', before: false }], 'told before its entries go');
    await soon('both', () => b.map('calls').get('kept')?.orphan);
    const answers = await Promise.all([a.map('calls').claim('kept', 3), b.map('calls').claim('kept', 4)]);
    t.equal(answers.filter((answer) => answer === undefined).length, 1, 'one adopts it');
    await soon('it has an owner', () => a.map('calls').get('kept')?.orphan === false);
    t.ok(lines.includes('removed bound owner-gone'));
    t.ok(lines.includes('orphaned kept'));
    const late = await world.node();
    t.teardown(() => late.close());
    t.strictSame(
      late
        .map('calls')
        .entries()
        .map(({ key }) => key),
      ['kept'],
      'who joins later sees the same',
    );
  });

  t.test('who leaves takes its entries along', async (t) => {
    const { a, b } = await nodes(t, 2);
    await b.map('desks').put('mine', 1);
    await b.map('desks').put('kept', 1, { keepOrphan: true });
    await soon('they are there', () => a.map('desks').entries().length === 2);
    await b.close();
    await soon(
      'one is gone, one is an orphan',
      () => a.map('desks').get('kept')?.orphan && !a.map('desks').get('mine'),
    );
    await b.close();
    await t.rejects(b.map('desks').put('late', 1), { code: 'shutting-down' });
    await t.rejects(b.log('acd').append(1), { code: 'shutting-down' });
    await a.map('desks').remove('kept');
    t.strictSame(a.map('desks').entries(), [], 'an orphan can be removed by anybody');
  });

  t.test('all nodes see the entries of a log in one order, each once, and time does not run backwards', async (t) => {
    const { all } = await nodes(t, 3);
    const readings = all.map((node) => followed(node, 'acd'));
    const places = await Promise.all(Array.from({ length: 150 }, (_, i) => all[i % 3]!.log('acd').append({ i })));
    await soon('all have all', () => readings.every(({ entries }) => entries.length === 150));
    const [first, ...others] = readings.map(({ entries }) => entries);
    for (const other of others) t.strictSame(other, first);
    const inOrder = first!.map(({ place }) => place);
    t.strictSame(inOrder, [...places].sort(), 'places sort as the order does, and appending gave the same');
    t.ok(first!.every(({ atMs }, i) => i === 0 || atMs >= first![i - 1]!.atMs));
    t.equal(first!.find(({ value }) => (value as { i: number }).i === 7)?.from, all[1]!.nodeId);
    for (const node of all) {
      const own = first!.filter(({ from }) => from === node.nodeId).map(({ value }) => (value as { i: number }).i);
      t.strictSame(
        own,
        [...own].sort((x, y) => x - y),
        'in the order in which each node appended',
      );
    }
    t.throws(() => followed(all[0]!, 'acd'), { code: 'conflict' }, 'a log has one follower per node');
  });

  t.test('who follows later begins with the newest snapshot and goes on after it', async (t) => {
    const { world, a, b } = await nodes(t, 2);
    const atA = followed(a, 'acd');
    await t.rejects(b.log('acd').saveSnapshot('0', {}), { code: 'conflict' }, 'not of what was never read');
    for (let i = 1; i <= 9; i++) await a.log('acd').append(i);
    await soon('all are read', () => atA.entries.length === 9);
    await a.log('acd').saveSnapshot(atA.entries[4]!.place, { sum: 15 });
    await a.log('acd').saveSnapshot(atA.entries[2]!.place, { sum: 6 });
    const late = await world.node();
    t.teardown(() => late.close());
    const atLate = followed(late, 'acd');
    await soon('the rest is read', () => atLate.entries.length === 4);
    t.strictSame(atLate.snapshots, [{ state: { sum: 15 }, place: atA.entries[4]!.place }], 'an older one is ignored');
    t.strictSame(
      atLate.entries.map(({ value }) => value),
      [6, 7, 8, 9],
    );
    atLate.stop();
    await a.log('acd').append(10);
    await soon('a reads on', () => atA.entries.length === 10);
    const again = followed(late, 'acd');
    await soon('who follows again begins again', () => again.entries.length === 5);
    t.equal(atLate.entries.length, 4, 'who stopped hears nothing');
    t.equal(atA.lost + atLate.lost + again.lost, 0);
  });

  t.test('a lease has one holder, and its fence grows with each', async (t) => {
    const { a, b } = await nodes(t, 2);
    const first = (await a.acquireLease('sweeper', 60_000))!;
    t.ok(first);
    t.equal(await b.acquireLease('sweeper', 1000), undefined);
    t.equal(await first.renew(), true);
    await first.release();
    t.equal(await first.renew(), false);
    const second = (await b.acquireLease('sweeper', 500))!;
    t.ok(second.fence > first.fence);
    const third = await eventually('it lapses', () => a.acquireLease('sweeper', 60_000), patient);
    t.ok(third.fence > second.fence);
    t.equal(await second.renew(), false, 'what lapsed is not renewed');
    await second.release();
    t.equal(await b.acquireLease('sweeper', 500), undefined, 'and its release frees nothing');
  });

  t.test('uses are counted over all nodes, in a window that slides', async (t) => {
    const { a, b } = await nodes(t, 2);
    const windowMs = 60_000;
    for (const node of [a, b, a]) {
      t.strictSame(await node.takeToken('login x', 3, windowMs), { allowed: true, retryAfterMs: 0 });
    }
    const refused = await b.takeToken('login x', 3, windowMs);
    t.equal(refused.allowed, false);
    t.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= windowMs, `${refused.retryAfterMs}`);
    t.equal((await b.takeToken('login y', 3, windowMs)).allowed, true, 'each key by itself');
    await a.takeToken('slides', 1, 500);
    await eventually('it slides', async () => (await b.takeToken('slides', 1, 500)).allowed, patient);
  });

  t.test('one node asks another, and what is thrown there arrives here', async (t) => {
    const { world, a, b, c } = await nodes(t, 3);
    await t.rejects(a.ask(b.nodeId, 1), { code: 'node-unreachable' }, 'nobody answers yet');
    b.onAsked(async (question, from) => {
      if (question === 'fail') throw Object.assign(new Error('Not now.'), { code: 'x' });
      if (question === 'conflict') return a.map('bad name').entries();
      if (question === 'never') return new Promise(() => {});
      return { question, from };
    });
    t.strictSame(await a.ask(b.nodeId, { n: 1 }), { question: { n: 1 }, from: a.nodeId });
    await t.rejects(a.ask(b.nodeId, 'fail'), { code: 'internal', message: 'Not now.' });
    await t.rejects(a.ask(b.nodeId, 'conflict'), { code: 'invalid-argument' });
    await t.rejects(a.ask(b.nodeId, 'never', { timeoutMs: 300 }), { code: 'node-unreachable' });
    await t.rejects(a.ask('n_nobody' as NodeId, 1), { code: 'node-unreachable' });
    const many = await Promise.all(Array.from({ length: 50 }, (_, i) => c.ask(b.nodeId, i)));
    t.strictSame(
      many.map((answer) => (answer as { question: number }).question),
      [...many.keys()],
    );
    const toTheDead = a.ask(b.nodeId, 'never', { timeoutMs: 60_000 });
    await world.crash(b);
    await t.rejects(toTheDead, { code: 'node-unreachable' }, 'its end is an answer');
  });

  t.test('what is published reaches every node, in the order of each sender', async (t) => {
    const { all, a, b } = await nodes(t, 3);
    const heard = all.map((node) => {
      const lines: string[] = [];
      node.subscribe('feed', (message, from) => void lines.push(`${from} ${message}`));
      node.subscribe('other', () => void lines.push('other'));
      return lines;
    });
    const off = b.subscribe('feed', () => t.fail('who stopped hears nothing'));
    off();
    await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? a : b).publish('feed', i)));
    await soon('everybody heard everything', () => heard.every((lines) => lines.length === 100));
    for (const lines of heard) {
      t.strictSame(lines, heard[0]);
      t.strictSame(
        lines.filter((line) => line.startsWith(a.nodeId)),
        Array.from({ length: 50 }, (_, i) => `${a.nodeId} ${2 * i + 1}`),
      );
    }
  });

  t.test('what cannot be sent is refused at once', async (t) => {
    const { a } = await nodes(t, 1);
    await t.rejects(a.map('desks').put('x', undefined), { code: 'invalid-argument' });
    await t.rejects(a.map('desks').put('line\nend', 1), { code: 'invalid-argument' });
    await t.rejects(a.log('acd').append('x'.repeat(1_000_001)), { code: 'invalid-argument' });
    t.throws(() => a.map('no spaces'), { code: 'invalid-argument' });
    t.strictSame(a.map('desks').entries(), []);
    t.strictSame(await a.health(), { ok: true });
  });
}
