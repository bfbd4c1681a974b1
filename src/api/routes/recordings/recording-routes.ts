// Recordings: where they are in time, and the sealed file itself, to be opened by whoever holds the private key.
// Each time somebody takes a file, that is in the event log before the first byte leaves.

import { open } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { joinedBytes } from '../../../recording/archive/archive.ts';
import type { CallId, RecordingId } from '../../../shared/ids.ts';
import type { RecordingRow } from '../../../store/records.ts';
import { list, RecordingView } from '../../contract.ts';
import { HttpProblem } from '../../errors.ts';
import { personOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { recordingView } from '../../views.ts';
import { createHearing } from './playback-hearing.ts';

const RecordingParams = Type.Object({ recordingId: Type.String({ maxLength: 64 }) });

const noSuchRecording = () => new HttpProblem(404, 'There is no such recording.');

export function recordingRoutes(app: App, needs: ApiNeeds): void {
  const { store, playback } = needs;
  const hearing = playback && createHearing({ ...needs, playback });

  async function byId(request: FastifyRequest, id: string): Promise<RecordingRow> {
    const row = await store.recordings.byId(id as RecordingId);
    if (!row) throw noSuchRecording();
    await request.server.scoped.requireCall(request, row.callId, noSuchRecording);
    return row;
  }

  app.get(
    '/api/v1/recordings',
    {
      config: { needs: 'recordings:read' },
      schema: {
        tags: ['recordings'],
        summary: 'Recordings, newest first',
        querystring: Type.Object({ ...PageQuery, callId: Type.Optional(Type.String({ maxLength: 64 })) }),
        response: { 200: list(RecordingView) },
      },
    },
    async (request) => {
      const { cursor, limit, callId } = request.query;
      const reach = request.server.scoped.of(request);
      return coveredPage(
        { limit, cursor, covers: reach && ((row: RecordingRow) => reach.call(row.callId)) },
        (size, before) =>
          store.recordings.list({
            before: before as RecordingId | undefined,
            limit: size,
            callId: callId as CallId | undefined,
          }),
        recordingView,
      );
    },
  );

  /** A reading of the call's events, as the call record is. */
  async function marksOf({ id, callId }: RecordingRow) {
    const events = await store.events.read({ callId, types: ['recording-marked'], limit: 100 });
    return events.flatMap((event) =>
      event.type === 'recording-marked' && event.recordingId === id ? [{ mark: event.mark, atMs: event.atMs }] : [],
    );
  }

  app.get(
    '/api/v1/recordings/:recordingId',
    {
      config: { needs: 'recordings:read' },
      schema: {
        tags: ['recordings'],
        summary: 'One recording',
        params: RecordingParams,
        response: { 200: RecordingView },
      },
    },
    async (request) => {
      const row = await byId(request, request.params.recordingId);
      return { ...recordingView(row), marks: await marksOf(row) };
    },
  );

  app.get(
    '/api/v1/recordings/:recordingId/file',
    {
      config: { needs: 'recordings:open', stepUp: true },
      schema: {
        tags: ['recordings'],
        summary: 'The sealed file (age)',
        description:
          'For who may hear it. Opens with `age --decrypt` and the private key of a recipient; inside is Ogg Opus. Asks for a purpose (X-Purpose).',
        params: RecordingParams,
      },
    },
    async (request, reply) => {
      const person = personOf(request);
      const row = await byId(request, request.params.recordingId);
      if (hearing && !(await hearing.stillAllows(person, row.id, app.scoped.of(request)))) throw noSuchRecording();
      if (row.state === 'open')
        throw new HttpProblem(409, 'This recording is still being made.', { code: 'recording-open' });
      const { bytes, stream } = await sealedFile(needs, row);
      await store.events.append({ type: 'recording-opened', recordingId: row.id, personId: person.id });
      return reply
        .type('application/octet-stream')
        .header('content-length', bytes)
        .header('content-disposition', `attachment; filename="${row.id}.ogg.age"`)
        .send(stream);
    },
  );
}

const gone = () => new HttpProblem(404, 'The file of this recording is not there.', { code: 'recording-gone' });

/** Header and payload joined. Of a recording that was cut off there are several: those are for playback and export. */
async function sealedFile({ recordings, recordingsFolder }: ApiNeeds, row: RecordingRow) {
  if (!recordings) {
    const file = await openBelow(recordingsFolder, row.path);
    return { bytes: (await file.stat()).size, stream: file.createReadStream() };
  }
  const found = await recordings.archive.find(row.id);
  const [file, ...others] = found.kind === 'files' ? found.files : [];
  if (!file || others.length > 0) throw gone();
  return { bytes: joinedBytes(file), stream: await recordings.archive.openJoined(file) };
}

async function openBelow(folder: string, path: string) {
  const full = resolve(folder, path);
  const below = relative(folder, full);
  if (below === '' || below.startsWith('..') || isAbsolute(below))
    throw new Error('a recording lies outside its folder');
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(full, 'r');
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') throw gone();
    throw thrown;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw gone();
}
