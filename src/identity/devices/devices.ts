// Devices: how they are let in, prove themselves, and are shut out again.
//
//   requested ─approved▶ enrolled ◀─changed▶ managed ─revoked▶ revoked        requested ─declined▶ declined
//             a one-time code lets in at once: (nothing) ─▶ enrolled or managed
//
// A key belongs to one device for good: one that was revoked does not come back with it. Who revokes ends every session in which the
// device has proven itself; each node says in the audit log what it cut.

import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { type DeviceId, newId, type PersonId, type SessionId } from '../../shared/ids.ts';
import type { DeviceRow } from '../../store/devices.ts';
import type { Session } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { Identity, SignedIn } from '../identity.ts';
import { fingerprintOf, normalSubject } from './client-certificate.ts';
import { type DevicePublicKey, hasSigned, thumbprintOf } from './device-key.ts';
import type { Door } from './door.ts';

export interface Enrolment {
  publicKey: DevicePublicKey;
  name: string;
  /** Browser and system as they say. */
  system: string;
  challenge: string;
  signature: string;
  /** Lets it in at once. */
  code?: string | undefined;
}

export type EnrolmentOutcome =
  | { kind: 'enrolled' | 'requested'; device: DeviceRow }
  | { kind: 'refused'; because: 'bad-signature' | 'bad-code' | 'revoked' | 'too-many-requests' };

export type ProofOutcome = 'proven' | 'refused';

/** Who lets in or shuts out. */
export interface Doer {
  personId: PersonId | null;
  actor: AuditActor;
}

export interface RevokedDevice {
  device: DeviceRow;
  /** Whose sessions were ended. */
  ended: { sessionId: SessionId; personId: PersonId }[];
}

export interface Devices {
  /** Good once, in this session, for a minute. */
  challenge(session: Session): Promise<{ challenge: string; expiresAt: number }>;
  enrol(signedIn: SignedIn, enrolment: Enrolment, actor: AuditActor): Promise<EnrolmentOutcome>;
  prove(
    signedIn: SignedIn,
    proof: { deviceId: DeviceId; challenge: string; signature: string },
    actor: AuditActor,
  ): Promise<ProofOutcome>;
  /** Shown once and never again. */
  makeCode(
    code: { personId: PersonId | null; state: 'enrolled' | 'managed'; shared: boolean; validMinutes: number },
    by: { personId: PersonId; actor: AuditActor },
  ): Promise<{ code: string; expiresAt: number }>;
  /** A device that is known by its certificate. */
  addByCertificate(
    device: { name: string; personId: PersonId | null; certificate: string; state: 'enrolled' | 'managed' },
    by: Doer,
  ): Promise<DeviceRow | 'unreadable' | 'taken'>;
  /** Undefined: it does not wait for this any more. */
  approve(
    id: DeviceId,
    how: { state: 'enrolled' | 'managed'; shared: boolean },
    by: Doer,
  ): Promise<DeviceRow | undefined>;
  decline(id: DeviceId, why: string | null, by: Doer): Promise<DeviceRow | undefined>;
  change(
    id: DeviceId,
    change: { name?: string; state?: 'enrolled' | 'managed'; shared?: boolean },
    by: Doer,
  ): Promise<DeviceRow | undefined>;
  /** Undefined: there is none, or it is revoked already. */
  revoke(id: DeviceId, why: string | null, by: Doer): Promise<RevokedDevice | undefined>;
}

const challengeLastsMs = 60_000;
const mostWaiting = 5;

export function createDevices(needs: {
  clock: Clock;
  store: Pick<Store, 'devices' | 'sessions'>;
  identity: Pick<Identity, 'endSession'>;
  door: Pick<Door, 'proven' | 'forget'>;
  audit?: Audit | undefined;
  /** What routing is told of this person has changed. */
  onFacts: (personId: PersonId) => void;
}): Devices {
  const { clock, store, identity, door, audit, onFacts } = needs;
  const rows = store.devices;

  async function useChallenge({ session }: SignedIn, challenge: string): Promise<boolean> {
    return rows.useChallenge(challenge, session.id, clock.now());
  }

  async function enrol(signedIn: SignedIn, enrolment: Enrolment, actor: AuditActor): Promise<EnrolmentOutcome> {
    const { session, person } = signedIn;
    const { publicKey, challenge, signature, code } = enrolment;
    const fresh = await useChallenge(signedIn, challenge);
    const signed = { challenge, sessionId: session.id, deviceId: 'new' as const };
    if (!fresh || !hasSigned(publicKey, signed, signature)) return { kind: 'refused', because: 'bad-signature' };
    const keyHash = thumbprintOf(publicKey);
    const before = await rows.byKeyHash(keyHash);
    if (before?.state === 'revoked') return { kind: 'refused', because: 'revoked' };
    if (before?.state === 'enrolled' || before?.state === 'managed') return { kind: 'enrolled', device: before };
    const now = clock.now();
    const used = code === undefined ? undefined : await rows.useCode(hashOfCode(code), person.id, now);
    if (code !== undefined && !used) {
      await audit?.write({ act: 'device-refused', by: actor, outcome: 'refused', details: { because: 'bad-code' } });
      return { kind: 'refused', because: 'bad-code' };
    }
    const waiting = await rows.list({ state: 'requested', personId: person.id, limit: mostWaiting });
    if (!used && !before && waiting.length >= mostWaiting) return { kind: 'refused', because: 'too-many-requests' };
    const entry: Omit<DeviceRow, 'id' | 'publicKey' | 'keyHash'> = {
      ...{ state: used?.state ?? 'requested', name: enrolment.name, system: enrolment.system },
      personId: used?.shared ? null : person.id,
      ...{ certificate: null, requestedAt: now, requestedBy: person.id },
      ...{ enrolledAt: used ? now : null, enrolledBy: used?.madeBy ?? null },
      ...{ endedAt: null, endedBy: null, why: null, seenAt: now, seenBy: person.id },
    };
    const device = before
      ? ((await rows.change(before.id, entry, ['requested', 'declined'])) ?? before)
      : { id: newId('device', now), publicKey: keyOf(publicKey), keyHash, ...entry };
    if (!before) await rows.create(device);
    if (!used) return { kind: 'requested', device };
    await audit?.write({
      ...{ act: 'device-enrolled', by: actor, target: { kind: 'device', id: device.id }, outcome: 'done' },
      about: [person.id],
      details: { name: device.name, state: device.state, by: 'code', codeMadeBy: used.madeBy },
    });
    await door.proven(session.id, device.id);
    return { kind: 'enrolled', device };
  }

  async function prove(
    signedIn: SignedIn,
    proof: { deviceId: DeviceId; challenge: string; signature: string },
    actor: AuditActor,
  ): Promise<ProofOutcome> {
    const { session, person } = signedIn;
    const { deviceId, challenge, signature } = proof;
    const fresh = await useChallenge(signedIn, challenge);
    const device = await rows.byId(deviceId);
    const isIn = device?.state === 'enrolled' || device?.state === 'managed';
    const isTheirs = device?.personId === null || device?.personId === person.id;
    const key = device?.publicKey;
    const signed = { challenge, sessionId: session.id, deviceId };
    if (!fresh || !isIn || !isTheirs || !key || !hasSigned(key, signed, signature)) {
      const because = !fresh
        ? 'stale-challenge'
        : !isIn
          ? 'not-enrolled'
          : !isTheirs
            ? 'somebody-elses'
            : 'bad-signature';
      await audit?.write({
        ...{ act: 'device-refused', by: actor, outcome: 'refused', details: { because } },
        ...(device ? { target: { kind: 'device', id: deviceId } } : {}),
      });
      return 'refused';
    }
    await door.proven(session.id, deviceId);
    return 'proven';
  }

  /** For everybody in whose session the device has proven itself. */
  async function changed(device: DeviceRow): Promise<void> {
    door.forget();
    const people = new Set((await store.sessions.ofDevice(device.id)).map(({ personId }) => personId));
    for (const personId of people) onFacts(personId);
  }

  async function endSessionsAt(device: DeviceRow, at: number): Promise<RevokedDevice['ended']> {
    const sessions = await store.sessions.ofDevice(device.id);
    // First what is told to a browser that comes back, then the end: no request falls between.
    for (const session of sessions) {
      await rows.keepBlock({
        ...{ reference: `R-${session.id.slice(-10)}`, tokenHash: session.tokenHash, personId: session.personId },
        ...{ sessionId: session.id, deviceId: device.id, kind: 'revoked', because: [], at },
      });
    }
    await Promise.all(sessions.map(({ id }) => identity.endSession(id, 'revoked')));
    return sessions.map(({ id, personId }) => ({ sessionId: id, personId }));
  }

  return {
    enrol,
    prove,
    async challenge(session) {
      const challenge = randomBytes(32).toString('base64url');
      const expiresAt = clock.now() + challengeLastsMs;
      await rows.keepChallenge({ challenge, sessionId: session.id, expiresAt });
      return { challenge, expiresAt };
    },
    async makeCode({ personId, state, shared, validMinutes }, by) {
      const code = newCode();
      const madeAt = clock.now();
      const expiresAt = madeAt + validMinutes * 60_000;
      await rows.keepCode({
        codeHash: hashOfCode(code),
        personId,
        state,
        shared,
        madeBy: by.personId,
        madeAt,
        expiresAt,
      });
      await audit?.write({
        ...{ act: 'device-code-made', by: by.actor, outcome: 'done', details: { state, shared, validMinutes } },
        ...(personId ? { target: { kind: 'person', id: personId } } : {}),
      });
      return { code, expiresAt };
    },
    async addByCertificate({ name, personId, certificate, state }, by) {
      const known = fingerprintOf(certificate) ?? (/=/.test(certificate) ? normalSubject(certificate) : null);
      if (known === null) return 'unreadable';
      if (await rows.byCertificate([known])) return 'taken';
      const now = clock.now();
      const device: DeviceRow = {
        ...{ id: newId('device', now), state, name, personId, publicKey: null, keyHash: null, certificate: known },
        ...{ system: '', requestedAt: now, requestedBy: by.personId },
        ...{ enrolledAt: now, enrolledBy: by.personId, endedAt: null, endedBy: null, why: null },
        ...{ seenAt: null, seenBy: null },
      };
      await rows.create(device);
      await audit?.write({
        ...{ act: 'device-enrolled', by: by.actor, target: { kind: 'device', id: device.id }, outcome: 'done' },
        ...(personId ? { about: [personId] } : {}),
        details: { name, state, by: 'certificate' },
      });
      return device;
    },
    async approve(id, { state, shared }, by) {
      const row = await rows.byId(id);
      const entry = { state, enrolledAt: clock.now(), enrolledBy: by.personId, ...(shared ? { personId: null } : {}) };
      const device = await rows.change(id, entry, ['requested', 'declined']);
      if (!device) return undefined;
      await audit?.write({
        ...{ act: 'device-enrolled', by: by.actor, target: { kind: 'device', id }, outcome: 'done' },
        ...(row?.requestedBy ? { about: [row.requestedBy] } : {}),
        details: { name: device.name, state, by: 'approval' },
      });
      return device;
    },
    async decline(id, why, by) {
      const end = { state: 'declined' as const, endedAt: clock.now(), endedBy: by.personId, why };
      const device = await rows.change(id, end, ['requested']);
      if (!device) return undefined;
      await audit?.write({
        ...{ act: 'device-refused', by: by.actor, target: { kind: 'device', id }, outcome: 'done' },
        ...(why === null ? {} : { purpose: why }),
        details: { because: 'declined' },
      });
      return device;
    },
    async change(id, { name, state, shared }, by) {
      const before = await rows.byId(id);
      const whose = shared === undefined ? {} : { personId: shared ? null : (before?.requestedBy ?? null) };
      const change = { ...(name === undefined ? {} : { name }), ...(state === undefined ? {} : { state }), ...whose };
      const device = await rows.change(id, { name: before?.name ?? '', ...change }, ['enrolled', 'managed']);
      if (!device) return undefined;
      await audit?.write({
        ...{ act: 'device-changed', by: by.actor, target: { kind: 'device', id }, outcome: 'done' },
        details: {
          state: device.state,
          before: before?.state ?? null,
          name: device.name,
          shared: device.personId === null,
        },
      });
      await changed(device);
      return device;
    },
    async revoke(id, why, by) {
      const at = clock.now();
      const end = { state: 'revoked' as const, endedAt: at, endedBy: by.personId, why };
      const device = await rows.change(id, end, ['requested', 'enrolled', 'managed', 'declined']);
      if (!device) return undefined;
      door.forget();
      const ended = await endSessionsAt(device, at);
      await audit?.write({
        ...{ act: 'device-revoked', by: by.actor, target: { kind: 'device', id }, outcome: 'done' },
        ...(why === null ? {} : { purpose: why }),
        about: [...new Set([...ended.map(({ personId }) => personId), ...(device.personId ? [device.personId] : [])])],
        details: {
          name: device.name,
          sessions: ended.map(({ sessionId }) => sessionId).join(', '),
          tookMs: clock.now() - at,
        },
      });
      return { device, ended };
    },
  };
}

const keyOf = ({ x, y }: DevicePublicKey): DevicePublicKey => ({ kty: 'EC', crv: 'P-256', x, y });

/** Read from one screen and typed at another: nothing in it looks alike. 30^10 of them. */
const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';

function newCode(): string {
  const all = Array.from({ length: 10 }, () => letters[randomInt(letters.length)]).join('');
  return `${all.slice(0, 5)}-${all.slice(5)}`;
}

const hashOfCode = (typed: string): string =>
  createHash('sha256')
    .update(`device code ${typed.toUpperCase().replace(/[^A-Z0-9]/g, '')}`)
    .digest('hex');
