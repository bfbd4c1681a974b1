// The media servers, of whichever kind.

import { checkEmbeddedMedia } from './embedded-media.ts';
import type { Finding, Patient } from './finding.ts';

export function checkMedia({ config, running }: Patient): Promise<Finding[]> {
  return checkEmbeddedMedia(config.media, config.dataFolder, running);
}
