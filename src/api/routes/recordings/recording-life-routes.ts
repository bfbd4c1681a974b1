// What becomes of recordings: until when they are kept, holds, deletion, export, and headers that are written anew where the private
// key is. All that changes or takes something out asks for a purpose and a step-up, and is in the audit log.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { isHeaderUnder, sha256Hex, stanzaKinds } from '../../../recording/archive/age-header.ts';
import { sealOf } from '../../../recording/archive/seal.ts';
import { exportRecordings } from '../../../recording/life/export-recordings.ts';
import type { KeptBy } from '../../../recording/life/recording-life.ts';
import { AppError } from '../../../shared/errors.ts';
import type { PersonId, RecordingHoldId, RecordingId } from '../../../shared/ids.ts';
import type { RecordingAbout, RecordingHold } from '../../../store/recording-files.ts';
import { list } from '../../contract.ts';
import {
  DeletionReceipt,
  ExportRecordings,
  HeadersView,
  PlaceHold,
  RecordingHoldView,
  RecordingLifeBrief,
  RecordingLifeView,
  ReplaceHeader,
  RetentionView,
  WithPurpose,
} from '../../contracts/recording-life.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { createNames } from '../../trail/names.ts';

type Needs = Omit<ApiNeeds, 'recordings'> & { recordings: NonNullable<ApiNeeds['recordings']> };

const RecordingParams = Type.Object({ recordingId: Type.String({ maxLength: 64 }) });
const tags = ['recordings'];

const noSuchRecording = () => new HttpProblem(404, 'There is no such recording.');

export function recordingLifeRoutes(app: App, needs: Needs): void {
  lookRoutes(app, needs);
  holdRoutes(app, needs);
  deleteRoute(app, needs);
  receiptRoute(app, needs);
  exportRoute(app, needs);
  headerRoutes(app, needs);
}

/** Within what the person is limited to. */
async function aboutOf(request: FastifyRequest, { store }: Needs, id: string): Promise<RecordingAbout> {
  const [about] = await store.recordingLives.about([id as RecordingId]);
  if (!about) throw noSuchRecording();
  await request.server.scoped.requireCall(request, about.row.callId, noSuchRecording);
  return about;
}

function askingOf(request: FastifyRequest, purpose: string) {
  const caller = callerOf(request);
  return { actor: actorOf(request), personId: caller.kind === 'session' ? caller.person.id : null, purpose };
}

function briefOf({ recordings }: Needs, about: RecordingAbout): RecordingLifeBrief {
  const { row, queue, reason, piiClass, mailbox, storedAt, held, shreddingSince, shreddedAt } = about;
  return {
    ...{ id: row.id, queue, reason, piiClass, mailbox, storedAt, held },
    keepUntil: shreddingSince === null ? recordings.life.keepUntil(about) : null,
    keptFor: shreddingSince === null ? keptFor(recordings.life.keptBy(about)) : null,
    shreddedAt: shreddedAt ?? shreddingSince,
  };
}

function keptFor(by: KeptBy | undefined): RecordingLifeBrief['keptFor'] {
  if (!by) return null;
  const { days, rule, queues, reasons, classes, mailboxes } = by;
  const named = Object.entries({ queues, reasons, classes, mailboxes }).filter(([, names]) => names?.length);
  return { days, rule, ...Object.fromEntries(named) };
}

function lookRoutes(app: App, needs: Needs): void {
  const { store, recordings } = needs;

  app.get(
    '/api/v1/recordings/:recordingId/life',
    {
      config: { needs: 'recordings:read' },
      schema: {
        ...{ tags, summary: 'Until when it is kept, who asked to keep it, what it must be like' },
        params: RecordingParams,
        response: { 200: RecordingLifeView },
      },
    },
    async (request) => {
      const about = await aboutOf(request, needs, request.params.recordingId);
      const [holds, files] = await Promise.all([
        store.recordingLives.holds(about.row.id),
        store.recordingFiles.ofRecording(about.row.id),
      ]);
      return {
        ...briefOf(needs, about),
        holds: await holdViews(needs, holds),
        files: files.map(({ name, headerSha256, payloadSha256, payloadBytes, recipients }) => ({
          ...{ name, headerSha256, payloadSha256, payloadBytes, recipients },
        })),
      };
    },
  );

  app.get(
    '/api/v1/recording-lives',
    {
      config: { needs: 'recordings:read' },
      schema: {
        ...{ tags, summary: 'The same of several, for a list; those that one may not see are left out' },
        querystring: Type.Object({ ids: Type.String({ maxLength: 8000, description: 'Ids, separated by commas.' }) }),
        response: { 200: list(RecordingLifeBrief) },
      },
    },
    async (request) => {
      const ids = request.query.ids.split(',').slice(0, 200) as RecordingId[];
      const reach = request.server.scoped.of(request);
      const items: RecordingLifeBrief[] = [];
      for (const about of await store.recordingLives.about(ids))
        if (!reach || (await reach.call(about.row.callId))) items.push(briefOf(needs, about));
      return { items, nextCursor: null };
    },
  );

  app.get(
    '/api/v1/recording-retention',
    {
      config: { needs: 'recordings:delete' },
      schema: { tags, summary: 'What the clock would delete now', response: { 200: RetentionView } },
    },
    async () => {
      const report = await recordings.life.runRetention({ dryRun: true });
      return { due: report?.due ?? [], held: report?.held ?? [] };
    },
  );
}

function holdRoutes(app: App, needs: Needs): void {
  const { recordings, store } = needs;

  app.post(
    '/api/v1/recordings/:recordingId/holds',
    {
      config: { needs: 'recordings:hold', stepUp: true },
      schema: {
        ...{ tags, summary: 'Keep it for a case, whatever the clock says' },
        ...{ params: RecordingParams, body: PlaceHold, response: { 201: RecordingHoldView } },
      },
    },
    async (request, reply) => {
      const { row } = await aboutOf(request, needs, request.params.recordingId);
      const { matter, purpose } = request.body;
      const hold = await recordings.life.hold(row.id, matter, askingOf(request, purpose));
      if (hold === 'gone') throw new HttpProblem(409, 'It is deleted already.', { code: 'recording-gone' });
      return reply.code(201).send((await holdViews(needs, [hold]))[0]!);
    },
  );

  app.post(
    '/api/v1/recording-holds/:holdId/commands/release',
    {
      config: { needs: 'recordings:release', stepUp: true },
      schema: {
        ...{ tags, summary: 'End a hold; the clock counts again' },
        params: Type.Object({ holdId: Type.String({ maxLength: 64 }) }),
        ...{ body: WithPurpose, response: { 200: RecordingHoldView } },
      },
    },
    async (request) => {
      const id = request.params.holdId as RecordingHoldId;
      const hold = await store.recordingLives.holdById(id);
      if (hold) await aboutOf(request, needs, hold.recordingId);
      const released = hold && (await recordings.life.release(id, askingOf(request, request.body.purpose)));
      if (!released) throw new HttpProblem(404, 'There is no such hold in force.');
      return (await holdViews(needs, [released]))[0]!;
    },
  );
}

async function holdViews({ store }: Needs, holds: readonly RecordingHold[]): Promise<RecordingHoldView[]> {
  const ids = new Set(holds.flatMap(({ placedBy, releasedBy }) => [placedBy, releasedBy]));
  const people = await Promise.all([...ids].map((id) => (id === null ? undefined : store.people.byId(id))));
  const nameOf = (id: PersonId | null) => people.find((person) => person?.id === id)?.displayName ?? null;
  return holds.map(({ recordingId: _, ...hold }) => ({
    ...hold,
    placedByName: nameOf(hold.placedBy),
    releasedByName: nameOf(hold.releasedBy),
  }));
}

function deleteRoute(app: App, needs: Needs): void {
  app.post(
    '/api/v1/recordings/:recordingId/commands/delete',
    {
      config: { needs: 'recordings:delete', stepUp: true },
      schema: {
        ...{ tags, summary: 'Delete it, so that nobody can open it' },
        description: 'The header goes first, then the payload; the audit log keeps the hashes of both as a receipt.',
        ...{ params: RecordingParams, body: WithPurpose, response: { 200: RecordingLifeBrief } },
      },
    },
    async (request) => {
      const { row } = await aboutOf(request, needs, request.params.recordingId);
      const outcome = await needs.recordings.life.shred(row.id, askingOf(request, request.body.purpose));
      if (outcome === 'held') throw new HttpProblem(409, 'Somebody asked that it be kept.', { code: 'recording-held' });
      if (outcome === 'open') throw new HttpProblem(409, 'It is not in the archive yet.', { code: 'recording-open' });
      return briefOf(needs, await aboutOf(request, needs, row.id));
    },
  );
}

function receiptRoute(app: App, needs: Needs): void {
  const { store } = needs;
  app.get(
    '/api/v1/recordings/:recordingId/receipt',
    {
      config: { needs: 'recordings:delete' },
      schema: {
        ...{ tags, summary: 'What the audit log keeps of its deletion', params: RecordingParams },
        response: { 200: DeletionReceipt },
      },
    },
    async (request) => {
      const { row } = await aboutOf(request, needs, request.params.recordingId);
      const query = {
        target: { kind: 'recording', id: row.id },
        acts: ['recording-shredded'],
        outcome: 'done' as const,
      };
      const [entry] = await store.audit.search({ ...query, limit: 1 });
      if (!entry) throw new HttpProblem(404, 'It is not deleted.');
      return {
        ...{ recordingId: row.id, deletedAt: entry.at, by: (await createNames(store, [entry])).by(entry) },
        ...{ purpose: entry.details?.purpose ?? null, facts: entry.details?.more ?? {}, entry: { ...entry } },
      };
    },
  );
}

function exportRoute(app: App, needs: Needs): void {
  const { store, recordings, clock, audit } = needs;
  app.post(
    '/api/v1/recording-exports',
    {
      config: { needs: 'recordings:export', stepUp: true },
      schema: {
        ...{ tags, summary: 'Sealed files with what is known of each as JSON, as a tar file', body: ExportRecordings },
        description: 'Each file is a standard age file; manifest.json comes last, with hashes of everything before it.',
      },
    },
    async (request, reply) => {
      const { recordingIds, purpose } = request.body;
      const ids: RecordingId[] = [];
      for (const id of new Set(recordingIds)) ids.push((await aboutOf(request, needs, id)).row.id);
      const by = actorOf(request);
      const details = { recordings: ids.length, format: 'tar' };
      for (const id of ids)
        await audit?.write({
          ...{ act: 'recording-exported', by, target: { kind: 'recording', id }, outcome: 'done', purpose, details },
        });
      const about = { purpose, by: by.personId ?? by.keyId ?? 'unknown' };
      const tar = exportRecordings({ store, archive: recordings.archive, now: clock.now() }, ids, about);
      return reply
        .type('application/x-tar')
        .header('content-disposition', 'attachment; filename="recordings.tar"')
        .send(tar);
    },
  );
}

/** For who rotates on a machine of their own: the private key never comes here. */
function headerRoutes(app: App, needs: Needs): void {
  const { store, audit } = needs;

  app.get(
    '/api/v1/recordings/:recordingId/headers',
    {
      config: { needs: 'recordings:rotate' },
      schema: {
        ...{ tags, summary: 'Its age headers, to write them anew for other recipients' },
        ...{ params: RecordingParams, response: { 200: HeadersView } },
      },
    },
    async (request) => {
      const { row } = await aboutOf(request, needs, request.params.recordingId);
      const files = await store.recordingFiles.ofRecording(row.id);
      return {
        items: files.flatMap(({ name, header, headerSha256 }) =>
          header ? [{ name, header: Buffer.from(header).toString('base64'), headerSha256 }] : [],
        ),
      };
    },
  );

  app.put(
    '/api/v1/recordings/:recordingId/headers',
    {
      config: { needs: 'recordings:rotate', stepUp: true },
      schema: {
        ...{ tags, summary: 'A header that was written anew', params: RecordingParams, body: ReplaceHeader },
        description:
          'Refused unless it is authenticated with the key of the file, as the one that it replaces is. Whether its recipients can open it only they can tell.',
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { row } = await aboutOf(request, needs, request.params.recordingId);
      const { name, from, purpose, recipients } = request.body;
      const files = (await store.recordingFiles.ofRecording(row.id)).filter((file) => file.header !== null);
      const file = files.find((one) => one.name === name && one.headerSha256 === from);
      if (!file) throw new HttpProblem(409, 'Its header is another one by now.', { code: 'conflict' });
      const header = Buffer.from(request.body.header, 'base64');
      const wrong = wrongHeader(file.header!, header, Buffer.from(request.body.headerKey, 'base64'));
      if (wrong) throw new HttpProblem(422, wrong);
      const to = { header, headerBytes: header.length, headerSha256: sha256Hex(header), recipients };
      const after = files.map((one) => (one === file ? { ...one, ...to } : one));
      await audit?.write({
        ...{
          act: 'recording-rotated',
          by: actorOf(request),
          target: { kind: 'recording', id: row.id },
          outcome: 'done',
        },
        ...{ purpose },
        details: {
          ...{ seal: sealOf(after), sealBefore: sealOf(files), recipients: recipients.length },
          ...{ headerSha256: to.headerSha256, headerSha256Before: from },
        },
      });
      if (!(await store.recordingFiles.replaceHeader(file, file, to)))
        throw new HttpProblem(409, 'Its header was changed meanwhile.', { code: 'conflict' });
      return reply.code(204).send(null);
    },
  );
}

function wrongHeader(old: Uint8Array, header: Uint8Array, headerKey: Uint8Array): string | undefined {
  try {
    if (!isHeaderUnder(old, headerKey)) return 'This is not the header key of that file.';
    if (!isHeaderUnder(header, headerKey)) return 'This header belongs to another file.';
    const hybrid = stanzaKinds(header).filter((kind) => kind.startsWith('mlkem768')).length;
    if (hybrid > 0 && hybrid < stanzaKinds(header).length) return 'Post-quantum recipients and others cannot be mixed.';
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.message;
    throw thrown;
  }
}
