// People working on outbound call lists: the next customer, the call, what came of it. An agent sees an alias, facts that the
// company chose and a script, never a number.
//
// Which customer is whose is kept in the database, so it holds over nodes and restarts. Which list a person works on lives in
// the node that was told, and is told again by the page when it comes back. Calls are placed one for one by `dial`: the agent is on the line
// before the customer's telephone rings, so nobody who answers is met by silence.

import { afterAttempt, outcomeOf } from '../../routing/call-list.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { CallId, CallListId, ListEntryId, PersonId } from '../../shared/ids.ts';
import type { AttemptOutcome, CallList, Disposition, ListEntry } from '../../store/call-lists.ts';
import type { CommandOutcome } from '../desk.ts';
import type { Refusal } from '../outbound/refusals.ts';
import { createDuty, type ListNeeds } from './list-duty.ts';

/** What a desk shows of the list that the person works on. */
export interface ListAtDesk {
  list: CallList;
  /** The customer shown, being called, or just talked to. */
  entry: ListEntry | null;
  /** Why there is nobody at the moment; null while there is somebody. */
  because: Refusal | null;
}

export interface CallListWork {
  /** Begins work on a list, or ends it (null): a customer who is only shown goes back. */
  choose(personId: PersonId, listId: CallListId | null): Promise<CommandOutcome>;
  atDesk(personId: PersonId): Promise<ListAtDesk | null>;
  /** Shows the customer who is due longest. */
  next(personId: PersonId): Promise<CommandOutcome>;
  /** Calls the customer shown. */
  call(personId: PersonId): Promise<{ kind: 'ok'; callId: CallId } | Exclude<CommandOutcome, { kind: 'ok' }>>;
  /** The customer shown goes back to the list, for a while. */
  skip(personId: PersonId): Promise<CommandOutcome>;
  /** What came of the answered call, during it or after. */
  judge(personId: PersonId, said: { disposition: Disposition; againAt?: number }): Promise<CommandOutcome>;
  close(): void;
}

interface CallOfList {
  entryId: ListEntryId;
  list: CallList;
  personId: PersonId;
  /** Settles when the attempt is written down. */
  written: Promise<boolean>;
  answeredAt: number | null;
}

/** Long enough to read and to think; a page that is gone does not keep a customer for itself. */
const shownForMs = 15 * 60_000;
const skippedForMs = 30 * 60_000;
const sweepEveryMs = 30_000;
/** How long a node has to say itself what became of its call, before another one looks into the call record. */
const nodesOwnMs = 60_000;

const conflict = (because: Refusal): { kind: 'conflict'; because: Refusal } => ({ kind: 'conflict', because });
const ok: CommandOutcome = { kind: 'ok' };

export function createCallListWork(needs: ListNeeds): CallListWork {
  const { clock, log, lists, callCentre } = needs;
  const chosen = new Map<PersonId, CallListId>();
  const calls = new Map<CallId, CallOfList>();
  const duty = createDuty(needs);

  async function listOf(personId: PersonId): Promise<CallList | undefined> {
    const id = chosen.get(personId);
    return id === undefined ? undefined : lists.byId(id);
  }

  async function next(personId: PersonId): Promise<CommandOutcome> {
    const list = await listOf(personId);
    if (!list) return conflict('There is no such call list.');
    const refused = await duty.refusal(personId, list);
    if (refused) return refused;
    const present = await lists.entryOf(personId);
    if (present?.state === 'calling') return conflict('Say first what came of the last call.');
    if (present) return ok;
    const now = clock.now();
    const entry = await lists.reserve({ listId: list.id, personId, now, until: now + shownForMs });
    return entry ? ok : conflict('Nobody on this list is due at the moment.');
  }

  async function call(personId: PersonId): ReturnType<CallListWork['call']> {
    const entry = await lists.entryOf(personId);
    if (entry?.state === 'calling') return conflict('Say first what came of the last call.');
    const list = entry && (await lists.byId(entry.listId));
    if (!entry || !list) return conflict('Take the next customer of the list first.');
    const refused = await duty.refusal(personId, list);
    if (refused) return refused;
    if ((await lists.doNotCall([entry.alias])).size > 0) {
      await lists.settle(entry.id, { kind: 'close', because: 'do-not-call' });
      return conflict('This customer is not to be called any more.');
    }
    const { presentedNumber, reason } = list;
    const placed = await callCentre.dial(personId, { alias: entry.alias }, { presentedNumber, reason });
    if (placed.kind === 'forbidden' || placed.kind === 'not-found')
      await lists.settle(entry.id, { kind: 'close', because: 'not-dialable' });
    if (placed.kind !== 'ok') return placed;
    const { callId } = placed;
    const attempt = { entryId: entry.id, listId: list.id, callId, personId, at: clock.now() };
    const written = lists.called(attempt).catch((thrown: unknown) => {
      log.error({ err: asError(thrown), callId }, 'an attempt of a call list could not be written down');
      return false;
    });
    calls.set(callId, { entryId: entry.id, list, personId, written, answeredAt: null });
    await written;
    return { kind: 'ok', callId };
  }

  async function ended(callId: CallId, call: CallOfList, outcome: AttemptOutcome, talkMs: number): Promise<void> {
    await call.written;
    const entry = await lists.setOutcome(callId, outcome, talkMs);
    if (entry && outcome !== 'answered') await settle(call.list, entry, outcome);
    if (outcome !== 'answered') void progress(call.personId);
  }

  async function settle(
    list: CallList,
    entry: ListEntry,
    result: AttemptOutcome | Disposition,
    againAt?: number,
  ): Promise<void> {
    const attempt = {
      attempts: entry.attempts,
      result,
      at: clock.now(),
      ...(againAt === undefined ? {} : { againAt }),
    };
    await lists.settle(entry.id, afterAttempt(list.retry, attempt));
  }

  function hear(event: EngawaEvent): void {
    if (event.type !== 'customer-answered' && event.type !== 'call-ended') return;
    const call = calls.get(event.callId);
    if (!call) return;
    if (event.type === 'customer-answered') {
      call.answeredAt = event.at;
      return;
    }
    calls.delete(event.callId);
    const outcome = call.answeredAt === null ? outcomeOf(event.cause) : 'answered';
    const talkMs = call.answeredAt === null ? 0 : event.at - call.answeredAt;
    unattended('write down what became of a call of a list', ended(event.callId, call, outcome, talkMs));
  }

  /** Progressive lists: whoever is available and has nobody gets the next customer called. */
  const busy = new Set<PersonId>();
  async function progress(personId: PersonId): Promise<void> {
    if (!chosen.has(personId) || busy.has(personId)) return;
    const desk = callCentre.desk(personId);
    if (desk?.agent.state !== 'available' || desk.call) return;
    busy.add(personId);
    try {
      const list = await listOf(personId);
      if (list?.mode !== 'progressive' || (await next(personId)).kind !== 'ok') return;
      const placed = await call(personId);
      if (placed.kind !== 'ok')
        log.debug({ personId, because: placed }, 'the next customer of a list is not called yet');
    } finally {
      busy.delete(personId);
    }
  }

  async function letGo(personId: PersonId): Promise<void> {
    chosen.delete(personId);
    const entry = await lists.entryOf(personId);
    if (entry?.state === 'reserved') await lists.release(entry.id, personId, entry.notBefore);
  }

  async function sweep(): Promise<void> {
    const now = clock.now();
    await lists.releaseOverdue(now);
    for (const { entry, answered, talkMs } of await lists.forgotten(now - nodesOwnMs)) {
      if (calls.has(entry.callId!)) continue;
      const outcome = answered ? 'answered' : 'failed';
      const known = await lists.setOutcome(entry.callId!, outcome, talkMs);
      const list = known && (await lists.byId(entry.listId));
      if (known && list && !answered) await settle(list, known, outcome);
    }
    for (const personId of chosen.keys()) await progress(personId);
  }

  function unattended(what: string, work: Promise<unknown>): void {
    work.catch((thrown: unknown) => log.warn({ err: asError(thrown), what }, 'a step of a call list failed'));
  }

  const offs = [
    needs.events.subscribe(hear),
    callCentre.onDesk((personId, { agent }) => {
      if (!chosen.has(personId)) return;
      unattended('go on with the list', agent.state === 'offline' ? letGo(personId) : progress(personId));
    }),
  ];
  const timer = clock.every(sweepEveryMs, () => unattended('look after call lists', sweep()));

  return {
    async choose(personId, listId) {
      if (listId === null) {
        await letGo(personId);
        return ok;
      }
      const list = await lists.byId(listId);
      if (!list) return { kind: 'not-found' };
      const refused = await duty.whoMayNot(personId, list);
      if (refused) return refused;
      if (chosen.get(personId) !== listId) await letGo(personId);
      chosen.set(personId, listId);
      unattended('begin with the list', progress(personId));
      return ok;
    },
    async atDesk(personId) {
      const entry = (await lists.entryOf(personId)) ?? null;
      const list = entry ? await lists.byId(entry.listId) : await listOf(personId);
      if (!list) return null;
      const refused = entry ? undefined : await duty.refusal(personId, list);
      const because = entry ? null : (refused?.because ?? null);
      return { list, entry, because };
    },
    next,
    call,
    async skip(personId) {
      const entry = await lists.entryOf(personId);
      const back = entry && (await lists.release(entry.id, personId, clock.now() + skippedForMs));
      return back ? ok : conflict('Take the next customer of the list first.');
    },
    async judge(personId, { disposition, againAt }) {
      const entry = await lists.entryOf(personId);
      const talking = entry?.callId ? calls.get(entry.callId) : undefined;
      const answered = entry?.lastOutcome === 'answered' || (talking && talking.answeredAt !== null);
      const list = entry && (await lists.byId(entry.listId));
      if (!entry?.callId || !list || entry.state !== 'calling' || !answered)
        return conflict('There is no answered call of a list to say anything about.');
      await lists.setDisposition(entry.callId, disposition);
      if (disposition === 'do-not-call')
        await lists.addDoNotCall([{ alias: entry.alias, because: 'asked for in a call', since: clock.now() }]);
      await settle(list, entry, disposition, againAt);
      unattended('go on with the list', progress(personId));
      return ok;
    },
    close() {
      for (const off of offs) off();
      timer.cancel();
    },
  };
}
