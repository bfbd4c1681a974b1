// What routing is told of a person's devices: the one that has proven itself, and which calls the rules for devices keep away now.
// Read from what sessions have shown, so that every node says the same. Of several sessions the least counts; one that was never let
// in has no desk and does not count.

import type { Clock } from '../../shared/clock.ts';
import type { DeviceId } from '../../shared/ids.ts';
import type { DeviceRow } from '../../store/devices.ts';
import type { Person, WorkFacts } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Places } from '../places.ts';
import type { DevicePolicy, Violation, Words } from './device-policy.ts';
import { judge } from './judge.ts';
import { circumstancesOf, type Seen } from './standings.ts';

/** Calls that somebody is not offered; `classAtLeast` null: none at all. */
export interface KeptAway {
  rule: string;
  classAtLeast: string | null;
  words: Words;
}

export interface DeviceFacts {
  /** Absent: none has proven itself. */
  device: WorkFacts['device'];
  keptAway: KeptAway[];
}

export interface DeviceFactsReader {
  /** Rejects while the database is away. */
  of(person: Person): Promise<DeviceFacts>;
}

export function createDeviceFacts(needs: {
  clock: Clock;
  store: Pick<Store, 'devices' | 'sessions'>;
  places: Pick<Places, 'at'>;
  policy: () => DevicePolicy;
  isOpen: (calendar: string, atMs: number) => boolean;
  /** The demo has no devices to prove: what is registered counts until one does. */
  demo?: boolean;
}): DeviceFactsReader {
  const { clock, store, places, isOpen, demo = false } = needs;
  return {
    async of(person) {
      const policy = needs.policy();
      const nowMs = clock.now();
      const [sessions, standings] = await Promise.all([
        store.sessions.ofPerson(person.id),
        store.devices.standingsOf(person.id),
      ]);
      const ids = [...new Set(standings.flatMap(({ deviceId }) => deviceId ?? []))];
      const rows = await Promise.all(ids.map((id) => store.devices.byId(id)));
      const devices = new Map<DeviceId, DeviceRow>(rows.flatMap((row) => (row ? [[row.id, row]] : [])));
      const found = standings.flatMap((standing) => {
        const session = sessions.find(({ id, expiresAt }) => id === standing.sessionId && expiresAt > nowMs);
        if (!session || !(standing.seen as Partial<Seen>).admitted) return [];
        const device = standing.deviceId === null ? undefined : devices.get(standing.deviceId);
        const circumstances = circumstancesOf(session, person, standing, device, { policy, places, nowMs });
        const violations = judge(policy, circumstances, { nowMs, isOpen });
        const proven: Proven = device?.state === 'revoked' ? 'revoked' : circumstances.device?.standing;
        return [{ device: proven, violations }];
      });
      const least = leastOf(found.map(({ device }) => device));
      return {
        device: least ?? (demo ? person.facts?.device : undefined),
        keptAway: keptAwayBy(found.flatMap(({ violations }) => violations)),
      };
    },
  };
}

type Proven = Exclude<WorkFacts['device'], 'unknown'>;

function leastOf(devices: readonly Proven[]): Proven {
  if (devices.length === 0 || devices.includes(undefined)) return undefined;
  for (const one of ['revoked', 'enrolled'] as const) if (devices.includes(one)) return one;
  return 'managed';
}

/** A session that would not be let in now takes no further call. */
export function keptAwayBy(violations: readonly Violation[]): KeptAway[] {
  const byRule = new Map<string, KeptAway>();
  for (const { rule, otherwise, words } of violations) {
    const classAtLeast = otherwise.kind === 'calls' ? otherwise.classAtLeast : null;
    byRule.set(rule, { rule: `device:${rule}`, classAtLeast, words });
  }
  return [...byRule.values()];
}
