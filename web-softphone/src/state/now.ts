// The time for clocks on the page, in the server's terms: the two computers need not agree.

import { useEffect, useState } from 'react';

let serverAheadMs = 0;

/** Called with each snapshot that carries the server's time. */
export function learnServerTime(serverTime: number): void {
  serverAheadMs = serverTime - Date.now();
}

export const serverNow = (): number => Date.now() + serverAheadMs;

/** Re-renders once a second. */
export function useServerNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** 0:07, 12:34, 1:02:03. Never negative. */
export function clockOf(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
