// The media contract for browsers on the embedded maker.

import t from 'tap';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { chromiumPath, missing } from '../support/servers/peers.ts';
import { mediaWebrtcContract } from './media-webrtc-contract.ts';

t.test('the embedded engine with Chromium', { skip: missing(chromiumPath) }, (t) =>
  mediaWebrtcContract(t, {
    open: () => openEmbeddedMedia({ mediaTimeoutMs: 20_000 }),
    can: { onePort: true, iceRestart: true, digitDuration: true },
  }),
);
