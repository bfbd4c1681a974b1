// Until when the recordings of a list are kept, asked for with each page of the list; nobody is asked who may not know.

import { useEffect, useState } from 'react';
import type { RecordingLifeBrief } from '../../../../src/api/contracts/recording-life.ts';
import { type Api, ApiProblem } from '../../api/client.ts';

const mostAtOnce = 100;

export type Lives = ReadonlyMap<string, RecordingLifeBrief>;

/** `looks` is another number when something has changed. */
export function useLives(api: Api, ids: readonly string[] | undefined, mayKnow: boolean, looks: number): Lives {
  const [lives, setLives] = useState<Lives>(new Map());
  const asked = ids?.join(',') ?? '';
  // biome-ignore lint/correctness/useExhaustiveDependencies: `looks` asks again
  useEffect(() => {
    if (!mayKnow || asked === '') return;
    let wanted = true;
    const all = asked.split(',');
    const pages = Array.from({ length: Math.ceil(all.length / mostAtOnce) }, (_, page) =>
      all.slice(page * mostAtOnce, (page + 1) * mostAtOnce),
    );
    Promise.all(
      pages.map((page) => api.get<{ items: RecordingLifeBrief[] }>(`/recording-lives?ids=${page.join(',')}`)),
    ).then(
      (answers) => wanted && setLives(new Map(answers.flatMap(({ items }) => items).map((life) => [life.id, life]))),
      (thrown: unknown) => {
        // The list does without.
        if (!(thrown instanceof ApiProblem)) throw thrown;
      },
    );
    return () => {
      wanted = false;
    };
  }, [api, asked, mayKnow, looks]);
  return lives;
}
