// The company's own recording server, where there is one.

import { followRecordings, type RecordingServerNeeds } from '../call/siprec/recording-server.ts';
import type { Config } from '../config.ts';
import type { Closer } from '../shared/closer.ts';

/** Sessions are ended with a word. */
const endsWithinMs = 5000;

export function openRecordingServer(
  config: Config,
  needs: Omit<RecordingServerNeeds, 'settings' | 'domain'> & { closer: Closer },
): void {
  const { siprec, company } = config;
  if (!siprec) return;
  const server = followRecordings({ ...needs, domain: company.domain, settings: siprec });
  needs.closer.add('recording server', () => server.close(), endsWithinMs);
}
