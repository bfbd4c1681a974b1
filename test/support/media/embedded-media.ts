// An embedded media server for tests: on loopback, on free ports, with the project's own prompts.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedMedia, type EmbeddedMedia } from '../../../src/media/embedded/embedded-media.ts';
import { createPrompts } from '../../../src/media/prompts.ts';
import { createSpeech } from '../../../src/media/speech.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { type Logger, silentLogger } from '../../../src/shared/logger.ts';
import { projectRoot } from '../../../src/shared/paths.ts';

export function openEmbeddedMedia({
  mediaTimeoutMs = 1500,
  engines = 1,
  log = silentLogger,
  sockets,
}: {
  mediaTimeoutMs?: number;
  engines?: number;
  log?: Logger;
  sockets?: 'dgram';
} = {}): Promise<EmbeddedMedia> {
  return createEmbeddedMedia({
    clock: systemClock,
    log,
    prompts: createPrompts({
      log,
      speech: createSpeech({ kind: 'espeak' }),
      promptsFolder: join(projectRoot, 'config/prompts'),
      // Shared by runs: what was spoken once need not be spoken in every test.
      cacheFolder: join(tmpdir(), 'engawa-test-sounds'),
    }),
    rtpAddress: '127.0.0.1',
    rtpPorts: { from: 0, to: 0 },
    webrtcPort: 0,
    engines,
    mediaTimeoutMs,
    ...(sockets ? { sockets } : {}),
  });
}
