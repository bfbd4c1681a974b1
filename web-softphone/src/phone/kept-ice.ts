// The ICE servers that calls use, with credentials that the server makes for minutes. Asked for anew when half of their time
// is over, by the clock of this machine from when they came, so that a wrong clock does not matter. Kept in memory only.

import type { IceSettings, SoftphoneSettings } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';

export interface KeptIce {
  /** For the next RTCPeerConnection. */
  current(): Pick<RTCConfiguration, 'iceServers' | 'iceTransportPolicy'>;
  /** Called every few seconds. */
  check(): void;
  stop(): void;
}

/** Between two attempts when the server does not answer. */
const retryMs = 5000;

/** `first` came just now. */
export function keepIce(api: Pick<Api, 'get'>, first: SoftphoneSettings, now: () => number = Date.now): KeptIce {
  let settings: IceSettings = first;
  let renewAt = renewalOf(settings, first.serverTime);
  let asking = false;
  let stopped = false;

  /** Half of what is left of it. */
  function renewalOf({ iceServersExpireAt }: IceSettings, serverTime: number): number {
    if (iceServersExpireAt === null) return Number.POSITIVE_INFINITY;
    return now() + Math.max(retryMs, (iceServersExpireAt - serverTime) / 2);
  }

  async function renew(): Promise<void> {
    asking = true;
    try {
      const fresh = await api.get<IceSettings>('/turn-credentials');
      settings = fresh;
      renewAt = renewalOf(fresh, fresh.serverTime);
    } catch {
      // What is here may still do; the connection to the server is mended elsewhere.
      renewAt = now() + retryMs;
    } finally {
      asking = false;
    }
  }

  return {
    current: () => ({ iceServers: settings.iceServers, iceTransportPolicy: settings.iceTransportPolicy }),
    check() {
      if (!stopped && !asking && now() >= renewAt) void renew();
    },
    stop() {
      stopped = true;
    },
  };
}
