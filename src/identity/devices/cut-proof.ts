// Proof that a lost device lost its way in: when a session of a revoked device ends, each node writes into the audit log what it has cut of
// it, and how long after the revocation.

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Store } from '../../store/store.ts';
import type { Audit } from '../audit/audit.ts';

interface Cut {
  softphones: number;
  feeds: number;
  at: number;
}

/** Softphone and feed are cut one after the other, in one turn. */
const gatherMs = 50;

export function createCutProof(needs: {
  clock: Clock;
  log: Logger;
  store: Pick<Store, 'devices'>;
  audit?: Audit | undefined;
  /** Its name, for people. */
  node: string;
}): { cut(sessionId: SessionId, what: { softphones?: number; feeds?: number }): void; close(): void } {
  const { clock, log, store, audit, node } = needs;
  const gathering = new Map<SessionId, Cut>();
  const timers = new Set<{ cancel(): void }>();

  async function write(sessionId: SessionId, { softphones, feeds, at }: Cut): Promise<void> {
    const block = await store.devices.blockOfSession(sessionId);
    if (block?.kind !== 'revoked') return;
    await audit?.write({
      act: 'session-ended',
      by: {},
      target: { kind: 'session', id: sessionId },
      about: [block.personId],
      outcome: 'done',
      details: { because: 'device-revoked', device: block.deviceId, node, softphones, feeds, afterMs: at - block.at },
    });
  }

  return {
    cut(sessionId, { softphones = 0, feeds = 0 }) {
      const before = gathering.get(sessionId);
      if (before) {
        before.softphones += softphones;
        before.feeds += feeds;
        return;
      }
      const first = { softphones, feeds, at: clock.now() };
      gathering.set(sessionId, first);
      const timer = clock.after(gatherMs, () => {
        gathering.delete(sessionId);
        timers.delete(timer);
        write(sessionId, first).catch((err: unknown) =>
          log.error({ err: asError(err), sessionId }, 'what was cut of a revoked device is not in the audit log'),
        );
      });
      timers.add(timer);
    },
    close() {
      for (const timer of timers) timer.cancel();
    },
  };
}
