// The media contract on a pool: what one media server does, several behind one do.

import t from 'tap';
import { createMediaPool } from '../../src/media/media-pool.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { mediaServerContract } from '../contract/media-server-contract.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';

const mediaTimeoutMs = 1500;

mediaServerContract(t, {
  can: { srtp: true, inbandDigits: true, heardBy: true, transcoding: true },
  mediaTimeoutMs,
  create: async () =>
    createMediaPool({
      clock: systemClock,
      log: silentLogger,
      members: [
        { name: 'a', server: await openEmbeddedMedia({ mediaTimeoutMs }) },
        { name: 'b', server: await openEmbeddedMedia({ mediaTimeoutMs }) },
      ],
    }),
});
