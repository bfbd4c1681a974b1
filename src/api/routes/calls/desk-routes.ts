// The own desk: what it shows, its state, and what its softphone needs to know.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { CallCentre, DeskState } from '../../../call/desk.ts';
import type { PersonId } from '../../../shared/ids.ts';
import { DeskStateChange, DeskView, IceSettings, SoftphoneSettings } from '../../contract.ts';
import { requireOk } from '../../errors.ts';
import { callerOf, credentialOf, deskOwnerOf, softphoneOwnerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { iceSettings } from '../../turn-credentials.ts';
import type { Views } from '../../views.ts';
import { callOver } from './call-access.ts';
import { requireDeskHere } from './tenure-routes.ts';

/** The desk of somebody who is signed in; after a restart of this program the session is older than the desk. */
export async function openDesk(callCentre: CallCentre, personId: PersonId): Promise<DeskState> {
  const desk = callCentre.desk(personId);
  if (desk) return desk;
  await callCentre.signIn(personId);
  const opened = callCentre.desk(personId);
  if (!opened) throw new Error('a desk was opened and is not there');
  return opened;
}

export function deskRoutes(app: App, needs: ApiNeeds, views: Views): void {
  const { callCentre, clock, company, softphone } = needs;
  const iceOf = (request: FastifyRequest) => iceSettings(softphone.turn, credentialOf(callerOf(request)), clock.now());

  app.get(
    '/api/v1/desk',
    { config: { needs: 'desk' }, schema: { tags: ['desk'], summary: 'The own desk', response: { 200: DeskView } } },
    async (request) => {
      const person = deskOwnerOf(request);
      return views.desk(person, await openDesk(callCentre, person.id));
    },
  );

  app.put(
    '/api/v1/desk/state',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'Become available, not ready, or offline',
        description: 'During a call this is the state afterwards. Out of after-call work, `available` ends that.',
        body: DeskStateChange,
        response: { 200: DeskView },
      },
    },
    async (request) => {
      const person = deskOwnerOf(request);
      requireDeskHere(request, needs);
      await openDesk(callCentre, person.id);
      // Back from off duty: the desk is taken again first.
      if (request.body.state !== 'offline') await callCentre.signIn(person.id);
      requireOk(await callCentre.setState(person.id, request.body.state, request.body.because));
      return views.desk(person, await openDesk(callCentre, person.id));
    },
  );

  app.get(
    '/api/v1/desk/softphone',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'What the browser needs to register its softphone',
        response: { 200: SoftphoneSettings },
      },
    },
    async (request) => {
      const person = softphoneOwnerOf(request);
      return {
        webSocketPath: '/sip' as const,
        aor: `sip:${person.id}@${company.domain}`,
        domain: company.domain,
        registerExpiresSeconds: softphone.registerExpiresSeconds,
        ...iceOf(request),
      };
    },
  );

  app.get(
    '/api/v1/turn-credentials',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'ICE servers with credentials for the next minutes',
        response: { 200: IceSettings },
      },
    },
    async (request) => {
      softphoneOwnerOf(request);
      return iceOf(request);
    },
  );

  app.put(
    '/api/v1/agents/:personId/state',
    {
      config: { needs: 'agents:change' },
      schema: {
        tags: ['agents'],
        summary: 'Change the state of an agent',
        params: Type.Object({ personId: Type.String({ maxLength: 64 }) }),
        body: DeskStateChange,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const personId = request.params.personId as PersonId;
      await request.server.scoped.requirePerson(request, personId, callOver);
      const outcome = callCentre.desk(personId)
        ? await callCentre.setState(personId, request.body.state, request.body.because ?? 'supervisor')
        : ({ kind: 'not-found' } as const);
      requireOk(outcome);
      return reply.code(204).send(null);
    },
  );
}
