// A recording is sealed to those who open every one, and to those who may hear this one; to nobody else.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { readIdentities, writeNewIdentity } from '../../src/recording/identity.ts';
import { createIdentities } from '../../src/recording/open-parts.ts';
import { openRecording } from '../../src/recording/open-recording.ts';
import { createFolderStorage } from '../../src/recording/storage.ts';
import { newId } from '../../src/shared/ids.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';

t.test('who is named when a recording begins opens this one and no other', async (t) => {
  const { home, folder, recorder, recordings, recipient, path, open, openWithUs } = await recordingBench(t);
  const file = join(home, 'supervisor.txt');
  const { recipient: supervisor } = await writeNewIdentity(file);
  const record = async (opened: Awaited<ReturnType<typeof open>>) => {
    const tap = await connectTap(opened.tapUrl);
    await tap.send({ leftHz: 440, rightHz: 660, ms: 500 });
    await tap.close();
    await recorder.stop(opened.recordingId);
    return opened.recordingId;
  };
  const about = { callId: newId('call'), startedAt: Date.now() };
  const named = await record(await recorder.open({ ...about, recipients: [supervisor, recipient, supervisor] }));
  const other = await record(await open());

  t.strictSame(recordings.rows.get(named)!.recipients, [recipient, supervisor], 'each key once');
  t.strictSame(recordings.rows.get(other)!.recipients, [recipient]);
  const identities = createIdentities(await readIdentities(file));
  const storage = createFolderStorage({ folder });
  const opened = await openRecording({ storage, recordingId: named, identities });
  t.equal(opened.state, 'complete');
  t.strictSame(execFileSync('age', ['-d', '-i', file, path(named)]), Buffer.from(opened.ogg), 'as age itself does');
  t.strictSame((await openWithUs(named)).ogg, opened.ogg, 'whoever opens every recording opens it too');
  await t.rejects(openRecording({ storage, recordingId: other, identities }), { code: 'forbidden' });
});
