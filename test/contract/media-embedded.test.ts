// The media contract on the embedded maker.

import t from 'tap';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { mediaServerContract } from './media-server-contract.ts';

const mediaTimeoutMs = 1500;

mediaServerContract(t, {
  can: { srtp: true, inbandDigits: true, heardBy: true, transcoding: true },
  mediaTimeoutMs,
  create: () => openEmbeddedMedia({ mediaTimeoutMs }),
});
