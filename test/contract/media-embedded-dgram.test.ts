// The media contract on the embedded maker with the sockets of Node.js, which it uses where the C library's are not to be had.

import t from 'tap';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { mediaServerContract } from './media-server-contract.ts';

const mediaTimeoutMs = 1500;

mediaServerContract(t, {
  can: { srtp: true, inbandDigits: true, heardBy: true, transcoding: true },
  mediaTimeoutMs,
  create: () => openEmbeddedMedia({ mediaTimeoutMs, sockets: 'dgram' }),
});
