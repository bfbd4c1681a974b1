// The far end of a tap for tests: takes what a media server hands out and keeps it as two channels.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { WebSocketServer } from 'ws';

export interface TestRecorder {
  url: string;
  texts: string[];
  frames: Buffer[];
  protocol: string;
  ended: boolean;
  channels(): { left: Int16Array; right: Int16Array };
}

/** The far end of a tap: keeps what comes. `accept: false` takes the connection and never answers the upgrade. */
export async function openTestRecorder(
  test: Test,
  { accept = true }: { accept?: boolean } = {},
): Promise<TestRecorder> {
  const http = createServer();
  const sockets = new Set<{ destroy(): void }>();
  http.on('connection', (socket) => sockets.add(socket));
  const recorder: TestRecorder = {
    url: '',
    texts: [],
    frames: [],
    protocol: '',
    ended: false,
    channels() {
      const all = Buffer.concat(recorder.frames);
      const left = new Int16Array(all.length / 4);
      const right = new Int16Array(all.length / 4);
      for (let i = 0; i < left.length; i++) {
        left[i] = all.readInt16LE(i * 4);
        right[i] = all.readInt16LE(i * 4 + 2);
      }
      return { left, right };
    },
  };
  if (accept) {
    const server = new WebSocketServer({ server: http, handleProtocols: (offered) => [...offered][0] ?? false });
    server.on('connection', (socket) => {
      recorder.protocol = socket.protocol;
      socket.on('message', (data: Buffer, binary) => {
        if (binary) recorder.frames.push(data);
        else recorder.texts.push(data.toString());
      });
      socket.on('close', () => {
        recorder.ended = true;
      });
    });
  } else {
    http.on('upgrade', () => {});
  }
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  recorder.url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/tap`;
  test.teardown(() => {
    for (const socket of sockets) socket.destroy();
    http.close();
  });
  return recorder;
}
