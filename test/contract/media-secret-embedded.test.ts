// Secret digits on the embedded maker.

import t from 'tap';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { mediaSecretContract } from './media-secret-contract.ts';

mediaSecretContract(t, { can: { keepHeldKeyBack: true }, create: () => openEmbeddedMedia({}) });
