// What is unusual: caps and emergency calls, guessed passwords, blocked sources, recordings and servers in trouble. A reading of the
// event log, newest first.

import { Type } from 'typebox';
import type { Clock } from '../../../shared/clock.ts';
import type { EngawaEvent, EventType } from '../../../shared/events.ts';
import type { EventId } from '../../../shared/ids.ts';
import type { Store } from '../../../store/store.ts';
import { list } from '../../contract.ts';
import { type AlarmKind, AlarmView } from '../../contracts/alarms.ts';
import { coveredPage, PageQuery } from '../../paging.ts';
import type { App } from '../../server.ts';

const dayMs = 86_400_000;

const types = [
  ...(['emergency-dialled', 'toll-cap', 'sign-in-failed', 'source-blocked', 'recording-failed'] as const),
  ...(['recording-server-failed', 'trunk-state', 'sip-server-state', 'media-engine-state'] as const),
  ...(['media-server-state', 'help-asked'] as const),
] satisfies EventType[];

export function alarmRoutes(app: App, { store, clock }: { store: Pick<Store, 'events'>; clock: Clock }): void {
  app.get(
    '/api/v1/alarms',
    {
      config: { needs: 'alarms:read' },
      schema: {
        tags: ['alarms'],
        summary: 'What was unusual, newest first',
        querystring: Type.Object({
          ...PageQuery,
          from: Type.Optional(Type.Integer({ description: 'Epoch milliseconds; a day ago unless told.' })),
        }),
        response: { 200: list(AlarmView) },
      },
    },
    async (request) => {
      const { cursor, limit, from = clock.now() - dayMs } = request.query;
      const reach = request.server.scoped.of(request);
      return coveredPage(
        {
          ...{ limit, cursor },
          covers: async (event: EngawaEvent) => alarmOf(event) !== undefined && (!reach || (await reach.event(event))),
        },
        (size, before) =>
          store.events.read({
            ...{ types, fromMs: from, limit: size, descending: true },
            ...(before ? { before: before as EventId } : {}),
          }),
        (event) => ({ id: event.id, at: event.at, ...nothingMore, ...alarmOf(event)! }),
      );
    },
  );
}

const nothingMore = { subject: null, personId: null, callId: null, because: null };

type Alarm = { kind: AlarmKind } & Partial<Omit<AlarmView, 'id' | 'at' | 'kind'>>;

/** Undefined: all is as it should be, or nobody need look. */
function alarmOf(event: EngawaEvent): Alarm | undefined {
  switch (event.type) {
    case 'emergency-dialled':
      return { kind: 'emergency-dialled', personId: event.personId, subject: event.trunk, because: event.outcome };
    case 'help-asked':
      return event.about === 'harassment'
        ? { kind: 'harassment-reported', personId: event.personId, callId: event.callId ?? null }
        : undefined;
    case 'toll-cap': {
      const kind = event.level === 'reached' ? 'toll-cap-reached' : 'toll-cap-near';
      return { kind, subject: event.cap, personId: event.personId, because: `${event.used} of ${event.limit}` };
    }
    case 'sign-in-failed':
      return event.because === 'throttled' ? { kind: 'sign-in-throttled', subject: event.login } : undefined;
    case 'source-blocked':
      return { kind: 'source-blocked', subject: event.source, because: event.because };
    case 'recording-failed':
    case 'recording-server-failed':
      return { kind: event.type, callId: event.callId, because: event.because };
    case 'trunk-state':
      return event.up ? undefined : { kind: 'trunk-down', subject: event.trunk, because: event.because };
    case 'sip-server-state':
      return event.up ? undefined : { kind: 'server-down', subject: event.server, because: event.because };
    case 'media-engine-state':
      return event.up ? undefined : { kind: 'server-down', subject: event.engine, because: event.because };
    case 'media-server-state':
      return event.state === 'down' || event.state === 'open'
        ? { kind: 'server-down', subject: event.server, because: event.because }
        : undefined;
    default:
      return undefined;
  }
}
