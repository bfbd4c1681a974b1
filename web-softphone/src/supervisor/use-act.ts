// A supervisor's request to the server: what was refused is kept, to be said in words; what worked is followed by a new look.

import { useState } from 'react';
import { ApiProblem } from '../api/client.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';

export interface Act {
  /** In words; undefined while nothing was refused. */
  refused: string | undefined;
  act(change: () => Promise<unknown>): Promise<void>;
}

export function useAct(onChanged: () => void): Act {
  const { words } = useLanguage();
  const [problem, setProblem] = useState<Refused>();
  return {
    refused: problem && refusal(words, problem),
    async act(change) {
      try {
        await change();
        setProblem(undefined);
        onChanged();
      } catch (thrown) {
        setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
      }
    },
  };
}
