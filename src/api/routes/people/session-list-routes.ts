// Where people are signed in, and ending that at once: oneself for the own sessions, an administrator for anybody's. The page, the
// feed, the softphone's WebSocket and the audio of an ended session are cut on every node (docs/people-and-sessions.md).

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { PersonId, SessionId } from '../../../shared/ids.ts';
import type { Person, Session } from '../../../store/records.ts';
import { list } from '../../contract.ts';
import { EndedSessions, OpenSessionView } from '../../contracts/people.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';

const PersonParams = Type.Object({ personId: Type.String({ maxLength: 64 }) });
const SessionParams = Type.Object({ sessionId: Type.String({ maxLength: 64 }) });
const tags = ['sessions'];
const noSuchPerson = () => new HttpProblem(404, 'There is no such person.');
const noSuchSession = () => new HttpProblem(404, 'There is no such session, or it is over.');

export function sessionListRoutes(app: App, needs: ApiNeeds): void {
  const ofPerson = sessionsOf(needs);
  ownRoutes(app, needs, ofPerson);
  administratorRoutes(app, needs, ofPerson);
}

type ListOf = (request: FastifyRequest, person: Person) => Promise<OpenSessionView[]>;

function sessionsOf({ identity, softphone, placeAt }: ApiNeeds): ListOf {
  return async (request, person) => {
    const caller = callerOf(request);
    const own = caller.kind === 'session' ? caller.session.id : undefined;
    const desk = softphone.sessionOf?.(person.id);
    const view = ({ id, personId, createdAt, seenAt, expiresAt, address, userAgent, ...more }: Session) => ({
      ...{ id, personId, createdAt, seenAt, expiresAt, address, userAgent },
      place: placeAt?.(address, person) ?? ('unknown' as const),
      secondFactor: more.secondFactor ?? null,
      deviceId: more.deviceId ?? null,
      current: id === own,
      desk: id === desk,
    });
    return (await identity.sessionsOf(person.id)).map(view);
  };
}

async function endOne(request: FastifyRequest, needs: ApiNeeds, personId: PersonId, id: string): Promise<void> {
  const found = (await needs.identity.sessionsOf(personId)).find((session) => session.id === id);
  if (!found) throw noSuchSession();
  await needs.identity.endSession(found.id, 'revoked');
  await tell(request, needs, { personId, sessionId: found.id, sessions: 1 });
}

function tell(
  request: FastifyRequest,
  { audit }: ApiNeeds,
  { personId, sessionId, sessions }: { personId: PersonId; sessionId?: SessionId; sessions: number },
): Promise<void> | undefined {
  return audit?.write({
    act: 'session-ended',
    by: actorOf(request),
    target: sessionId ? { kind: 'session', id: sessionId } : { kind: 'person', id: personId },
    about: [personId],
    outcome: 'done',
    details: { personId, sessions },
  });
}

function ownRoutes(app: App, needs: ApiNeeds, ofPerson: ListOf): void {
  const own = (request: FastifyRequest) => {
    const caller = callerOf(request);
    if (caller.kind !== 'session') throw new HttpProblem(403, 'An API key has no session.');
    return caller;
  };

  app.get(
    '/api/v1/sessions',
    {
      config: { needs: 'signed-in' },
      schema: { tags, summary: 'Where you are signed in', response: { 200: list(OpenSessionView) } },
    },
    async (request) => ({ items: await ofPerson(request, own(request).person), nextCursor: null }),
  );

  app.delete(
    '/api/v1/sessions/:sessionId',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags,
        summary: 'End one of your sessions, at once and everywhere',
        params: SessionParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await endOne(request, needs, own(request).person.id, request.params.sessionId);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/sessions',
    {
      config: { needs: 'signed-in' },
      schema: { tags, summary: 'End all your sessions but this one', response: { 200: EndedSessions } },
    },
    async (request) => {
      const { person, session } = own(request);
      const sessions = await needs.identity.endSessionsOf(person.id, 'revoked', session.id);
      await tell(request, needs, { personId: person.id, sessions });
      return { ended: sessions };
    },
  );
}

function administratorRoutes(app: App, needs: ApiNeeds, ofPerson: ListOf): void {
  const { store, identity } = needs;

  async function known(request: FastifyRequest, id: string): Promise<Person> {
    const person = await store.people.byId(id as PersonId);
    if (!person || request.server.scoped.of(request)?.person(person) === false) throw noSuchPerson();
    return person;
  }

  app.get(
    '/api/v1/users/:personId/sessions',
    {
      config: { needs: 'sessions:read' },
      schema: {
        tags,
        summary: 'Where a person is signed in',
        params: PersonParams,
        response: { 200: list(OpenSessionView) },
      },
    },
    async (request) => ({
      items: await ofPerson(request, await known(request, request.params.personId)),
      nextCursor: null,
    }),
  );

  app.delete(
    '/api/v1/users/:personId/sessions/:sessionId',
    {
      config: { needs: 'sessions:end', stepUp: true },
      schema: {
        tags,
        summary: 'End a session of a person, at once and everywhere',
        params: Type.Object({ ...PersonParams.properties, ...SessionParams.properties }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = await known(request, request.params.personId);
      await endOne(request, needs, id, request.params.sessionId);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/api/v1/users/:personId/sessions',
    {
      config: { needs: 'sessions:end', stepUp: true },
      schema: {
        tags,
        summary: 'Sign a person out everywhere, at once',
        params: PersonParams,
        response: { 200: EndedSessions },
      },
    },
    async (request) => {
      const { id } = await known(request, request.params.personId);
      const sessions = await identity.endSessionsOf(id, 'revoked');
      await tell(request, needs, { personId: id, sessions });
      return { ended: sessions };
    },
  );
}
