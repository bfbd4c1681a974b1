// Something fetched when a part of the page comes up, and again when `key` changes. What cannot be fetched stays undefined: the part
// then shows nothing to choose.

import { useEffect, useState } from 'react';
import { ApiProblem } from '../api/client.ts';

export function useFetched<T>(fetchIt: () => Promise<T>, key: unknown = ''): T | undefined {
  const [value, setValue] = useState<T>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says when, whatever function this is
  useEffect(() => {
    let wanted = true;
    fetchIt().then(
      (fetched) => wanted && setValue(fetched),
      (thrown: unknown) => {
        if (!(thrown instanceof ApiProblem)) throw thrown;
      },
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return value;
}
