// The media contract on the embedded maker.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createEmbeddedMedia } from '../../src/media/embedded/embedded-media.ts';
import { createPrompts } from '../../src/media/prompts.ts';
import { createSpeech } from '../../src/media/speech.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { mediaServerContract } from './media-server-contract.ts';

const mediaTimeoutMs = 1500;

mediaServerContract(t, {
  can: { srtp: true, inbandDigits: true, heardBy: true, transcoding: true },
  mediaTimeoutMs,
  create: () =>
    createEmbeddedMedia({
      clock: systemClock,
      log: silentLogger,
      prompts: createPrompts({
        log: silentLogger,
        speech: createSpeech({ kind: 'espeak' }),
        promptsFolder: join(projectRoot, 'config/prompts'),
        cacheFolder: join(tmpdir(), 'engawa-test-sounds'),
      }),
      rtpAddress: '127.0.0.1',
      rtpPorts: { from: 0, to: 0 },
      webrtcPort: 0,
      engines: 1,
      mediaTimeoutMs,
    }),
});
