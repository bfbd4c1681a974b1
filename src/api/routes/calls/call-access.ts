// Whether somebody may command a call: the own one, or any.

import type { FastifyRequest } from 'fastify';
import type { CallCentre } from '../../../call/desk.ts';
import type { CallId } from '../../../shared/ids.ts';
import type { Person } from '../../../store/records.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, may } from '../../guard/caller.ts';

export type CommandedBy = 'agent' | 'consulted' | 'supervisor' | 'integrator';

export interface Access {
  by: CommandedBy;
  /** Undefined: a program. */
  person: Person | undefined;
}

/**
 * `ownOnly`: only whoever is on the call. `consultedToo`: also a colleague who is asked about it. Throws what is answered for a
 * call that is over: nothing is told about other people's calls.
 */
export async function requireOwnOrAny(
  request: FastifyRequest,
  callCentre: Pick<CallCentre, 'partOf'>,
  callId: CallId,
  { ownOnly = false, consultedToo = false }: { ownOnly?: boolean; consultedToo?: boolean } = {},
): Promise<Access> {
  const caller = callerOf(request);
  const person = caller.kind === 'session' ? caller.person : undefined;
  const part = person && callCentre.partOf(callId, person.id);
  if (may(caller, 'calls:command-own')) {
    if (part === 'agent') return { by: 'agent', person };
    if (part === 'consulted' && consultedToo) return { by: 'consulted', person };
  }
  if (ownOnly || !may(caller, 'calls:command-any')) throw callOver();
  await request.server.scoped.requireCall(request, callId, callOver);
  return { by: person ? 'supervisor' : 'integrator', person };
}

export const callOver = () => new HttpProblem(404, 'There is no such call, or it is over.', { code: 'call-over' });
