// Recordings and their rows on a real PostgreSQL, also while it is away.

import { join } from 'node:path';
import t from 'tap';
import { createRowKeeper } from '../../src/recording/row-keeper.ts';
import { createFolderStorage } from '../../src/recording/storage.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { filesBelow, recordingBench } from '../support/recording/recording-bench.ts';
import { cuttableWire, testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);

t.test('a recording has its row from the beginning, and the end is written into it', async (t) => {
  const { recordings } = await testStore(t, { url });
  const { recorder, open, recipient } = await recordingBench(t, { recordings });
  const { recordingId, tapUrl } = await open();
  const begun = await eventually('the row', () => recordings.byId(recordingId));
  t.match(begun, { state: 'open', endedAt: null, sha256: null, recipients: [recipient] });
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  await recorder.stop(recordingId);
  const row = (await recordings.byId(recordingId))!;
  t.match(row, { state: 'complete', durationMs: 1000, callId: begun.callId, path: begun.path });
  t.ok(row.endedAt! >= row.startedAt);
});

t.test('with the database gone from beginning to end the recording is made, and the row follows', async (t) => {
  const wire = await cuttableWire(t, url);
  const { recordings } = await testStore(t, { url: wire.url });
  const { recorder, open, folder } = await recordingBench(t, { recordings });
  await wire.cut();
  const from = performance.now();
  const { recordingId, tapUrl } = await open();
  t.ok(performance.now() - from < 500, 'the call does not wait');
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 1000 });
  await tap.close();
  const stopped = recorder.stop(recordingId);
  await eventually('the file is finished', () => filesBelow(folder).some(({ path }) => path.endsWith('.opus.age')));
  await eventually('health tells', () => !recorder.health().ok);
  await wire.mend();
  await stopped;
  t.match(await recordings.byId(recordingId), { state: 'complete', durationMs: 1000 });
  t.same(recorder.health(), { ok: true });
});

t.test('a node that starts leaves alone what is being recorded at another one', async (t) => {
  const { recordings } = await testStore(t, { url });
  const { recorder, open, home } = await recordingBench(t, { recordings });
  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 500 });
  await eventually('the row', () => recordings.byId(recordingId));
  const startsIn = (folder: string, shared: boolean) => {
    const storage = createFolderStorage({ folder });
    return createRowKeeper({ clock: systemClock, log: silentLogger, recordings, storage, shared }).recover(Infinity);
  };
  t.same(await startsIn(join(home, 'another'), true), { complete: 0, interrupted: 0 });
  t.match(await recordings.byId(recordingId), { state: 'open' });
  await tap.close();
  await recorder.stop(recordingId);
  t.match(await recordings.byId(recordingId), { state: 'complete' });
});
