// Devices: what the page of one asks for (a challenge, to prove itself, to be let in), and what those who let devices in see and do.
// Whoever is limited to sites and queues reaches the devices of people there.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { browserOf, type SaidHeaders, systemOf } from '../../../identity/devices/browser-version.ts';
import type { Doer } from '../../../identity/devices/devices.ts';
import type { SignedIn } from '../../../identity/identity.ts';
import type { DeviceId, PersonId } from '../../../shared/ids.ts';
import type { DeviceRow } from '../../../store/devices.ts';
import { list } from '../../contract.ts';
import {
  AddDevice,
  ApproveDevice,
  Blocked,
  ChangeDevice,
  DeviceChallenge,
  DeviceCode,
  DevicePolicyView,
  DeviceQuery,
  DeviceView,
  EndDevice,
  EnrolDevice,
  MakeDeviceCode,
  OwnDevice,
  ProveDevice,
  RevokedView,
} from '../../contracts/device.ts';
import { CheckPolicy, PolicyProblems } from '../../contracts/policy.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf } from '../../guard/caller.ts';
import { blockedView, type DeviceDoor, type DeviceNeeds, deviceCookieSeconds } from '../../guard/device-door.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';

type Needs = ApiNeeds & { devices: DeviceNeeds; deviceDoor: DeviceDoor };

const tags = ['devices'];
const DeviceParams = Type.Object({ deviceId: Type.String({ maxLength: 64 }) });
const noSuchDevice = () => new HttpProblem(404, 'There is no such device.');
const notNow = () => new HttpProblem(409, 'This device is not in a state for that any more.');
const noErrors = (problems: readonly { severity: string }[]) => problems.every(({ severity }) => severity !== 'error');

export function deviceRoutes(app: App, needs: Needs): void {
  ownRoutes(app, needs);
  listRoutes(app, needs);
  enrolmentRoutes(app, needs);
  endRoutes(app, needs);
  ruleRoutes(app, needs);
}

function signedInOf(request: FastifyRequest): SignedIn {
  const caller = callerOf(request);
  if (caller.kind !== 'session') throw new HttpProblem(403, 'An API key has no device.');
  return caller;
}

function doerOf(request: FastifyRequest): Doer {
  const caller = callerOf(request);
  return { personId: caller.kind === 'session' ? caller.person.id : null, actor: actorOf(request) };
}

const systemText = (headers: SaidHeaders): string => {
  const [browser, system] = [browserOf(headers), systemOf(headers)];
  return [browser && `${browser.name} ${browser.major}`, system && `${system.name} ${system.version ?? ''}`.trim()]
    .filter(Boolean)
    .join(', ');
};

/** Answered before a device has proven itself, too. */
const beforeProof = { needs: 'signed-in' as const, device: 'not-needed' as const };

function ownRoutes(app: App, { store, clock, devices: { devices, door, policy }, deviceDoor }: Needs): void {
  app.get(
    '/api/v1/session/device',
    {
      config: beforeProof,
      schema: { tags, summary: 'The device of this session', response: { 200: OwnDevice } },
    },
    async (request) => {
      const { session } = signedInOf(request);
      const asked = app.ownCookies.of(request, 'device') as DeviceId | undefined;
      const standing = await store.devices.standing(session.id);
      const id = standing?.deviceId ?? (asked && asked.length <= 64 ? asked : undefined);
      const row = id && (await store.devices.byId(id));
      const isTheirs =
        row && (row.id === standing?.deviceId || row.requestedBy === session.personId || row.personId === null);
      const { proofMs } = policy();
      const provenAt = row?.id === standing?.deviceId ? (standing?.provenAt ?? null) : null;
      return {
        device: row && isTheirs ? { id: row.id, state: row.state, name: row.name } : null,
        proven: provenAt !== null && provenAt + proofMs > clock.now(),
        proveEveryMs: Math.floor(proofMs / 3),
      };
    },
  );

  app.post(
    '/api/v1/session/device/challenge',
    {
      config: { ...beforeProof, rateLimit: { max: 60, timeWindow: 60_000 } },
      schema: { tags, summary: 'Something for the device to sign', response: { 201: DeviceChallenge } },
    },
    async (request, reply) => {
      const { session } = signedInOf(request);
      return reply.code(201).send({ ...(await devices.challenge(session)), sessionId: session.id });
    },
  );

  app.post(
    '/api/v1/session/device/proof',
    {
      config: beforeProof,
      schema: { tags, summary: 'Prove the device of this session', body: ProveDevice, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { deviceId, challenge, signature } = request.body;
      const proof = { deviceId: deviceId as DeviceId, challenge, signature };
      if ((await devices.prove(signedInOf(request), proof, actorOf(request))) === 'refused')
        throw new HttpProblem(403, 'This device could not prove itself.', { code: 'device-unknown' });
      app.ownCookies.set(reply, 'device', deviceId, deviceCookieSeconds);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/api/v1/session/device/enrolment',
    {
      config: { ...beforeProof, rateLimit: { max: 10, timeWindow: 600_000 } },
      schema: {
        tags,
        summary: 'Ask for this device to be let in',
        description:
          'With a one-time code it is let in at once; without one it waits until somebody with the right to approves.',
        body: EnrolDevice,
        response: { 200: OwnDevice, 202: OwnDevice },
      },
    },
    async (request, reply) => {
      const enrolment = { ...request.body, system: systemText(request.headers) };
      const outcome = await devices.enrol(signedInOf(request), enrolment, actorOf(request));
      if (outcome.kind === 'refused') throw refusedEnrolment(outcome.because);
      const { id, state, name } = outcome.device;
      app.ownCookies.set(reply, 'device', id, deviceCookieSeconds);
      const proven = outcome.kind === 'enrolled';
      const proveEveryMs = Math.floor(policy().proofMs / 3);
      return reply.code(proven ? 200 : 202).send({ device: { id, state, name }, proven, proveEveryMs });
    },
  );

  app.post(
    '/api/v1/session/device/refusal',
    {
      config: beforeProof,
      schema: { tags, summary: 'Why this session is not let in, and whom to ask', response: { 200: Blocked } },
    },
    async (request) => {
      const seen = deviceDoor.seen(request.raw, request.ip);
      return blockedView(await door.explain(signedInOf(request), seen), policy());
    },
  );
}

function refusedEnrolment(because: 'bad-signature' | 'bad-code' | 'revoked' | 'too-many-requests'): HttpProblem {
  if (because === 'bad-code')
    return new HttpProblem(422, 'This code is wrong, was used, or is too old.', { code: 'device-code-wrong' });
  if (because === 'too-many-requests') return new HttpProblem(409, 'Too many of your devices wait already.');
  return new HttpProblem(403, 'This device cannot be let in.', { code: 'device-unknown' });
}

function listRoutes(app: App, { store, clock, devices: { policy } }: Needs): void {
  app.get(
    '/api/v1/devices',
    {
      config: { needs: 'devices:read' },
      schema: {
        tags,
        summary: 'Devices, newest first',
        querystring: Type.Object({ ...PageQuery, ...DeviceQuery.properties }),
        response: { 200: list(DeviceView) },
      },
    },
    async (request) => {
      const { cursor, limit, state, personId } = request.query;
      const reach = request.server.scoped.of(request);
      const asked = { ...(state ? { state } : {}), ...(personId ? { personId: personId as PersonId } : {}) };
      const found = await coveredPage<DeviceRow, DeviceRow>(
        { limit, cursor, covers: reach && ((row) => coversDevice(row, reach.personById)) },
        (size, before) => store.devices.list({ ...asked, before: before as DeviceId | undefined, limit: size }),
        (row) => row,
      );
      return {
        ...found,
        items: await Promise.all(found.items.map((row) => view(row, store, clock.now(), policy().proofMs))),
      };
    },
  );

  app.get(
    '/api/v1/devices/:deviceId',
    {
      config: { needs: 'devices:read' },
      schema: { tags, summary: 'One device', params: DeviceParams, response: { 200: DeviceView } },
    },
    async (request) => view(await coveredDevice(request, store), store, clock.now(), policy().proofMs),
  );
}

async function coversDevice(
  { personId, requestedBy }: DeviceRow,
  covers: (id: PersonId) => Promise<boolean>,
): Promise<boolean> {
  const whose = personId ?? requestedBy;
  return whose !== null && covers(whose);
}

async function coveredDevice(request: FastifyRequest, store: Needs['store']): Promise<DeviceRow> {
  const { deviceId } = request.params as { deviceId: DeviceId };
  const row = await store.devices.byId(deviceId);
  const reach = request.server.scoped.of(request);
  if (!row || (reach && !(await coversDevice(row, reach.personById)))) throw noSuchDevice();
  return row;
}

async function view(row: DeviceRow, store: Needs['store'], nowMs: number, proofMs: number): Promise<DeviceView> {
  const named = async (id: PersonId | null) => (id === null ? undefined : store.people.byId(id));
  const [sessions, person, requestedBy, enrolledBy, endedBy, seenBy] = await Promise.all([
    store.sessions.ofDevice(row.id),
    named(row.personId),
    named(row.requestedBy),
    named(row.enrolledBy),
    named(row.endedBy),
    named(row.seenBy),
  ]);
  const nameOf = (one: { displayName: string } | undefined) => one?.displayName ?? null;
  const isIn = row.state === 'enrolled' || row.state === 'managed';
  const running = isIn && row.seenAt !== null && row.seenAt + proofMs > nowMs ? sessions : [];
  return {
    ...{ id: row.id, state: row.state, name: row.name, certificate: row.certificate, system: row.system },
    person: person ? { id: person.id, displayName: person.displayName } : null,
    shared: row.personId === null,
    provesBy: row.publicKey ? 'key' : 'certificate',
    ...{ requestedAt: row.requestedAt, requestedBy: nameOf(requestedBy) },
    ...{ enrolledAt: row.enrolledAt, enrolledBy: nameOf(enrolledBy) },
    ...{ endedAt: row.endedAt, endedBy: nameOf(endedBy), why: row.why },
    ...{ seenAt: row.seenAt, seenBy: nameOf(seenBy) },
    sessions: running.filter(({ expiresAt }) => expiresAt > nowMs).length,
  };
}

function enrolmentRoutes(app: App, { store, clock, devices: { devices, policy } }: Needs): void {
  const shown = (row: DeviceRow) => view(row, store, clock.now(), policy().proofMs);

  async function requireCovered(request: FastifyRequest, personId: PersonId | undefined): Promise<void> {
    const missing = () => new HttpProblem(404, 'There is no such person.');
    if (personId === undefined) {
      if (request.server.scoped.of(request))
        throw new HttpProblem(403, 'Say for whom: you are limited to some people.');
      return;
    }
    if (!(await store.people.byId(personId))) throw missing();
    await request.server.scoped.requirePerson(request, personId, missing);
  }

  app.post(
    '/api/v1/device-codes',
    {
      config: { needs: 'devices:change', stepUp: true },
      schema: {
        tags,
        summary: 'Make a one-time code that lets in one device',
        description: 'For one person, or for whoever is signed in. Good for an hour unless told.',
        body: MakeDeviceCode,
        response: { 201: DeviceCode },
      },
    },
    async (request, reply) => {
      const { state, shared = false, validMinutes = 60 } = request.body;
      const personId = request.body.personId as PersonId | undefined;
      await requireCovered(request, personId);
      const { person } = signedInOf(request);
      const code = { personId: personId ?? null, state, shared, validMinutes };
      const made = await devices.makeCode(code, { personId: person.id, actor: actorOf(request) });
      return reply.code(201).send(made);
    },
  );

  app.post(
    '/api/v1/devices',
    {
      config: { needs: 'devices:change', stepUp: true },
      schema: {
        tags,
        summary: 'Add a device that is known by its client certificate',
        body: AddDevice,
        response: { 201: DeviceView },
      },
    },
    async (request, reply) => {
      const { name, certificate, state } = request.body;
      const personId = request.body.personId as PersonId | undefined;
      await requireCovered(request, personId);
      const added = await devices.addByCertificate(
        { name, certificate, state, personId: personId ?? null },
        doerOf(request),
      );
      if (added === 'unreadable')
        throw new HttpProblem(400, 'Give the SHA-256 fingerprint of the certificate, or its subject such as CN=pc-17.');
      if (added === 'taken') throw new HttpProblem(409, 'Another device has this certificate.');
      return reply.code(201).send(await shown(added));
    },
  );

  app.post(
    '/api/v1/devices/:deviceId/approval',
    {
      config: { needs: 'devices:change', stepUp: true },
      schema: {
        tags,
        summary: 'Let in a device whose page asks for it',
        params: DeviceParams,
        body: ApproveDevice,
        response: { 200: DeviceView },
      },
    },
    async (request) => {
      const { id } = await coveredDevice(request, store);
      const { state, shared = false } = request.body;
      const device = await devices.approve(id, { state, shared }, doerOf(request));
      if (!device) throw notNow();
      return shown(device);
    },
  );

  app.patch(
    '/api/v1/devices/:deviceId',
    {
      config: { needs: 'devices:change', stepUp: true },
      schema: {
        tags,
        summary: 'Change a device’s name or standing',
        params: DeviceParams,
        body: ChangeDevice,
        response: { 200: DeviceView },
      },
    },
    async (request) => {
      const { id } = await coveredDevice(request, store);
      const device = await devices.change(id, request.body, doerOf(request));
      if (!device) throw notNow();
      return shown(device);
    },
  );
}

function endRoutes(app: App, { store, clock, devices: { devices, policy } }: Needs): void {
  const shown = (row: DeviceRow) => view(row, store, clock.now(), policy().proofMs);

  app.post(
    '/api/v1/devices/:deviceId/refusal',
    {
      config: { needs: 'devices:change' },
      schema: {
        tags,
        summary: 'Do not let in a device whose page asks for it',
        params: DeviceParams,
        body: EndDevice,
        response: { 200: DeviceView },
      },
    },
    async (request) => {
      const { id } = await coveredDevice(request, store);
      const device = await devices.decline(id, request.body.why ?? null, doerOf(request));
      if (!device) throw notNow();
      return shown(device);
    },
  );

  app.post(
    '/api/v1/devices/:deviceId/revocation',
    {
      // Not behind a step-up: a lost device does not wait.
      config: { needs: 'devices:revoke' },
      schema: {
        tags,
        summary: 'Revoke a lost device',
        description:
          'Every session in which it has proven itself ends on all nodes at once: page, feed, softphone and media. Its browser clears what it keeps at its next contact.',
        params: DeviceParams,
        body: EndDevice,
        response: { 200: RevokedView },
      },
    },
    async (request) => {
      const { id } = await coveredDevice(request, store);
      const revoked = await devices.revoke(id, request.body.why ?? null, doerOf(request));
      if (!revoked) throw new HttpProblem(409, 'This device is revoked already.');
      return { device: await shown(revoked.device), ended: revoked.ended.length };
    },
  );
}

function askedBy(listener: boolean, proxy: boolean): 'none' | 'listener' | 'proxy' | 'both' {
  if (listener) return proxy ? 'both' : 'listener';
  return proxy ? 'proxy' : 'none';
}

function ruleRoutes(app: App, { audit, devices: { policy, check, reload } }: Needs): void {
  app.get(
    '/api/v1/device-policy',
    {
      config: { needs: 'policy:read' },
      schema: { tags, summary: 'The rules for devices in force', response: { 200: DevicePolicyView } },
    },
    async () => {
      const { contact, proofMs, proxies, certificates, rules } = policy();
      return {
        contact,
        proofMinutes: proofMs / 60_000,
        accessProxies: proxies.map(({ name }) => name),
        certificates: askedBy(certificates?.caFile != null, certificates?.headers != null),
        rules: rules.map(({ name, says, otherwise }) => ({ name, says, otherwise: otherwise.kind })),
      };
    },
  );

  app.post(
    '/api/v1/device-policy/check',
    {
      config: { needs: 'policy:read' },
      schema: {
        tags,
        summary: 'Look for mistakes in rules for devices, without putting them in force',
        body: CheckPolicy,
        response: { 200: PolicyProblems },
      },
    },
    async (request) => {
      const problems = check(request.body.yaml);
      return { ok: noErrors(problems), problems };
    },
  );

  app.post(
    '/api/v1/device-policy/reload',
    {
      config: { needs: 'policy:change', stepUp: true },
      schema: {
        tags,
        summary: 'Read the rules for devices and for working from home again',
        description: 'In force on this node for the next request. With a mistake those of before go on.',
        response: { 200: PolicyProblems },
      },
    },
    async (request) => {
      const problems = await reload();
      const ok = noErrors(problems);
      await audit?.write({
        ...{ act: 'policy-changed', by: actorOf(request), target: { kind: 'policy', id: 'devices' } },
        outcome: ok ? 'done' : 'refused',
      });
      return { ok, problems };
    },
  );
}
