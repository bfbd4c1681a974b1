// Proves this computer to the server: when the session begins, and again and again while it runs. A computer that slept does so when it
// wakes. One without a key does nothing.

import type { OwnDevice } from '../../../src/api/contracts/device.ts';
import type { Api } from '../api/client.ts';
import { proveDevice } from './device-key.ts';

const lookEveryMs = 10_000;

export function keepProving(api: Api): () => void {
  let everyMs = 5 * 60_000;
  let nextAt = 0;
  let hasKey = true;

  async function prove(): Promise<void> {
    nextAt = Date.now() + everyMs;
    try {
      hasKey = await proveDevice(api);
      if (hasKey) everyMs = Math.min(everyMs, (await api.get<OwnDevice>('/session/device')).proveEveryMs);
      nextAt = Date.now() + everyMs;
    } catch {
      // The server does not answer now; the next look tries again.
      nextAt = 0;
    }
  }

  const look = () => {
    if (hasKey && Date.now() >= nextAt) void prove();
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  return () => clearInterval(timer);
}
