// The live feed: GET /api/v1/feed. `event: desk` is the own desk, whole, on connect and on each change; `event: event` is
// one event with its id, `event: alive` a heartbeat. A reader that comes back says the last id it has (Last-Event-ID) and misses nothing:
//
//   backfill   what happened since, from memory or from the log, while live events are put aside
//   cut-over   what was put aside, without what the backfill has told already
//   live       as it happens; a reader that does not keep up is cut with `event: cut` and may come back
//
// If too much happened, `event: reset` says so instead of a backfill: the reader fetches its lists again.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { hasDesk } from '../../identity/permissions.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { EventId, PersonId, SessionId } from '../../shared/ids.ts';
import type { Person } from '../../store/records.ts';
import { HttpProblem } from '../errors.ts';
import { type Caller, callerOf, credentialOf, may } from '../guard/caller.ts';
import type { Reach } from '../guard/scoped.ts';
import type { ApiLimits, ApiNeeds } from '../needs.ts';
import { openDesk } from '../routes/calls/desk-routes.ts';
import type { App } from '../server.ts';
import type { Views } from '../views.ts';
import { type CutReason, type EventStream, openEventStream } from './event-stream.ts';
import { createFeedFilter, type FeedFilter } from './feed-filter.ts';
import { keepRecentEvents, type RecentEvents } from './recent-events.ts';

const mostBackfilled = 10_000;
const backfillPage = 1000;
const readerMayTakeMs = 10_000;
const queueChangesGatherMs = 250;

interface Reader {
  caller: Caller;
  stream: EventStream;
  sessionId: SessionId | undefined;
}

export interface Feed {
  readonly readers: number;
}

export function feedRoute(app: App, needs: ApiNeeds & { limits: ApiLimits }, views: Views): Feed {
  const { store, identity, clock, limits, log } = needs;
  const recent = keepRecentEvents(store.events);
  const readers = new Set<Reader>();
  const cutWhere = (which: (reader: Reader) => boolean, because: CutReason): number => {
    const those = [...readers].filter(which);
    for (const { stream } of those) stream.cut(because);
    return those.length;
  };
  const offSessions = identity.onSessionEnded(({ session }) => {
    const feeds = cutWhere(({ sessionId }) => sessionId === session.id, 'signed-out');
    if (feeds > 0) needs.devices?.cut(session.id, { feeds });
  });
  const offShut = needs.devices?.door.onShut((shut) => {
    if (shut.what === 'everything') cutWhere(({ sessionId }) => sessionId === shut.sessionId, 'replaced');
  });
  const offMoves = needs.nodes?.onPageMoves((personId) =>
    cutWhere(({ caller }) => caller.kind === 'session' && caller.person.id === personId, 'shutting-down'),
  );
  // Role, queues and limits of who reads may be others now: the page comes back at once and is told what it may see.
  const offChanges = identity.onChangedAnywhere((change) => {
    const concerns = ({ caller }: Reader) =>
      change.kind === 'person-changed'
        ? caller.kind === 'session' && caller.person.id === change.personId
        : change.kind === 'key-revoked' && caller.kind === 'key' && caller.key.id === change.id;
    cutWhere(concerns, change.kind === 'key-revoked' ? 'signed-out' : 'replaced');
  });
  app.addHook('preClose', async () => {
    cutWhere(() => true, 'shutting-down');
    offSessions();
    offShut?.();
    offChanges();
    offMoves?.();
    recent.close();
  });

  app.get(
    '/api/v1/feed',
    {
      config: { needs: 'feed:own' },
      schema: {
        tags: ['feed'],
        summary: 'What happens, as it happens (Server-Sent Events)',
        description:
          '`event: desk` carries a DeskView, `event: event` an event with its `id`. Come back with Last-Event-ID, or `after`.',
        querystring: Type.Object({ after: Type.Optional(Type.String({ pattern: '^v_[0-9a-f]{32}$' })) }),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (needs.nodes?.isDraining())
        throw new HttpProblem(503, 'This node is about to be stopped; another one answers.');
      const since = lastEventId(request);
      const person = caller.kind === 'session' ? caller.person : undefined;
      if (person && hasDesk(person)) await openDesk(needs.callCentre, person.id);
      makeRoom(readers, caller, limits.feedsPerCredential);
      reply.hijack();
      const stream = openEventStream(request.raw, reply.raw, limits.feedBacklogBytes);
      const reader: Reader = { caller, stream, sessionId: caller.kind === 'session' ? caller.session.id : undefined };
      readers.add(reader);
      const heart = clock.every(limits.feedHeartbeatMs, () => beat(needs, reader, request.headers.authorization));
      const offDesk = person && hasDesk(person) ? followDesk(needs, views, stream, person) : () => {};
      const offEvents = followEvents(needs, recent, stream, { caller, reach: app.scoped.ofCaller(caller) }, since);
      stream.onClose(() => {
        readers.delete(reader);
        heart.cancel();
        offDesk();
        offEvents();
      });
      log.debug({ readers: readers.size }, 'a feed was opened');
    },
  );

  return {
    get readers() {
      return readers.size;
    },
  };
}

function lastEventId(request: FastifyRequest): EventId | undefined {
  const header = request.headers['last-event-id'];
  const given = typeof header === 'string' && header !== '' ? header : (request.query as { after?: string }).after;
  if (given !== undefined && !/^v_[0-9a-f]{32}$/.test(given))
    throw new HttpProblem(400, 'Last-Event-ID is not the id of an event.');
  return given as EventId | undefined;
}

/** A reader that lost its connection comes back before the old one is known to be dead: that one makes room. */
function makeRoom(readers: ReadonlySet<Reader>, caller: Caller, most: number): void {
  const own = [...readers].filter((reader) => credentialOf(reader.caller) === credentialOf(caller));
  for (const { stream } of own.slice(0, Math.max(0, own.length - most + 1))) stream.cut('replaced');
}

/** Also keeps the session of a desk at work from becoming idle, and notices that a key was revoked. */
function beat(needs: ApiNeeds, { caller, stream, sessionId }: Reader, authorization: string | undefined): void {
  stream.heartbeat(needs.clock.now());
  if (caller.kind === 'session') {
    const state = needs.callCentre.desk(caller.person.id)?.agent.state ?? 'offline';
    if (sessionId && state !== 'offline' && state !== 'not-ready') needs.identity.touch(sessionId);
    return;
  }
  needs.identity.byApiKey(authorization?.slice('Bearer '.length) ?? '').then(
    (holder) => {
      if (!holder) stream.cut('signed-out');
    },
    (thrown) => needs.log.debug({ err: asError(thrown) }, 'a key could not be looked up'),
  );
}

/** The desk, whole: now, when it changes, and when the queues it serves change. */
function followDesk(needs: ApiNeeds, views: Views, stream: EventStream, person: Person): () => void {
  const { callCentre, clock, store } = needs;
  const send = () => {
    const desk = callCentre.desk(person.id);
    if (desk) stream.send({ event: 'desk', data: views.desk(person, desk) });
  };
  let gathering: { cancel(): void } | undefined;
  const offs = [
    callCentre.onDesk((personId) => {
      if (personId === person.id) send();
    }),
    store.events.subscribe((event) => {
      if (isOfHelp(event) && event.personId === person.id) send();
      if (event.type !== 'queue-entered' && event.type !== 'queue-left') return;
      gathering ??= clock.after(queueChangesGatherMs, () => {
        gathering = undefined;
        send();
      });
    }),
    () => gathering?.cancel(),
  ];
  send();
  return () => {
    for (const off of offs) off();
  };
}

const isOfHelp = (event: EngawaEvent) =>
  event.type === 'help-asked' || event.type === 'help-answered' || event.type === 'help-ended';

function followEvents(
  needs: ApiNeeds,
  recent: RecentEvents,
  stream: EventStream,
  { caller, reach }: { caller: Caller; reach: Reach | undefined },
  since: EventId | undefined,
): () => void {
  const own = may(caller, 'feed:all') || caller.kind !== 'session' ? undefined : caller.person.id;
  const filter = createFeedFilter({ own });
  let aside: EngawaEvent[] | undefined = [];
  /** What the backfill has told, until the cut-over. */
  const backfilled = new Set<EventId>();

  /** Who is limited is told in the same order, each event once it is known whether it is covered. */
  let telling = Promise.resolve();
  function tell(event: EngawaEvent): Promise<void> | void {
    if (!reach) return pass(event);
    telling = telling.then(async () => {
      if (stream.open && (await reach.event(event))) pass(event);
    });
    telling = telling.catch((thrown) => {
      needs.log.warn({ err: asError(thrown) }, 'an event could not be told to a limited reader');
      stream.cut('fault');
    });
    return telling;
  }

  function pass(event: EngawaEvent): void {
    const told = filter.pass(event);
    if (told) stream.send({ event: 'event', id: event.id, data: told });
  }

  const off = needs.store.events.subscribe((event) => {
    if (aside) aside.push(event);
    else void tell(event);
  });

  /** At the reader's pace. */
  async function tellAll(events: readonly EngawaEvent[]): Promise<void> {
    for (const event of events) {
      await tell(event);
      const drained = stream.drained(readerMayTakeMs);
      if (drained !== true && !(await drained)) return stream.cut('slow-reader');
    }
  }

  async function catchUp(): Promise<void> {
    await knowOwnCalls(needs, filter, own, since);
    const tellOnce = async (events: readonly EngawaEvent[]) => {
      const fresh = events.filter(({ id }) => id !== since && !backfilled.has(id));
      for (const { id } of fresh) backfilled.add(id);
      await tellAll(fresh);
    };
    if (since !== undefined) await backfill(needs, recent, stream, since, tellOnce);
    while (aside && aside.length > 0 && stream.open) await tellOnce(aside.splice(0));
    // Nothing can happen between finding it empty and this.
    aside = undefined;
    backfilled.clear();
  }
  catchUp().catch((thrown) => {
    needs.log.warn({ err: asError(thrown) }, 'a feed could not be brought up to date');
    stream.cut('fault');
  });
  return off;
}

/** Which calls an agent had at the point from which it reads on. */
async function knowOwnCalls(
  { store, callCentre }: ApiNeeds,
  filter: FeedFilter,
  own: PersonId | undefined,
  since: EventId | undefined,
): Promise<void> {
  if (own === undefined) return;
  if (since === undefined) {
    const callId = callCentre.desk(own)?.call?.id;
    if (callId) filter.owns(callId);
    return;
  }
  const before = await store.events.read({ personId: own, upTo: since, descending: true, limit: 50 });
  for (const event of before.reverse()) filter.pass(event);
}

async function backfill(
  { store }: ApiNeeds,
  recent: RecentEvents,
  stream: EventStream,
  since: EventId,
  tellAll: (events: readonly EngawaEvent[]) => Promise<void>,
): Promise<void> {
  const remembered = recent.after(since);
  if (remembered) return tellAll(remembered);
  let after = since;
  for (let told = 0; told < mostBackfilled; told += backfillPage) {
    const events = await store.events.read({ after, limit: backfillPage });
    await tellAll(events);
    if (events.length < backfillPage || !stream.open) return;
    after = events.at(-1)!.id;
  }
  stream.send({ event: 'reset', data: { because: 'too-much-happened' } });
}
