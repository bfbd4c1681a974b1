// Hearing recordings: what there is to hear, a play that is asked for with a purpose, and then its bytes. Before the first byte the
// play is in the audit log, or nothing is played. By default the bytes are sealed, and the page opens them; where the company has
// given the server an identity, it streams what it opens.

import { Type } from 'typebox';
import { type Play, playTokenMaxLength } from '../../../recording/playback/play-tokens.ts';
import { wantedRange } from '../../../shared/http/range.ts';
import { type CallId, newId, type PersonId, type RecordingId } from '../../../shared/ids.ts';
import type { FoundRecording } from '../../../store/recording-search.ts';
import type { Person } from '../../../store/records.ts';
import { list } from '../../contract.ts';
import { AskToPlay, HeardRecording, PlaybackView, PlayedView, PlayView } from '../../contracts/playback.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, personOf } from '../../guard/caller.ts';
import { requirePurpose } from '../../guard/purpose.ts';
import type { ApiNeeds } from '../../needs.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { createHearing, type Hearing } from './playback-hearing.ts';
import type { PlaybackNeeds } from './playback-needs.ts';

type Needs = ApiNeeds & { playback: PlaybackNeeds };

const RecordingParams = Type.Object({ recordingId: Type.String({ maxLength: 64 }) });
const WithToken = Type.Object({ play: Type.String({ maxLength: playTokenMaxLength }) });

/** The page fetches at once what it opens; a stream is asked for again and again while somebody listens. */
const fetchWithinMs = 5 * 60_000;
const beyondItsLengthMs = 30 * 60_000;

export function playbackRoutes(app: App, needs: Needs): void {
  const hearing = createHearing(needs);
  listRoutes(app, needs, hearing);
  playRoute(app, needs, hearing);
  byteRoutes(app, needs, hearing);
  playedRoute(app, needs, hearing);
}

function listRoutes(app: App, { playback, store }: Needs, hearing: Hearing): void {
  const { rules, purposes, keyFiles, postQuantum, serverPlayer } = playback;

  app.get(
    '/api/v1/playback',
    {
      config: { needs: 'recordings:play' },
      schema: { tags: ['recordings'], summary: 'How recordings are heard here', response: { 200: PlaybackView } },
    },
    async (request) => ({
      opens: serverPlayer ? ('server' as const) : ('page' as const),
      keyFiles,
      postQuantum,
      mayHear: rules.some(({ roles }) => (roles as readonly string[]).includes(personOf(request).role)),
      purposes: [...purposes],
    }),
  );

  app.get(
    '/api/v1/playback/recordings',
    {
      config: { needs: 'recordings:play' },
      schema: {
        tags: ['recordings'],
        summary: 'What the person who asks may hear, or may see that it is there, newest first',
        querystring: Type.Object({
          ...PageQuery,
          kind: Type.Optional(Type.Union([Type.Literal('call'), Type.Literal('message')])),
          from: Type.Optional(Type.Integer({ description: 'Begun then or later, epoch milliseconds.' })),
          to: Type.Optional(Type.Integer({ description: 'Begun before.' })),
          queue: Type.Optional(Type.String({ maxLength: 64 })),
          reason: Type.Optional(Type.String({ maxLength: 64 })),
          alias: Type.Optional(Type.String({ maxLength: 64 })),
          personId: Type.Optional(Type.String({ maxLength: 64 })),
        }),
        response: { 200: list(HeardRecording) },
      },
    },
    async (request) => {
      const person = personOf(request);
      const { cursor, limit, from, to, personId, ...asked } = request.query;
      const query = {
        ...asked,
        ...(from === undefined ? {} : { fromMs: from }),
        ...(to === undefined ? {} : { toMs: to }),
        ...(personId === undefined ? {} : { personId: personId as PersonId }),
      };
      const reach = app.scoped.of(request);
      const own = new Set((await store.listeningKeys.ofPerson(person.id)).map(({ recipient }) => recipient));
      const found = await coveredPage<{ id: string; found: FoundRecording }, FoundRecording>(
        { limit, cursor, covers: ({ found }) => hearing.shows(person, found, reach) },
        async (size, before) =>
          (
            await store.recordingSearch.search({
              ...query,
              limit: size,
              ...(before === undefined ? {} : { before: before as RecordingId }),
            })
          ).map((one) => ({ id: one.row.id, found: one })),
        (row) => row.found,
      );
      const names = await hearing.namesOf(found.items.flatMap(({ personIds }) => personIds));
      const items = found.items.map(async (one) => ({
        ...heardView(one, names, own),
        mayHear: await hearing.allows(person, one, reach),
      }));
      return { ...found, items: await Promise.all(items) };
    },
  );
}

function heardView(
  found: FoundRecording,
  names: Map<PersonId, string>,
  own: Set<string>,
): Omit<HeardRecording, 'mayHear'> {
  const { row, kind, direction, queue, mailbox, reason, alias, personIds } = found;
  const { id, callId, startedAt, durationMs, state, recipients } = row;
  return {
    ...{ id, callId, kind, direction, startedAt, durationMs, queue, mailbox, reason, alias },
    state: state === 'complete' ? 'complete' : 'interrupted',
    people: personIds.map((personId) => ({ id: personId, displayName: names.get(personId) ?? personId })),
    sealedToMe: recipients.some((recipient) => own.has(recipient)),
  };
}

function playRoute(app: App, needs: Needs, hearing: Hearing): void {
  const { clock, store, playback, audit } = needs;
  const { tokens, purposes, archive, serverPlayer } = playback;

  async function requireHeard(id: string, person: Person, request: Parameters<typeof actorOf>[0]) {
    const found = await store.recordingSearch.byId(id as RecordingId);
    if (!found) throw new HttpProblem(404, 'There is no such recording.');
    if (await hearing.allows(person, found, app.scoped.of(request))) return found;
    // Whoever asks has a role that may hear something, and reached for something else: that is worth knowing.
    await audit?.write({
      act: 'recording-played',
      by: actorOf(request),
      target: { kind: found.kind === 'message' ? 'voicemail' : 'recording', id },
      outcome: 'refused',
    });
    throw new HttpProblem(404, 'There is no such recording.');
  }

  app.post(
    '/api/v1/recordings/:recordingId/plays',
    {
      config: { needs: 'recordings:play', stepUp: true },
      schema: {
        tags: ['recordings'],
        summary: 'Hear a recording: its purpose is kept, then its bytes may be had for a while',
        params: RecordingParams,
        body: AskToPlay,
        response: { 201: PlayView },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const person = personOf(request);
      if (caller.kind !== 'session') throw new HttpProblem(403);
      const purpose = requirePurpose(purposes, request.body);
      const { row, kind } = await requireHeard(request.params.recordingId, person, request);
      const there = await archive.find(row.id);
      if (there.kind === 'open')
        throw new HttpProblem(409, 'This recording is still being made.', { code: 'recording-open' });
      if (there.kind !== 'files')
        throw new HttpProblem(404, 'The file of this recording is not there.', { code: 'recording-gone' });
      const now = clock.now();
      const playId = newId('play', now);
      if (!audit) throw new HttpProblem(503, 'Nothing is played while nothing can be kept of it.');
      await audit.write({
        act: kind === 'message' ? 'voicemail-played' : 'recording-played',
        by: actorOf(request),
        target: { kind: kind === 'message' ? 'voicemail' : 'recording', id: row.id },
        purpose,
        outcome: 'done',
        details: { playId, callId: row.callId, opens: serverPlayer ? 'server' : 'page' },
      });
      await store.events.append({ type: 'recording-opened', recordingId: row.id, personId: person.id });
      const expiresAt = now + (serverPlayer ? (row.durationMs ?? 0) + beyondItsLengthMs : fetchWithinMs);
      const token = tokens.make({ playId, recordingId: row.id, sessionId: caller.session.id, expiresAt });
      return reply.code(201).send({
        ...{ id: playId, token, expiresAt, durationMs: row.durationMs },
        opens: serverPlayer ? ('server' as const) : ('page' as const),
        parts: serverPlayer
          ? []
          : there.files.map((file) => ({ name: file.name, bytes: file.header.length + file.payloadBytes })),
        marks: await hearing.marksOf(row),
        watermark: { person: `${person.displayName} (${person.login})`, at: now, address: request.ip },
      });
    },
  );
}

function byteRoutes(app: App, { clock, playback, log }: Needs, hearing: Hearing): void {
  const { tokens, archive, serverPlayer } = playback;

  /** The cookie alone does not do, and the token alone does not either. */
  async function requirePlay(request: Parameters<typeof callerOf>[0], id: string, token: string): Promise<Play> {
    const caller = callerOf(request);
    const play = tokens.read(token, clock.now());
    if (!play || caller.kind !== 'session' || play.recordingId !== id || play.sessionId !== caller.session.id)
      throw new HttpProblem(403, 'Ask to hear this recording again.', { code: 'play-over' });
    if (!(await hearing.stillAllows(caller.person, id as RecordingId, app.scoped.of(request))))
      throw new HttpProblem(404, 'There is no such recording.');
    return play;
  }

  app.get(
    '/api/v1/recordings/:recordingId/parts/:part',
    {
      config: { needs: 'recordings:play' },
      schema: {
        tags: ['recordings'],
        summary: 'One sealed file of a recording that is being played (age)',
        params: Type.Object({ ...RecordingParams.properties, part: Type.Integer({ minimum: 0, maximum: 100_000 }) }),
        querystring: WithToken,
      },
    },
    async (request, reply) => {
      const { recordingId, part } = request.params;
      await requirePlay(request, recordingId, request.query.play);
      const there = await archive.find(recordingId);
      const file = there.kind === 'files' ? there.files[part] : undefined;
      if (!file) throw new HttpProblem(404, 'The file of this recording is not there.', { code: 'recording-gone' });
      return reply
        .type('application/octet-stream')
        .header('content-length', file.header.length + file.payloadBytes)
        .send(await archive.openJoined(file));
    },
  );

  if (!serverPlayer) return;
  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/v1/recordings/:recordingId/audio',
    config: { needs: 'recordings:play' },
    schema: {
      tags: ['recordings'],
      summary: 'A recording that is being played, opened by the server: Ogg Opus, in ranges (RFC 9110 §14)',
      params: RecordingParams,
      querystring: WithToken,
    },
    handler: async (request, reply) => {
      const { recordingId } = request.params as { recordingId: string };
      const play = await requirePlay(request, recordingId, (request.query as { play: string }).play);
      const found = await serverPlayer.find(play.recordingId);
      if (!found) throw new HttpProblem(404, 'The file of this recording is not there.', { code: 'recording-gone' });
      // HEAD has no Range (RFC 9110 §14.2): what GET would say without one.
      const wanted = wantedRange(request.method === 'GET' ? request.headers.range : undefined, found.bytes);
      void reply.header('accept-ranges', 'bytes').type('audio/ogg; codecs=opus');
      if (wanted.kind === 'unsatisfiable')
        throw new HttpProblem(416, undefined, { headers: { 'content-range': `bytes */${found.bytes}` } });
      const { from, to } = wanted.kind === 'part' ? wanted : { from: 0, to: found.bytes - 1 };
      void reply.header('content-length', to - from + 1);
      if (wanted.kind === 'part') void reply.code(206).header('content-range', `bytes ${from}-${to}/${found.bytes}`);
      if (request.method === 'HEAD') return reply.send();
      const stream = found.open({ from, to });
      stream.on('error', (err) => log.error({ err, recordingId }, 'a recording could not be played to its end'));
      return reply.send(stream);
    },
  });
}

function playedRoute(app: App, { store }: Needs, hearing: Hearing): void {
  app.get(
    '/api/v1/recordings/:recordingId/plays',
    {
      config: { needs: 'plays:read' },
      schema: {
        tags: ['recordings'],
        summary: 'Who heard this recording, or was refused; newest first',
        params: RecordingParams,
        response: { 200: Type.Object({ items: Type.Array(PlayedView) }) },
      },
    },
    async (request) => {
      const { recordingId } = request.params;
      const found = await store.recordingSearch.byId(recordingId as RecordingId);
      const missing = () => new HttpProblem(404, 'There is no such recording.');
      if (!found) throw missing();
      await app.scoped.requireCall(request, found.row.callId as CallId, missing);
      const records = await store.audit.search({
        target: { kind: found.kind === 'message' ? 'voicemail' : 'recording', id: recordingId },
        acts: ['recording-played', 'voicemail-played', 'recording-fetched', 'recording-exported'],
        limit: 200,
      });
      return { items: await hearing.playedViews(records) };
    },
  );
}
