// What the wallboard shows, fetched again when something happened (the live feed says so) and every now and then.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { AgentRow, QueueView, RecordingView } from '../../../src/api/contract.ts';
import type { AlarmView } from '../../../src/api/contracts/alarms.ts';
import type { CalendarView } from '../../../src/api/contracts/flow.ts';
import type { HelpView } from '../../../src/api/contracts/help.ts';
import type { DecisionView } from '../../../src/api/contracts/policy.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { openFeed } from '../api/feed.ts';
import { serverNow } from '../state/now.ts';
import type { Refused } from '../text/refusals.ts';
import type { ListRow } from './list-table.tsx';
import type { OperationNow } from './operation-card.tsx';
import { createOwnPhone, type OwnPhone } from './own-phone.ts';
import type { ParkedRow } from './parked-table.tsx';
import type { CallbackRow, MessageRow } from './waiting-tables.tsx';

export interface TrunkRow {
  name: string;
  up: boolean;
  activeCalls: number;
}

export interface Board {
  agents: AgentRow[] | undefined;
  queues: QueueView[] | undefined;
  trunks: TrunkRow[] | undefined;
  recordings: RecordingView[] | undefined;
  operation: OperationNow | undefined;
  decisions: DecisionView[] | undefined;
  alarms: AlarmView[] | undefined;
  lists: ListRow[] | undefined;
  parked: ParkedRow[] | undefined;
  monitors: MonitorRow[] | undefined;
  calendars: CalendarView[] | undefined;
  callbacks: CallbackRow[] | undefined;
  messages: MessageRow[] | undefined;
  hands: HelpView[] | undefined;
  failed: boolean;
  /** When the figures were read, in the server's time. */
  readAt: number;
  changeState(personId: string, state: 'available' | 'not-ready' | 'offline'): Promise<Refused | undefined>;
  /** Null leaves the agent alone again. */
  monitor(callId: string, mode: MonitorMode | null): Promise<Refused | undefined>;
  readAgain(): void;
}

export type MonitorMode = 'listen' | 'whisper' | 'barge';
export interface MonitorRow {
  callId: string;
  personId: string;
  mode: MonitorMode;
}

/** Events come in bursts; one look at people and queues is enough for a burst. In a busy centre they never stop. */
const gatherMs = 1000;
/** The rest changes less, and is looked at less: the server counts requests. */
const restEveryMs = 5000;
const anywayMs = 15_000;
const recordingsShown = 12;
const decisionsShown = 12;
const alarmsShown = 8;

type Lists = Omit<Board, 'changeState' | 'monitor' | 'readAgain'>;
const nothing: Lists = {
  agents: undefined,
  queues: undefined,
  trunks: undefined,
  recordings: undefined,
  operation: undefined,
  decisions: undefined,
  alarms: undefined,
  lists: undefined,
  parked: undefined,
  monitors: undefined,
  calendars: undefined,
  callbacks: undefined,
  messages: undefined,
  hands: undefined,
  failed: false,
  readAt: 0,
};

/** `withPhone`: there is no desk whose softphone can be rung. Whoever may not monitor does not ask: refusals are kept. */
export function useBoard(api: Api, { withPhone, mayMonitor }: { withPhone: boolean; mayMonitor: boolean }): Board {
  const [lists, setLists] = useState<Lists>(nothing);
  const phone = useRef<OwnPhone>(undefined);
  const gathering = useRef<ReturnType<typeof setTimeout>>(undefined);

  /** Something happened since the rest was read, and when that was. */
  const rest = useRef({ stale: true, readAt: 0 });

  const read = useCallback(
    async (what: 'moving' | 'all') => {
      try {
        const fetched = { ...(await moving(api, mayMonitor)), ...(what === 'all' ? await slower(api) : {}) };
        if (what === 'all') rest.current = { stale: false, readAt: Date.now() };
        setLists((before) => ({ ...before, ...fetched, failed: false, readAt: serverNow() }));
      } catch (thrown) {
        // Shown; the next event or the next quarter of a minute tries again.
        if (thrown instanceof ApiProblem) setLists((before) => ({ ...before, failed: true }));
        else throw thrown;
      }
    },
    [api, mayMonitor],
  );

  useEffect(() => {
    const soon = () => {
      rest.current.stale = true;
      gathering.current ??= setTimeout(() => {
        gathering.current = undefined;
        void read('moving');
      }, gatherMs);
    };
    void read('all');
    const feed = openFeed(['event', 'reset', 'cut'], { state: () => {}, opened: soon, message: soon });
    const anyway = setInterval(() => {
      if (rest.current.stale || Date.now() - rest.current.readAt >= anywayMs) void read('all');
    }, restEveryMs);
    return () => {
      feed.close();
      clearInterval(anyway);
      clearTimeout(gathering.current);
      gathering.current = undefined;
      phone.current?.stop();
      phone.current = undefined;
    };
  }, [read]);

  async function attempt(act: () => Promise<unknown>): Promise<Refused | undefined> {
    try {
      await act();
      void read('all');
      return undefined;
    } catch (thrown) {
      return thrown instanceof ApiProblem ? thrown.code : 'page-fault';
    }
  }

  return {
    ...lists,
    changeState: (personId, state) =>
      attempt(() => api.put(`/agents/${personId}/state`, { state, because: 'supervisor' })),
    monitor: (callId, mode) =>
      attempt(async () => {
        if (mode !== null && withPhone) {
          phone.current ??= createOwnPhone(api);
          await phone.current.ready();
        }
        await (mode === null ? api.delete(`/calls/${callId}/monitor`) : api.put(`/calls/${callId}/monitor`, { mode }));
      }),
    readAgain: () => void read('all'),
  };
}

const items = async <T>(api: Api, path: string) => (await api.get<{ items: T[] }>(path)).items;

/** What a supervisor watches. */
const moving = (api: Api, mayMonitor: boolean) =>
  together({
    agents: items<AgentRow>(api, '/agents'),
    queues: items<QueueView>(api, '/queues'),
    hands: maybe(items<HelpView>(api, '/help-requests?open=true')),
    parked: maybe(items<ParkedRow>(api, '/parked')),
    monitors: mayMonitor ? maybe(items<MonitorRow>(api, '/monitors')) : Promise.resolve(undefined),
  });

const slower = (api: Api) =>
  together({
    trunks: items<TrunkRow>(api, '/trunks'),
    recordings: items<RecordingView>(api, `/recordings?limit=${recordingsShown}`),
    operation: maybe(api.get<OperationNow>('/operation')),
    decisions: maybe(items<DecisionView>(api, `/decisions?limit=${decisionsShown}`)),
    alarms: maybe(items<AlarmView>(api, `/alarms?limit=${alarmsShown}`)),
    lists: maybe(listsWithFigures(api)),
    calendars: maybe(items<CalendarView>(api, '/calendars')),
    callbacks: maybe(items<CallbackRow>(api, '/callbacks?waiting=true')),
    messages: maybe(items<MessageRow>(api, '/voicemails?open=true')),
  });

async function together<T extends object>(asked: { [Name in keyof T]: Promise<T[Name]> }): Promise<T> {
  const names = Object.keys(asked) as (keyof T)[];
  const values = await Promise.all(names.map((name) => asked[name]));
  return Object.fromEntries(names.map((name, index) => [name, values[index]])) as T;
}

/** What this role may not see, or this server does not have, is left out of the page. */
function maybe<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((thrown: unknown) => {
    if (thrown instanceof ApiProblem && (thrown.status === 403 || thrown.status === 404)) return undefined;
    throw thrown;
  });
}

async function listsWithFigures(api: Api): Promise<ListRow[]> {
  const { items } = await api.get<{ items: ListRow[] }>('/call-lists');
  return Promise.all(
    items
      .filter(({ state }) => state !== 'ended')
      .map(async (list) => ({
        ...list,
        figures: await maybe(api.get<NonNullable<ListRow['figures']>>(`/call-lists/${list.id}/figures`)),
      })),
  );
}
