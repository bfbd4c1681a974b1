import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { AppError } from '../shared/errors.ts';
import { makeFolder } from '../shared/make-folder.ts';
import { explain } from './explain.ts';

t.test('a port that is taken is said to be, TCP or UDP', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const { port } = holder.address() as { port: number };
  const [tcp] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((thrown) => [thrown]);
  t.match(explain(tcp), new RegExp(`^127.0.0.1:${port} is taken by another program`));

  const udpHolder = createSocket('udp4').bind(0, '127.0.0.1');
  await once(udpHolder, 'listening');
  t.teardown(() => udpHolder.close());
  const udp = createSocket('udp4');
  const refused = once(udp, 'error');
  udp.bind(udpHolder.address().port, '127.0.0.1');
  t.match(explain((await refused)[0]), /^127.0.0.1:\d+ is taken by another program/);
});

t.test('a file that is not there and a folder that cannot be made are named', async (t) => {
  t.equal(explain(thrownBy(() => readFileSync('/nowhere.pem'))), '/nowhere.pem is not there.');
  t.match(explain(thrownBy(() => mkdirSync('/dev/null/data', { recursive: true }))), /^\/dev\/null.* not a folder\.$/);
});

t.test('a folder where none can be made: a sentence, and at once', { timeout: 20_000 }, async (t) => {
  t.equal(
    explain(thrownBy(() => makeFolder('/proc/engawa/data'))),
    '/proc/engawa cannot be made there. Choose another place.',
  );
  const folder = join(t.testdir(), 'one', 'two');
  makeFolder(folder);
  makeFolder(folder);
  t.ok(existsSync(folder));
});

t.test('what explains itself is left alone', async (t) => {
  t.equal(explain(new AppError('conflict', 'It is there already.')), 'It is there already.');
  t.equal(explain('odd'), 'odd');
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}
