// Own telephones: an administrator enters the number, its owner chooses today's device, a live call moves between the two.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { OwnTelephones } from '../../../call/telephone/own-telephones.ts';
import type { CallId, PersonId } from '../../../shared/ids.ts';
import { ChangeTelephone, ChooseDevice, DeviceView, MoveCall, TelephoneView } from '../../contracts/telephone.ts';
import { HttpProblem, requireOk } from '../../errors.ts';
import { callerOf, deskOwnerOf, may } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { CallParams } from './call-routes.ts';

const noSuchPerson = () => new HttpProblem(404, 'There is no such person.');
const PersonParams = Type.Object({ personId: Type.String({ maxLength: 64 }) });

export function telephoneRoutes(app: App, needs: ApiNeeds): void {
  if (!needs.telephones) return;
  deviceRoutes(app, needs.telephones);
  numberRoutes(app, needs, needs.telephones);
  moveRoute(app, needs);
}

function deviceRoutes(app: App, telephones: Pick<OwnTelephones, 'view' | 'choose'>): void {
  const view = async (personId: PersonId): Promise<DeviceView> => {
    const { device, usable, allowed, masked } = await telephones.view(personId);
    return { device, telephone: { usable, allowed, masked } };
  };

  app.get(
    '/api/v1/desk/device',
    {
      config: { needs: 'desk' },
      schema: { tags: ['desk'], summary: 'Where calls are taken', response: { 200: DeviceView } },
    },
    async (request) => view(deskOwnerOf(request).id),
  );

  app.put(
    '/api/v1/desk/device',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'Choose the browser or the own telephone',
        description: 'Holds from the next call on, until it is changed; a live call is moved with /calls/{id}/move.',
        body: ChooseDevice,
        response: { 200: DeviceView },
      },
    },
    async (request) => {
      const { id } = deskOwnerOf(request);
      requireOk(await telephones.choose(id, request.body.device));
      return view(id);
    },
  );
}

function numberRoutes(app: App, { store }: ApiNeeds, telephones: Pick<OwnTelephones, 'view' | 'set'>): void {
  const view = async (request: FastifyRequest, personId: PersonId) => {
    await request.server.scoped.requirePerson(request, personId, noSuchPerson);
    if (!(await store.people.byId(personId))) throw noSuchPerson();
    const { allowed, masked, device } = await telephones.view(personId);
    return { allowed, masked, device };
  };

  app.get(
    '/api/v1/users/:personId/telephone',
    {
      config: { needs: 'people:read' },
      schema: {
        tags: ['users'],
        summary: 'Whether a person has an own telephone to work with',
        params: PersonParams,
        response: { 200: TelephoneView },
      },
    },
    async (request) => view(request, request.params.personId as PersonId),
  );

  app.put(
    '/api/v1/users/:personId/telephone',
    {
      config: { needs: 'people:change', stepUp: true },
      schema: {
        tags: ['users'],
        summary: 'Enter or remove the own telephone of a person',
        params: PersonParams,
        body: ChangeTelephone,
        response: { 200: TelephoneView },
      },
    },
    async (request) => {
      const personId = request.params.personId as PersonId;
      await view(request, personId);
      const caller = callerOf(request);
      requireOk(await telephones.set(personId, request.body, caller.kind === 'session' ? caller.person.id : null));
      return view(request, personId);
    },
  );
}

function moveRoute(app: App, { callCentre }: ApiNeeds): void {
  app.post(
    '/api/v1/calls/:callId/move',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['calls'],
        summary: 'Go on at the other device',
        description:
          'Answers at once; the desk shows `movingTo` until the other device has answered (a telephone: with key 1). To the ' +
          'device that has the call: gives the move up. Should it fail, the call stays where it is.',
        params: CallParams,
        body: MoveCall,
        response: { 202: Type.Null() },
      },
    },
    async (request, reply) => {
      const callId = request.params.callId as CallId;
      const caller = callerOf(request);
      const own = caller.kind === 'session' && callCentre.agentOf(callId) === caller.person.id;
      if (!own || !may(caller, 'calls:command-own'))
        throw new HttpProblem(404, 'There is no such call, or it is over.', { code: 'call-over' });
      requireOk(await callCentre.move(callId, request.body.to));
      return reply.code(202).send(null);
    },
  );
}
