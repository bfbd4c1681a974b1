// The database goes away for ten seconds while events keep coming: nothing is lost, nobody is kept waiting, order holds.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newId, type PersonId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { cuttableWire, sql, testDatabase, testStore } from '../support/servers/database.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// One cluster for the whole file.
await testDatabase(t);

t.test('ten seconds without the database lose nothing', { timeout: 60_000 }, async (t) => {
  const url = await testDatabase(t);
  const wire = await cuttableWire(t, url);
  const journalFolder = t.testdir();
  const store = await testStore(t, { url: wire.url, journalFolder });
  const callId = newId('call');
  const appended: string[] = [];
  const heard: string[] = [];
  let slowestMs = 0;
  store.events.subscribe((event) => heard.push(event.id));
  await store.events.append({
    type: 'call-started',
    callId,
    direction: 'inbound',
    alias: 'K7Q4-M2XD',
    companyNumber: '03',
    trunk: 'demo',
  });

  let running = true;
  const caller = (async () => {
    for (let n = 0; running; n++) {
      const began = performance.now();
      const event = await store.events.append({ type: 'flow-node', callId, flow: 'main', node: `node-${n}` });
      slowestMs = Math.max(slowestMs, performance.now() - began);
      appended.push(event.id);
      await pause(5);
    }
  })();

  await pause(300);
  t.equal(store.writing, 'direct');
  await wire.cut();
  await pause(2000);
  t.equal(store.writing, 'journal');
  t.match(await store.health(), { ok: false });
  await t.rejects(store.people.list(), { code: 'database-unavailable' });
  const sealedNumber = new Uint8Array([1, 2, 3]);
  await store.vaultRows.put({ alias: 'K7Q4-M2XD', numberHash: 'aa', sealedNumber, firstSeenAt: 1 });
  await pause(8000);
  await wire.mend();
  await eventually('the writer is direct again', () => store.writing === 'direct');
  await pause(200);
  running = false;
  await caller;
  await store.events.flush();

  const rows = await sql<{ id: string }>(url, "SELECT id FROM events WHERE type = 'flow-node' ORDER BY id");
  t.comment(`${appended.length} events, the slowest append took ${slowestMs.toFixed(0)} ms`);
  t.ok(appended.length > 500);
  t.strictSame(
    rows.map((row) => row.id),
    appended,
    'every event is there once, in order',
  );
  t.strictSame(heard.slice(1), appended, 'subscribers heard all of them, in order');
  t.ok(slowestMs < 5000, 'no append waited for the database to come back');
  t.match(await store.vaultRows.byAlias('K7Q4-M2XD'), { sealedNumber });
  t.match(await store.calls.byId(callId), { alias: 'K7Q4-M2XD', startedAt: Number });
  t.strictSame(await store.health(), { ok: true });
  t.equal(readFileSync(join(journalFolder, 'journal.ndjson'), 'utf8'), '', 'the journal is empty again');
});

t.test('a journal that an earlier program left is replayed, once per id, without its torn last line', async (t) => {
  const url = await testDatabase(t);
  const events = [1, 2, 3].map((n) => ({
    id: `v_${String(n).padStart(32, '0')}`,
    at: n,
    type: 'agent-state',
    personId: 'p_1',
    from: 'offline',
    to: 'not-ready',
    because: null,
  }));
  const lines = [...events, events[0]].map((event) => `${JSON.stringify({ event })}\n`).join('');
  const journalFolder = t.testdir({ 'journal.ndjson': `${lines}{"event":{"id":"v_torn` });
  const store = await testStore(t, { url, journalFolder });
  await store.events.flush();
  t.strictSame(await store.events.read({ personId: 'p_1' as PersonId }), events);
  t.equal(store.writing, 'direct');
});

t.test('an event that the database refuses for good is put aside, the others go in', async (t) => {
  const url = await testDatabase(t);
  await sql(url, "ALTER TABLE events ADD CONSTRAINT poison CHECK (fields->>'because' IS DISTINCT FROM 'poison')");
  const journalFolder = t.testdir();
  const store = await testStore(t, { url, journalFolder });
  const personId = newId('person');
  await Promise.all(
    ['a', 'poison', 'b'].map((because) =>
      store.events.append({ type: 'agent-state', personId, from: 'offline', to: 'not-ready', because }),
    ),
  );
  t.match(await store.events.read({ personId }), [{ because: 'a' }, { because: 'b' }]);
  t.match(readFileSync(join(journalFolder, 'rejected.ndjson'), 'utf8'), /"because":"poison"/);
  t.equal(store.writing, 'direct');
});
