// Commands to a call: POST /api/v1/calls/{id}/commands/… An agent commands the own call, a supervisor or integrator any.

import type { FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { CommandOutcome } from '../../call/desk.ts';
import type { CallId } from '../../shared/ids.ts';
import { callerOf, may } from '../caller.ts';
import { SendDigits, SetReason, TransferCall } from '../contract.ts';
import { HttpProblem, requireOk } from '../errors.ts';
import type { ApiNeeds } from '../needs.ts';
import type { App } from '../server.ts';
import { CallParams } from './call-routes.ts';

type CommandedBy = 'agent' | 'supervisor' | 'integrator';

interface Command {
  summary: string;
  /** Only whoever is on the call. */
  ownOnly?: boolean;
  body?: TSchema;
  run(callId: CallId, body: never, by: CommandedBy): Promise<CommandOutcome> | CommandOutcome;
}

export function callCommandRoutes(app: App, needs: ApiNeeds): void {
  const { callCentre, company } = needs;
  const commands: Record<string, Command> = {
    hold: { summary: 'Put the customer on hold', run: (id) => callCentre.hold(id) },
    resume: { summary: 'Take the customer off hold', run: (id) => callCentre.resume(id) },
    mute: { summary: 'Let the customer not hear the agent', run: (id) => callCentre.setMuted(id, true) },
    unmute: { summary: 'Let the customer hear the agent again', run: (id) => callCentre.setMuted(id, false) },
    hangup: { summary: 'End the call', run: (id, _body, by) => callCentre.hangUp(id, by) },
    reject: { summary: 'Decline the call that is alerting', ownOnly: true, run: (id) => callCentre.reject(id) },
    attach: { summary: 'Ring the desk again after it went away', ownOnly: true, run: (id) => callCentre.attach(id) },
    digits: {
      summary: 'Send digits to the customer’s side',
      body: SendDigits,
      run: (id, { digits }: { digits: string }) => callCentre.sendDigits(id, digits),
    },
    transfer: {
      summary: 'Transfer to a queue',
      body: TransferCall,
      run: (id, { queue }: { queue: string }) =>
        company.queues.some(({ name }) => name === queue)
          ? callCentre.transferToQueue(id, queue)
          : { kind: 'conflict', because: 'There is no such queue.' },
    },
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
        const by = requireCommand(request, callId, command);
        requireOk(await command.run(callId, request.body as never, by));
        return reply.code(204).send(null);
      },
    );
  }

  function requireCommand(request: FastifyRequest, callId: CallId, { ownOnly = false }: Command): CommandedBy {
    const caller = callerOf(request);
    const own = caller.kind === 'session' && callCentre.agentOf(callId) === caller.person.id;
    if (own && may(caller, 'calls:command-own')) return 'agent';
    if (!ownOnly && may(caller, 'calls:command-any')) return caller.kind === 'session' ? 'supervisor' : 'integrator';
    // The same answer as for a call that is over: nothing is told about other people's calls.
    throw new HttpProblem(404, 'There is no such call, or it is over.', { code: 'call-over' });
  }
}
