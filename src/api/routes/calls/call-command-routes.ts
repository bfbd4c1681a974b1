// Commands to a call: POST /api/v1/calls/{id}/commands/… An agent commands the own call, a supervisor or integrator any.

import type { FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { CommandOutcome, ConsultTarget } from '../../../call/desk.ts';
import type { CallId, PersonId } from '../../../shared/ids.ts';
import { SendDigits, SetReason } from '../../contract.ts';
import { TransferTarget } from '../../contracts/talk.ts';
import { requireOk } from '../../errors.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { type Access, requireOwnOrAny } from './call-access.ts';
import { CallParams } from './call-routes.ts';
import { isOutside, targetOf } from './talk-routes.ts';

interface Command {
  summary: string;
  /** Only whoever is on the call. */
  ownOnly?: boolean;
  /** Also a colleague who is asked about the call. */
  consultedToo?: boolean;
  body?: TSchema;
  run(
    callId: CallId,
    body: never,
    access: Access & { request: FastifyRequest },
  ): Promise<CommandOutcome> | CommandOutcome;
}

export function callCommandRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre, company } = needs;
  const commands: Record<string, Command> = {
    hold: { summary: 'Put the customer on hold', run: (id) => callCentre.hold(id) },
    resume: { summary: 'Take the customer off hold', run: (id) => callCentre.resume(id) },
    'pause-recording': {
      summary: 'Write silence into the recording from now on',
      run: (id) => callCentre.pauseRecording(id, true),
    },
    'resume-recording': {
      summary: 'Record what is said again, unless it pauses by itself',
      run: (id) => callCentre.pauseRecording(id, false),
    },
    mute: {
      summary: 'Let nobody hear the agent',
      consultedToo: true,
      run: (id, _body, access) => callCentre.setMuted(id, true, ownDesk(access)),
    },
    unmute: {
      summary: 'Let the agent be heard again',
      consultedToo: true,
      run: (id, _body, access) => callCentre.setMuted(id, false, ownDesk(access)),
    },
    hangup: {
      summary: 'End the call; while somebody is asked about it: leave it to them',
      consultedToo: true,
      run: (id, _body, { by, person }) =>
        by === 'consulted' ? callCentre.leave(id, person!.id) : callCentre.hangUp(id, by),
    },
    reject: {
      summary: 'Decline the call that is alerting',
      ownOnly: true,
      consultedToo: true,
      run: (id, _body, { person }) => callCentre.reject(id, person?.id),
    },
    attach: {
      summary: 'Ring the desk again after it went away',
      ownOnly: true,
      consultedToo: true,
      run: (id, _body, { person }) => callCentre.attach(id, person?.id),
    },
    digits: {
      summary: 'Send digits to the customer’s side',
      body: SendDigits,
      run: (id, { digits }: { digits: string }) => callCentre.sendDigits(id, digits),
    },
    transfer: {
      summary: 'Blind transfer: to a queue, a colleague, a place outside',
      body: TransferTarget,
      run: (id, body: TransferTarget, { request }) => transfer(id, targetOf(request, needs, body)),
    },
    consult: {
      summary: 'Ask somebody while the customer hears music',
      body: TransferTarget,
      run: (id, body: TransferTarget, { request }) => callCentre.consult(id, targetOf(request, needs, body)),
    },
    swap: { summary: 'From the one to the other', run: (id) => callCentre.swap(id) },
    conference: { summary: 'All three in one conversation', run: (id) => callCentre.conference(id) },
    complete: {
      summary: 'Attended transfer: leave the customer to who was asked',
      run: (id) => callCentre.completeTransfer(id),
    },
    'end-consultation': {
      summary: 'End the consultation and take the customer back',
      run: (id) => callCentre.endConsultation(id),
    },
    park: { summary: 'Park the customer at a slot', run: (id) => callCentre.park(id) },
    reason: {
      summary: 'Say what the call is about',
      body: SetReason,
      run: (id, { reason }: { reason: string }) => callCentre.setReason(id, reason),
    },
  };

  for (const [name, command] of Object.entries(commands)) {
    app.post(
      `/api/v1/calls/:callId/commands/${name}`,
      {
        config: { needs: 'signed-in' },
        schema: {
          tags: ['calls'],
          summary: command.summary,
          params: CallParams,
          ...(command.body ? { body: command.body } : {}),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const callId = request.params.callId as CallId;
        const access = await requireOwnOrAny(request, callCentre, callId, command);
        requireOk(await command.run(callId, request.body as never, { ...access, request }));
        return reply.code(204).send(null);
      },
    );
  }

  function transfer(callId: CallId, target: ConsultTarget): Promise<CommandOutcome> | CommandOutcome {
    if (isOutside(target)) return callCentre.transferOutside(callId, target);
    if ('personId' in target) return callCentre.transferToPerson(callId, target.personId);
    return company.queues.some(({ name }) => name === target.queue)
      ? callCentre.transferToQueue(callId, target.queue)
      : { kind: 'conflict', because: 'There is no such queue.' };
  }
}

/** A supervisor or program means the agent's microphone; whoever is on the call the own. */
function ownDesk({ by, person }: Access): PersonId | undefined {
  return by === 'agent' || by === 'consulted' ? person?.id : undefined;
}
