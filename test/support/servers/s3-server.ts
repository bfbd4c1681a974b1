// A real S3 server for tests (s3rver, which checks signatures), in a folder of its own. It can be stopped and started again on the
// same port, as a server that was away.

import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createS3Client, type S3Settings } from '../../../src/recording/archive/s3-client.ts';

interface S3rver {
  run(): Promise<AddressInfo>;
  httpServer: Server;
}

const S3rverClass = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;

export async function startS3Server(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-test-s3-'));
  let running: S3rver | undefined;
  let port = 0;

  async function start(): Promise<void> {
    running = new S3rverClass({
      ...{ address: '127.0.0.1', port, directory: folder, silent: true, resetOnClose: false },
      configureBuckets: [{ name: 'recordings' }],
    });
    port = (await running.run()).port;
  }

  async function stop(): Promise<void> {
    const { httpServer } = running!;
    running = undefined;
    await new Promise<void>((resolve) => {
      httpServer.close(() => resolve());
      httpServer.closeAllConnections();
    });
  }

  await start();
  t.teardown(async () => {
    if (running) await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const settings: S3Settings = {
    ...{ endpoint: `http://127.0.0.1:${port}`, bucket: 'recordings', region: 'us-east-1', addressing: 'path' },
    ...{ accessKey: 'S3RVER', secretKey: 'S3RVER' },
  };
  return { folder, settings, client: createS3Client(settings), start, stop };
}
