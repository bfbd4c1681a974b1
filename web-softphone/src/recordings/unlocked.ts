// Private keys that this person has unlocked, for as long as recordings are being listened to: forgotten after a while without
// use, and when the page of recordings is left (and with it at sign-out).

import { useCallback, useEffect, useRef, useState } from 'react';

const forgottenAfterMs = 10 * 60_000;

export interface Unlocked {
  /** Undefined: locked. */
  identities: readonly string[] | undefined;
  keep(identities: readonly string[]): void;
  /** It is being used: the time begins anew. */
  touch(): void;
  forget(): void;
}

export function useUnlocked(): Unlocked {
  const [identities, setIdentities] = useState<readonly string[]>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const forget = useCallback(() => {
    clearTimeout(timer.current);
    setIdentities(undefined);
  }, []);
  const touch = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(forget, forgottenAfterMs);
  }, [forget]);
  const keep = useCallback(
    (next: readonly string[]) => {
      setIdentities(next);
      touch();
    },
    [touch],
  );
  useEffect(() => () => clearTimeout(timer.current), []);
  return { identities, keep, touch, forget };
}
