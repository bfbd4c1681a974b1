// What the wallboard shows, fetched again when something happened (the live feed says so) and every now and then.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { AgentRow, QueueView, RecordingView } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { openFeed } from '../api/feed.ts';
import { serverNow } from '../state/now.ts';
import type { Refused } from '../text/refusals.ts';

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
  failed: boolean;
  /** When the figures were read, in the server's time. */
  readAt: number;
  changeState(personId: string, state: 'available' | 'not-ready' | 'offline'): Promise<Refused | undefined>;
}

/** Events come in bursts; one look is enough for a burst. */
const gatherMs = 300;
const anywayMs = 15_000;
const recordingsShown = 12;

type Lists = Pick<Board, 'agents' | 'queues' | 'trunks' | 'recordings' | 'failed' | 'readAt'>;
const nothing: Lists = {
  agents: undefined,
  queues: undefined,
  trunks: undefined,
  recordings: undefined,
  failed: false,
  readAt: 0,
};

export function useBoard(api: Api): Board {
  const [lists, setLists] = useState<Lists>(nothing);
  const gathering = useRef<ReturnType<typeof setTimeout>>(undefined);

  const read = useCallback(async () => {
    const items = async <T>(path: string) => (await api.get<{ items: T[] }>(path)).items;
    try {
      const [agents, queues, trunks, recordings] = await Promise.all([
        items<AgentRow>('/agents'),
        items<QueueView>('/queues'),
        items<TrunkRow>('/trunks'),
        items<RecordingView>(`/recordings?limit=${recordingsShown}`),
      ]);
      setLists({ agents, queues, trunks, recordings, failed: false, readAt: serverNow() });
    } catch (thrown) {
      // Shown; the next event or the next quarter of a minute tries again.
      if (thrown instanceof ApiProblem) setLists((before) => ({ ...before, failed: true }));
      else throw thrown;
    }
  }, [api]);

  useEffect(() => {
    const soon = () => {
      gathering.current ??= setTimeout(() => {
        gathering.current = undefined;
        void read();
      }, gatherMs);
    };
    void read();
    const feed = openFeed(['event', 'reset', 'cut'], { state: () => {}, opened: soon, message: soon });
    const anyway = setInterval(() => void read(), anywayMs);
    return () => {
      feed.close();
      clearInterval(anyway);
      clearTimeout(gathering.current);
      gathering.current = undefined;
    };
  }, [read]);

  return {
    ...lists,
    async changeState(personId, state) {
      try {
        await api.put(`/agents/${personId}/state`, { state, because: 'supervisor' });
        void read();
        return undefined;
      } catch (thrown) {
        return thrown instanceof ApiProblem ? thrown.code : 'page-fault';
      }
    },
  };
}
