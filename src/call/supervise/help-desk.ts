// Nobody at home is alone: who works at a desk raises a hand, the supervisors of the place see it, one of them answers with one of a
// few phrases and comes. No free text goes either way, so that nothing a customer said is written down here, and each
// reads it in the own language. A supervisor who begins to listen in has answered. Every node knows every open request: it is
// read at the start, and follows the events of all nodes.

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent, HelpAbout, HelpAnswer, HelpEnd, NewEvent } from '../../shared/events.ts';
import { type CallId, type HelpRequestId, newId, type PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { HelpRequest, HelpRequests } from '../../store/help-requests.ts';

export interface HelpDesk {
  /** One hand at a time: who has asked already goes on waiting, about this now. */
  ask(personId: PersonId, about: HelpAbout, callId: CallId | null): Promise<HelpRequest>;
  /** False: nobody asks under this name any more. */
  answer(id: HelpRequestId, by: PersonId, answer: HelpAnswer): Promise<boolean>;
  end(id: HelpRequestId, by: PersonId): Promise<boolean>;
  openOf(personId: PersonId): HelpRequest | undefined;
  byId(id: HelpRequestId): HelpRequest | undefined;
  /** Who has waited longest is first. */
  open(): HelpRequest[];
  close(): void;
}

interface Needs {
  clock: Clock;
  log: Logger;
  /** Events of all nodes are heard here. */
  events: Pick<EventLog, 'append' | 'subscribe'>;
  /** Events of this node alone: what follows from one is done by one node. */
  ownEvents: Pick<EventLog, 'subscribe'>;
  requests: HelpRequests;
}

export async function openHelpDesk({ clock, log, events, ownEvents, requests }: Needs): Promise<HelpDesk> {
  const open = new Map<HelpRequestId, HelpRequest>();
  const offs = [events.subscribe(see), ownEvents.subscribe(followUp)];
  for (const request of await requests.list({ open: true, limit: 1000 }))
    if (!open.has(request.id)) open.set(request.id, request);

  function see(event: EngawaEvent): void {
    if (event.type === 'help-asked') {
      const { helpId: id, personId, callId = null, about, at: askedAt } = event;
      if (!open.has(id)) open.set(id, { id, personId, callId, about, askedAt, ...nobodyYet });
    } else if (event.type === 'help-answered') {
      const request = open.get(event.helpId);
      const { by: answeredBy, answer } = event;
      if (request) open.set(request.id, { ...request, answeredAt: request.answeredAt ?? event.at, answeredBy, answer });
    } else if (event.type === 'help-ended') open.delete(event.helpId);
  }

  /** What nobody need do by hand. */
  function followUp(event: EngawaEvent): void {
    if (event.type === 'agent-state' && event.to === 'offline') {
      const request = openOf(event.personId);
      if (request) inBackground(ended(request, null, 'off-duty'));
    } else if (event.type === 'monitor-started' && event.agentId) {
      const request = openOf(event.agentId);
      if (request && request.answer === null) inBackground(answered(request, event.personId, 'listening'));
    }
  }

  function inBackground(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => log.warn({ err: asError(thrown) }, 'a request for help could not be kept up'));
  }

  /** Seen here at once, whichever way the event takes. */
  async function tell(event: NewEvent<'help-asked' | 'help-answered' | 'help-ended'>): Promise<void> {
    see({ ...event, id: '', at: clock.now() } as unknown as EngawaEvent);
    await events.append(event);
  }

  const answered = ({ id: helpId, personId }: HelpRequest, by: PersonId, answer: HelpAnswer) =>
    tell({ type: 'help-answered', helpId, personId, by, answer });

  const ended = ({ id: helpId, personId }: HelpRequest, by: PersonId | null, because: HelpEnd) =>
    tell({ type: 'help-ended', helpId, personId, by, because });

  const openOf = (personId: PersonId) => [...open.values()].find((request) => request.personId === personId);

  return {
    openOf,
    byId: (id) => open.get(id),
    open: () => [...open.values()].sort((a, b) => a.askedAt - b.askedAt),
    async ask(personId, about, callId) {
      const before = openOf(personId);
      if (before?.about === about) return before;
      if (before) await ended(before, personId, 'asked-anew');
      const helpId = newId('help', clock.now());
      await tell({ type: 'help-asked', helpId, personId, about, ...(callId ? { callId } : {}) });
      return open.get(helpId)!;
    },
    async answer(id, by, answer) {
      const request = open.get(id);
      if (request) await answered(request, by, answer);
      return request !== undefined;
    },
    async end(id, by) {
      const request = open.get(id);
      if (request) await ended(request, by, by === request.personId ? 'taken-back' : 'helped');
      return request !== undefined;
    },
    close() {
      for (const off of offs) off();
    },
  };
}

const nobodyYet = {
  answeredAt: null,
  answeredBy: null,
  answer: null,
  endedAt: null,
  endedBy: null,
  endedBecause: null,
} as const;
