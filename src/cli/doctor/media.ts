// The media servers, of whichever kind.

import { checkEmbeddedMedia } from './embedded-media.ts';
import type { Finding, Patient } from './finding.ts';

export function checkMedia({ config, running }: Patient): Promise<Finding[]> {
  // FreeSWITCH is looked at by way of the SIP server: freeswitch.ts.
  return config.media.kind === 'embedded'
    ? checkEmbeddedMedia(config.media, config.dataFolder, running)
    : Promise.resolve([]);
}
