// The audit log put together: who writes into it learns where somebody is and whose data a recording or a call is; its head is
// signed regularly, into a file and to a webhook.

import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Audit, AuditTarget } from '../identity/audit/audit.ts';
import { createAudit } from '../identity/audit/create-audit.ts';
import { createHeadSigner, type HeadSigner } from '../identity/audit/sign-heads.ts';
import { openSigningFiles, type SigningFiles } from '../identity/audit/signing-files.ts';
import type { Places } from '../identity/places.ts';
import { headerSecrets } from '../secrets.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { createGuardedRequests } from '../shared/http/guarded-request.ts';
import type { CallId, PersonId, RecordingId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { Store } from '../store/store.ts';
import { outgoingRules } from './services.ts';

export interface AppAudit {
  audit: Audit;
  auditHeads: HeadSigner;
}

export function openAudit(
  config: Config,
  { store, places, clock, log, closer }: { store: Store; places: Places; clock: Clock; log: Logger; closer: Closer },
): AppAudit {
  const audit = createAudit({
    ...{ clock, log, rows: store.audit },
    async placeAt(address, personId) {
      const person = personId && (await store.people.byId(personId));
      return places.at(address, person || undefined);
    },
    aboutOf: (target) => peopleIn(store, target),
  });
  const { webhook, signEveryMinutes } = config.audit;
  const auditHeads = createHeadSigner({
    ...{ clock, log, rows: store.audit, files: signingFiles(config, clock), everyMs: signEveryMinutes * 60_000 },
    ...(webhook
      ? {
          webhook: {
            url: webhook.url,
            headers: headerSecrets(webhook.headers, 'audit.webhook'),
            send: createGuardedRequests(outgoingRules(config.outgoing)).send,
          },
        }
      : {}),
  });
  closer.add('heads of the audit log', () => auditHeads.close());
  return { audit, auditHeads };
}

export function signingFiles(config: Config, clock: Clock): SigningFiles {
  return openSigningFiles(join(config.dataFolder, 'audit'), clock.now(), config.audit.headsFile);
}

/** Who is heard in a recording, who was on a call. */
async function peopleIn(store: Store, { kind, id }: AuditTarget): Promise<PersonId[]> {
  const callId =
    kind === 'call'
      ? (id as CallId)
      : kind === 'recording'
        ? (await store.recordings.byId(id as RecordingId))?.callId
        : undefined;
  const call = callId && (await store.calls.byId(callId));
  return call ? call.segments.map(({ personId }) => personId) : [];
}
