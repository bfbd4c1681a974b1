// Transfers, supervision and steps. Whose call it is decides what may be asked (call-access.ts); what the call's class allows is
// decided where the call is, by the policy.

import { Type } from 'typebox';
import type { ConsultTarget, OutsideTarget } from '../../../call/desk.ts';
import { hasDesk } from '../../../identity/permissions.ts';
import { mayHandle } from '../../../privacy/pii-class.ts';
import type { CallId, PersonId } from '../../../shared/ids.ts';
import { list } from '../../contract.ts';
import {
  ColleagueSchema,
  HandOverBody,
  MonitorBody,
  MonitorSchema,
  OutsidePlace,
  ParkedSchema,
  ReasonSchema,
  StepChoices,
  type TransferTarget,
} from '../../contracts/talk.ts';
import { HttpProblem, requireOk } from '../../errors.ts';
import { callerOf, deskOwnerOf, personOf, roleOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { mayDial } from '../../views.ts';
import { callOver, requireOwnOrAny } from './call-access.ts';
import { CallParams } from './call-routes.ts';
import { openDesk } from './desk-routes.ts';

type Request = Parameters<typeof callerOf>[0];

/** What the call centre understands; a number only from who may dial one. */
export function targetOf(request: Request, needs: ApiNeeds, target: TransferTarget): ConsultTarget {
  if ('personId' in target) return { personId: target.personId as PersonId };
  if ('number' in target && !mayDial(roleOf(callerOf(request)), needs.company.mayDialNumbers))
    throw new HttpProblem(403, 'This role may transfer to named places, not to a number.', { code: 'aliases-only' });
  return target;
}

export const isOutside = (target: ConsultTarget): target is OutsideTarget => 'outside' in target || 'number' in target;

export function talkRoutes(app: App, needs: ApiNeeds): void {
  stepRoutes(app, needs);
  supervisionRoutes(app, needs);
  parkRoutes(app, needs);
  choiceRoutes(app, needs);
}

function stepRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre } = needs;
  app.post(
    '/api/v1/calls/:callId/hand-over',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['steps'],
        summary: 'Hand over to somebody without personal information',
        description: 'The call goes to a queue under a reason whose class is the least. What was verified goes along.',
        params: CallParams,
        body: HandOverBody,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const callId = request.params.callId as CallId;
      const { person } = await requireOwnOrAny(request, callCentre, callId);
      requireOk(await callCentre.handOver(callId, person?.id ?? null, request.body));
      return reply.code(204).send(null);
    },
  );
  app.post(
    '/api/v1/calls/:callId/pii-came-up',
    {
      config: { needs: 'signed-in' },
      schema: {
        tags: ['steps'],
        summary: 'Personal information came up: away from this desk at once, to the centre',
        params: CallParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const callId = request.params.callId as CallId;
      await requireOwnOrAny(request, callCentre, callId);
      requireOk(await callCentre.piiCameUp(callId));
      return reply.code(204).send(null);
    },
  );
}

function supervisionRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre } = needs;
  app.put(
    '/api/v1/calls/:callId/monitor',
    {
      config: { needs: 'calls:monitor' },
      schema: {
        tags: ['supervision'],
        summary: 'Listen, whisper or barge in; or change between them',
        description: 'The own softphone is rung and answers by itself. The policy decides whether this person may.',
        params: CallParams,
        body: MonitorBody,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = personOf(request);
      await request.server.scoped.requireCall(request, request.params.callId as CallId, callOver);
      requireOk(await callCentre.monitor(request.params.callId as CallId, id, request.body.mode));
      return reply.code(204).send(null);
    },
  );
  app.delete(
    '/api/v1/calls/:callId/monitor',
    {
      config: { needs: 'calls:monitor' },
      schema: {
        tags: ['supervision'],
        summary: 'Leave the agent',
        params: CallParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      requireOk(await callCentre.endMonitor(request.params.callId as CallId, personOf(request).id));
      return reply.code(204).send(null);
    },
  );
  app.get(
    '/api/v1/monitors',
    {
      config: { needs: 'calls:monitor' },
      schema: {
        tags: ['supervision'],
        summary: 'Which supervisors are with which agents',
        response: { 200: list(MonitorSchema) },
      },
    },
    async (request) => {
      const reach = request.server.scoped.of(request);
      const all = callCentre.monitors();
      const covered = await Promise.all(
        all.map(({ callId, personId }) => !reach || personId === personOf(request).id || reach.call(callId)),
      );
      return { items: all.filter((_, at) => covered[at]), nextCursor: null };
    },
  );
}

function parkRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre } = needs;

  /** By its queue; one without by who parked it. */
  async function parkedFor(request: Request) {
    const reach = request.server.scoped.of(request);
    const all = callCentre.parked();
    if (!reach) return all;
    const covered = await Promise.all(all.map(({ queue, by }) => (queue ? reach.queue(queue) : reach.personById(by))));
    return all.filter((_, at) => covered[at]);
  }

  app.get(
    '/api/v1/parked',
    {
      config: { needs: 'queues:read' },
      schema: { tags: ['calls'], summary: 'Parked calls', response: { 200: list(ParkedSchema) } },
    },
    async (request) => ({ items: await parkedFor(request), nextCursor: null }),
  );
  app.post(
    '/api/v1/parked/:slot/retrieve',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['calls'],
        summary: 'Take a parked call to the own desk',
        params: Type.Object({ slot: Type.String({ maxLength: 8 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = deskOwnerOf(request);
      await openDesk(callCentre, id);
      const parked = (await parkedFor(request)).find(({ slot }) => slot === request.params.slot);
      if (!parked) throw new HttpProblem(404, 'This call is not parked any more.', { code: 'not-parked' });
      requireOk(await callCentre.retrieve(parked.callId, id));
      return reply.code(204).send(null);
    },
  );
}

/** What a desk chooses from. */
function choiceRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre, company, store } = needs;
  app.get(
    '/api/v1/colleagues',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'Colleagues with a desk, and whether they are free',
        response: { 200: list(ColleagueSchema) },
      },
    },
    async (request) => {
      const own = personOf(request).id;
      const reach = request.server.scoped.of(request);
      const items = (await store.people.list()).flatMap((person) => {
        const state = callCentre.desk(person.id)?.agent.state ?? 'offline';
        if (reach?.person(person) === false) return [];
        if (person.id === own || person.disabled || !hasDesk(person) || state === 'offline') return [];
        return [{ personId: person.id as string, displayName: person.displayName, state, queues: person.queues }];
      });
      return { items, nextCursor: null };
    },
  );
  app.get(
    '/api/v1/outside-places',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['desk'],
        summary: 'Places outside to which a call may be transferred',
        response: { 200: list(OutsidePlace) },
      },
    },
    async () => ({
      items: (company.outsidePlaces ?? []).map(({ name, label }) => ({ name, label })),
      nextCursor: null,
    }),
  );
  app.get(
    '/api/v1/reasons',
    {
      config: { needs: 'signed-in' },
      schema: { tags: ['desk'], summary: 'Why customers call', response: { 200: list(ReasonSchema) } },
    },
    async () => ({
      items: (needs.flows.reasons?.() ?? []).map(({ id, label, piiClass }) => ({
        ...{ id, label, piiClass },
        free: mayHandle(
          undefined,
          piiClass,
          needs.policy?.classes().map((one) => one.id),
        ),
      })),
      nextCursor: null,
    }),
  );
  app.get(
    '/api/v1/steps',
    {
      config: { needs: 'desk' },
      schema: {
        tags: ['steps'],
        summary: 'What may be told when a call is handed over',
        response: { 200: StepChoices },
      },
    },
    async () => company.steps ?? { factors: [], facts: [] },
  );
}
