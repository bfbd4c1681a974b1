import t from 'tap';
import { type Clock, systemClock } from '../shared/clock.ts';
import { silentLogger as log } from '../shared/logger.ts';
import { createDurableWriter } from './durable-writer.ts';
import type { Journal } from './journal.ts';

/** Timers that keep the process alive: here nothing else does. */
const clock: Clock = {
  ...systemClock,
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** A journal in memory whose disk can be full. */
function journalOf(lines: string[] = []) {
  const state = { full: false, rejected: [] as string[], appended: 0 };
  const journal: Journal = {
    get size() {
      return lines.length;
    },
    async append(more) {
      if (state.full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      lines.push(...more);
      state.appended += more.length;
    },
    read: async (offset) => ({ lines: lines.slice(offset, offset + 3), next: Math.min(lines.length, offset + 3) }),
    async clear() {
      lines.length = 0;
    },
    async setAside(line) {
      state.rejected.push(line);
    },
    async close() {},
  };
  return { journal, state, lines };
}

function setUp(lines: string[] = []) {
  const disk = journalOf(lines);
  const database = { away: false, rows: [] as string[], batches: 0, poison: 'poison' };
  const writer = createDurableWriter<string>({
    journal: disk.journal,
    async write(rows) {
      if (database.away) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      database.batches += 1;
      if (rows.includes(database.poison)) throw new Error('refused for good');
      database.rows.push(...rows);
    },
    probe: async () => {
      if (database.away) throw new Error('away');
    },
    isRetryable: (error) => 'code' in error,
    encode: (row) => JSON.stringify(row),
    decode: (line) => JSON.parse(line) as string,
    clock,
    log,
  });
  return { writer, database, disk };
}

const many = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `row ${from + n}`);

t.test('what is put together goes in together, in order', async (t) => {
  const { writer, database } = setUp();
  await Promise.all(many(0, 1200).map(writer.put));
  t.strictSame(database.rows, many(0, 1200));
  t.ok(database.batches <= 4, `${database.batches} batches`);
  await writer.close();
  await t.rejects(writer.put('late'), /closed/);
});

t.test('with the database away rows are kept in the journal and follow, in order, before newer ones', async (t) => {
  const { writer, database, disk } = setUp();
  await writer.put('row 0');
  database.away = true;
  await Promise.all(many(1, 10).map(writer.put));
  t.equal(writer.state, 'journal');
  t.strictSame(
    disk.lines.map((line) => JSON.parse(line)),
    many(1, 10),
  );
  database.away = false;
  const flushed = writer.flush();
  await writer.put('row 10');
  await flushed;
  t.strictSame(database.rows, many(0, 11));
  t.strictSame([writer.state, disk.lines.length], ['direct', 0]);
  await writer.close();
});

t.test('a journal left behind goes in first', async (t) => {
  const { writer, database } = setUp(many(0, 8).map((row) => JSON.stringify(row)));
  await writer.put('row 8');
  await writer.flush();
  t.strictSame(database.rows, many(0, 9));
  await writer.close();
});

t.test('a row that is refused for good is put aside, also out of the journal', async (t) => {
  const { writer, database, disk } = setUp(['"poison"', '"row 0"']);
  await Promise.all(['row 1', 'poison', 'row 2'].map(writer.put));
  await writer.flush();
  t.strictSame(database.rows, many(0, 3));
  t.strictSame(disk.state.rejected, ['"poison"', '"poison"']);
  await writer.close();
});

t.test('with database and disk gone nothing is acknowledged, and nothing lost when one comes back', async (t) => {
  const { writer, database, disk } = setUp();
  database.away = true;
  disk.state.full = true;
  let acknowledged = false;
  const put = writer.put('row 0').then(() => {
    acknowledged = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(acknowledged, false);
  disk.state.full = false;
  await put;
  t.strictSame(disk.lines, ['"row 0"']);
  database.away = false;
  await writer.flush();
  t.strictSame(database.rows, ['row 0']);
  await writer.close();
});

t.test('closing with the database away keeps the journal for the next start', async (t) => {
  const { writer, database, disk } = setUp();
  database.away = true;
  const put = writer.put('row 0');
  const flushed = writer.flush();
  flushed.catch(() => undefined);
  await writer.close();
  await put;
  t.strictSame(disk.lines, ['"row 0"']);
  await t.rejects(flushed, /closed/);
});

t.test('closing with database and disk gone comes to its end', async (t) => {
  const { writer, database, disk } = setUp();
  database.away = true;
  disk.state.full = true;
  void writer.put('row 0');
  const began = performance.now();
  await writer.close();
  t.ok(performance.now() - began < 15_000);
  await t.rejects(writer.put('row 1'), /closed/);
});
