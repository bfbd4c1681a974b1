// The command line on sealed recordings.

import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run as runRecording } from '../../src/cli/recording.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { printed } from '../support/printed.ts';
import { listen, run } from '../support/recording/opened-audio.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';

const entry = new URL('../../src/cli/engawa.ts', import.meta.url).pathname;

function engawa(...args: string[]) {
  const { status, stdout, stderr } = run(process.execPath, ['--import', 'tsx', entry, 'recording', ...args]);
  return { status, stdout, text: stdout.toString(), stderr };
}

/** The same without a process of its own; for what does not write sound. */
async function here(...args: string[]) {
  const { result, out, err } = await printed(() => runRecording(args));
  return { status: result, text: out, stderr: err };
}

t.test('keygen, then record, list, verify and open', async (t) => {
  const { recorder, open, folder, identityFile, path, home } = await recordingBench(t);
  const keyFile = join(home, 'new-key.txt');
  const made = engawa('keygen', '--out', keyFile);
  t.match(made.text, /^age1[0-9a-z]{58}\n$/);
  t.equal(statSync(keyFile).mode & 0o777, 0o600);
  t.equal(run('age-keygen', ['-y', keyFile]).stdout.toString(), made.text, 'age-keygen reads the key');
  t.match(await here('keygen', '--out', keyFile), { status: 1, stderr: /never replaced/ });

  const { recordingId, tapUrl } = await open();
  const tap = await connectTap(tapUrl);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 2000 });
  await tap.close();
  await recorder.stop(recordingId);

  t.match((await here('list', '--folder', folder)).text, new RegExp(`${recordingId} .* complete`));
  t.match(await here('verify', '--folder', folder), { status: 0, text: /good/ });
  t.match(await here('verify', '--folder', folder, '--identity', identityFile), {
    status: 0,
    text: /good {2}2\.0 s open/,
  });
  const piped = engawa('open', recordingId, '--folder', folder, '--identity', identityFile);
  t.equal(piped.status, 0, piped.stderr);
  t.equal(listen(piped.stdout).durationMs, 2000);
  const out = join(home, 'opened.opus');
  t.equal(engawa('open', recordingId, '--folder', folder, '--identity', identityFile, '--out', out).status, 0);
  t.same(readFileSync(out), piped.stdout);
  t.equal(statSync(out).mode & 0o777, 0o600);

  const wrongKey = engawa('open', recordingId, '--folder', folder, '--identity', keyFile);
  t.match(wrongKey, { status: 1, stderr: /does not open the recording/ });
  truncateSync(path(recordingId), statSync(path(recordingId)).size - 1);
  t.match(await here('verify', '--folder', folder, '--identity', identityFile), { status: 1, text: /BAD/ });
  writeFileSync(path(recordingId), 'something else');
  t.match(await here('verify', '--folder', folder), { status: 1, text: /not an age file/ });
});

t.test('what is missing is said in a sentence', async (t) => {
  const { folder, identityFile } = await recordingBench(t);
  t.match(await here('--help'), { status: 0, text: /Usage: engawa recording/ });
  t.match(await here('open'), { status: 2, stderr: /Say which recording/ });
  t.match(await here('open', 'r_1'), { status: 2, stderr: /needs a private key/ });
  t.match(await here('open', 'r_1', '--identity', identityFile, '--folder', folder), {
    status: 1,
    stderr: /There is no recording r_1/,
  });
  t.match(await here('open', 'r_1', '--colour', 'red'), { status: 2, stderr: /--colour/ });
  t.match(await here('listen'), { status: 2, stderr: /There is no command/ });
  t.notOk(existsSync(join(folder, '0000')));
});
