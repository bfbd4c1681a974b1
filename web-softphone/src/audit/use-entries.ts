// Pages of entries, one after the other, as they are asked for.

import { useCallback, useEffect, useState } from 'react';
import { type Api, ApiProblem } from '../api/client.ts';
import type { Refused } from '../text/refusals.ts';

export interface Entries<Entry> {
  /** Undefined until the first page is there. */
  entries: Entry[] | undefined;
  hasMore: boolean;
  problem: Refused | undefined;
  /** Begins anew. */
  refresh(): void;
  more(): void;
}

/** `path` with its query; another one begins anew. */
export function useEntries<Entry>(api: Api, path: string): Entries<Entry> {
  const [entries, setEntries] = useState<Entry[]>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<Refused>();
  const read = useCallback(
    async (after: string | null) => {
      try {
        const page = await api.get<{ items: Entry[]; nextCursor: string | null }>(
          after === null ? path : `${path}${path.includes('?') ? '&' : '?'}cursor=${after}`,
        );
        setEntries((before) => (after === null ? page.items : [...(before ?? []), ...page.items]));
        setCursor(page.nextCursor);
        setProblem(undefined);
      } catch (thrown) {
        setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
      }
    },
    [api, path],
  );
  useEffect(() => void read(null), [read]);
  return {
    ...{ entries, problem, hasMore: cursor !== null },
    refresh: () => void read(null),
    more: () => void read(cursor),
  };
}
