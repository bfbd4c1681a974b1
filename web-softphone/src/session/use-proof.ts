// Something that somebody proves, sets or enrols: whether it is under way, and in words what was refused.

import { useState } from 'react';
import { ApiProblem } from '../api/client.ts';
import { refusal, useWords } from '../text/language.tsx';

export interface ProofState {
  busy: boolean;
  problem: string;
  /** Resolves with true when it worked. */
  run(work: () => Promise<void>): Promise<boolean>;
}

export function useProof(): ProofState {
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  function wordsOf(thrown: unknown): string {
    // What the browser says of a passkey, such as that the person closed its window.
    if (!(thrown instanceof ApiProblem)) return words.signInParts.stepUp.passkeyFailed;
    if (thrown.status === 429) return words.signIn.throttled(thrown.retryAfterSeconds ?? 60);
    return refusal(words, thrown.code);
  }

  return {
    busy,
    problem,
    async run(work) {
      setBusy(true);
      setProblem('');
      try {
        await work();
        return true;
      } catch (thrown) {
        // Whoever was asked to step up and would rather not has said so.
        if (!(thrown instanceof ApiProblem && thrown.code === 'step-up-needed')) setProblem(wordsOf(thrown));
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
