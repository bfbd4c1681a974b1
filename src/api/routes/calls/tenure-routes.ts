// One active desk per person: the session over which the softphone is registered has it, on whichever node. Another computer is told
// that the desk is open elsewhere, and may take it over: what it needs to register is a ticket, and a live call comes along by
// re-attaching (call/anchor/reattach.ts).

import type { FastifyRequest } from 'fastify';
import type { SoftphoneTickets } from '../../../identity/softphone-tickets.ts';
import type { Session } from '../../../store/records.ts';
import { AskForTicket, DeskTenure, SoftphoneTicket } from '../../contracts/people.ts';
import { HttpProblem } from '../../errors.ts';
import { callerOf, softphoneOwnerOf } from '../../guard/caller.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';

const elsewhere = () =>
  new HttpProblem(409, 'This desk is open at another computer: take it over, or go on there.', {
    code: 'desk-open-elsewhere',
  });

function sessionOf(request: FastifyRequest): Session {
  const caller = callerOf(request);
  if (caller.kind !== 'session') throw new HttpProblem(403, 'This is for people, not for API keys.');
  return caller.session;
}

/** Throws where another session of this person has the desk. */
export function requireDeskHere(request: FastifyRequest, { softphone }: Pick<ApiNeeds, 'softphone'>): void {
  const holder = softphone.sessionOf?.(softphoneOwnerOf(request).id);
  if (holder !== undefined && holder !== sessionOf(request).id) throw elsewhere();
}

export function tenureRoutes(app: App, needs: ApiNeeds, tickets: Pick<SoftphoneTickets, 'mint'>): void {
  const { callCentre, identity, softphone } = needs;

  app.get(
    '/api/v1/desk/tenure',
    {
      config: { needs: 'desk' },
      schema: { tags: ['desk'], summary: 'Where the own desk is open', response: { 200: DeskTenure } },
    },
    async (request) => {
      const person = softphoneOwnerOf(request);
      const holder = softphone.sessionOf?.(person.id);
      const inCall = (callCentre.desk(person.id)?.call ?? null) !== null;
      const nobody = { since: null, userAgent: null, place: null, inCall };
      if (holder === undefined) return { desk: 'free' as const, ...nobody };
      if (holder === sessionOf(request).id) return { desk: 'here' as const, ...nobody };
      const there = (await identity.sessionsOf(person.id)).find(({ id }) => id === holder);
      return {
        desk: 'elsewhere' as const,
        since: there?.createdAt ?? null,
        userAgent: there?.userAgent ?? null,
        place: (there && needs.placeAt?.(there.address, person)) ?? null,
        inCall,
      };
    },
  );

  app.post(
    '/api/v1/desk/softphone/ticket',
    {
      config: { needs: 'desk', device: 'fresh' },
      schema: {
        tags: ['desk'],
        summary: 'A ticket for the WebSocket of the softphone',
        description:
          'Good once, within half a minute, in this session. 409 `desk-open-elsewhere` while the desk is open at another computer, ' +
          'unless it is taken over: the other one is cut off as soon as this softphone registers.',
        body: AskForTicket,
        response: { 200: SoftphoneTicket },
      },
    },
    async (request) => {
      const person = softphoneOwnerOf(request);
      const session = sessionOf(request);
      const holder = softphone.sessionOf?.(person.id);
      if (holder !== undefined && holder !== session.id) {
        if (!request.body.takeOver) throw elsewhere();
        await needs.audit?.write({
          act: 'desk-taken-over',
          by: actorOf(request),
          target: { kind: 'session', id: session.id },
          outcome: 'done',
          details: { from: holder },
        });
      }
      return tickets.mint(session);
    },
  );
}
