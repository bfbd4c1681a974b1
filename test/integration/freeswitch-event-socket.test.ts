// The connection to FreeSWITCH's event socket against a FreeSWITCH of the test that answers late, wrongly or not at all.

import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { connectEventSocket, type EventSocket } from '../../src/media/freeswitch/event-socket.ts';

/** Signs everybody in; what else comes is the test's. */
async function fake(test: Test, onLine: (socket: Socket, line: string) => void): Promise<EventSocket> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('Content-Type: auth/request\n\n');
    socket.on('data', (data) => {
      for (const block of data.toString().split('\n\n').filter(Boolean)) {
        if (block.startsWith('auth')) socket.write('Content-Type: command/reply\nReply-Text: +OK accepted\n\n');
        else onLine(socket, block);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const connected = await connectEventSocket({ host: '127.0.0.1', port, password: 'x' });
  if (connected.kind === 'failed') throw new Error(connected.because);
  test.teardown(() => {
    connected.socket.close();
    server.close();
  });
  return connected.socket;
}

const answer = (socket: Socket, text: string) =>
  socket.write(`Content-Type: api/response\nContent-Length: ${text.length}\n\n${text}`);

t.test('each question has its own answer', async (test) => {
  const socket = await fake(test, (wire, line) => void answer(wire, line.slice('api '.length)));
  const asked = Array.from({ length: 20 }, (_, i) => `question ${i}`);
  test.same(await Promise.all(asked.map((each) => socket.api(each))), asked);
});

t.test('a question that is not answered ends the connection, so that no later answer is taken for it', async (test) => {
  // FreeSWITCH answers one after the other: behind one that it does not come back from, the others wait, too.
  const socket = await fake(test, () => {});
  const lost = new Promise<string>((resolve) => socket.once('lost', ({ because }) => resolve(because)));
  const waiting = socket.api('never', 200);
  const behind = socket.api('another');
  behind.catch(() => {});
  await test.rejects(waiting, { code: 'media-unavailable' });
  test.match(await lost, /no answer to “api” within 200 ms/);
  await test.rejects(socket.api('more'), /there is no connection/);
  await test.rejects(behind, { code: 'media-unavailable' });
  test.equal(socket.open, false);
});

t.test('a connection that is cut: what waits is refused, once', async (test) => {
  const socket = await fake(test, (wire) => void wire.destroy());
  let lost = 0;
  socket.on('lost', () => lost++);
  await test.rejects(Promise.all([socket.api('one'), socket.api('two'), socket.command('filter')]));
  test.equal(lost, 1);
});

t.test('a line break cannot smuggle a second command in', async (test) => {
  const lines: string[] = [];
  const socket = await fake(test, (wire, line) => {
    lines.push(line);
    answer(wire, '+OK');
  });
  await test.rejects(socket.api('status\n\napi fsctl shutdown'), { code: 'invalid-argument' });
  await test.rejects(socket.command('sendmsg x', { a: 'b\n\napi fsctl shutdown' }), { code: 'invalid-argument' });
  await socket.api('status');
  test.same(lines, ['api status']);
});
