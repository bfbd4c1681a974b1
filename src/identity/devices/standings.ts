// What a session has shown of where it is used: what its requests say, and which device has proven itself in it. Kept for all nodes;
// from it follow what is demanded of the session (door.ts) and the facts that routing is told (device-facts.ts). Pure.

import type { DeviceRow, SessionStanding } from '../../store/devices.ts';
import type { Person, Session } from '../../store/records.ts';
import type { Places } from '../places.ts';
import { browserOf, type SaidHeaders, systemOf } from './browser-version.ts';
import type { Circumstances, DevicePolicy, SeenAccess, SeenCertificate } from './device-policy.ts';

/** What a request shows by itself. `SessionStanding.seen`. */
export interface Seen {
  address: string;
  browser?: Circumstances['browser'];
  system?: Circumstances['system'];
  access?: SeenAccess;
  certificate?: SeenCertificate;
  /** It was let in once: it is not cut under a customer. */
  admitted?: true;
}

export interface SeenRequest {
  address: string;
  headers: SaidHeaders;
  certificate: SeenCertificate | undefined;
}

export function seenIn({ address, headers, certificate }: SeenRequest, access: SeenAccess | undefined): Seen {
  const browser = browserOf(headers);
  const system = systemOf(headers);
  return {
    address,
    ...(browser && { browser }),
    ...(system && { system }),
    ...(access && { access }),
    ...(certificate && { certificate }),
  };
}

/** Not every request has the hints: of the same system, the version that was told stays. What opens doors is never kept. */
export function seenNext(before: Partial<Seen>, now: Seen): Seen {
  const { admitted, system } = before;
  const stays = now.system && system?.name === now.system.name && now.system.version === null;
  return {
    ...now,
    ...(stays ? { system } : {}),
    ...(admitted && { admitted }),
  };
}

/** True when nothing has changed that a rule may ask for. */
export function isSame(one: Partial<Seen>, other: Seen): boolean {
  return JSON.stringify(ordered(one)) === JSON.stringify(ordered(other));
}

const ordered = ({ address, browser, system, access, certificate, admitted }: Partial<Seen>) => [
  address,
  browser?.name,
  browser?.major,
  system?.name,
  system?.version,
  access?.proxy,
  access?.login,
  access?.screenLock,
  // To the minute: a proxy that signs every request anew is no news.
  access && Math.floor(access.expiresAt / 60_000),
  certificate?.fingerprint,
  certificate?.subject,
  admitted,
];

/** What the device that a session names counts for now; undefined: nothing. */
export function provenDevice(
  device: DeviceRow | undefined,
  provenAt: number | null,
  { person, nowMs, proofMs }: { person: Pick<Person, 'id'>; nowMs: number; proofMs: number },
): Circumstances['device'] {
  if (!device || provenAt === null || provenAt + proofMs <= nowMs) return undefined;
  if (device.state !== 'enrolled' && device.state !== 'managed') return undefined;
  if (device.personId !== null && device.personId !== person.id) return undefined;
  return { id: device.id, standing: device.state };
}

export function circumstancesOf(
  session: Pick<Session, 'address'>,
  person: Person,
  standing: Pick<SessionStanding, 'provenAt' | 'seen'> | undefined,
  device: DeviceRow | undefined,
  around: { policy: DevicePolicy; places: Pick<Places, 'at'>; nowMs: number },
): Circumstances {
  const { policy, places, nowMs } = around;
  const seen = (standing?.seen ?? {}) as Partial<Seen>;
  const address = seen.address ?? session.address;
  return {
    person,
    place: places.at(address, person),
    address,
    browser: seen.browser,
    system: seen.system,
    device: provenDevice(device, standing?.provenAt ?? null, { person, nowMs, proofMs: policy.proofMs }),
    access: seen.access,
    certificate: seen.certificate,
  };
}
