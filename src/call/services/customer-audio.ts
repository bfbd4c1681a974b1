// What a party says, as it says it: the endpoint brings its audio to a WebSocket of ours (Endpoint.startTap), of which this takes
// the left side. An endpoint has one tap, so a party whose conversation is being recorded cannot be listened to at the same time.

import { randomBytes } from 'node:crypto';
import type { Endpoint } from '../../media/endpoint.ts';
import { startTapServer, type TapListen, type TapServer } from '../../recording/tap-server.ts';

/** Signed 16-bit little-endian, mono. */
export const audioRateHz = 8000;

export interface CustomerAudio {
  /** Hands over what the party says from now on, in pieces of some 200 ms; resolves when it flows, rejects within 3 s. */
  follow(endpoint: Endpoint, onAudio: (pcm: Buffer) => void): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

export interface AudioListen extends TapListen {
  port?: number;
  /** What media servers are told instead of the address. */
  advertisedHost?: string;
}

/** Begins to take audio when it is first asked for. */
export function createCustomerAudio(listen: AudioListen = {}): CustomerAudio {
  let starting: Promise<TapServer> | undefined;
  const scheme = listen.tls ? 'wss' : 'ws';

  function server(): Promise<TapServer> {
    if (starting) return starting;
    const started = startTapServer({ port: listen.port ?? 0, taps: listen });
    starting = started;
    started.catch(() => {
      starting = undefined;
    });
    return started;
  }

  return {
    async follow(endpoint, onAudio) {
      const taps = await server();
      const token = randomBytes(16).toString('hex');
      taps.admit(token, { connect: () => {}, disconnect: () => {}, push: (pcm) => onAudio(leftOf(pcm)) });
      const stop = async () => {
        await Promise.allSettled([endpoint.stopTap(), taps.dismiss(token)]);
      };
      const host = listen.advertisedHost ?? listen.host ?? '127.0.0.1';
      try {
        await endpoint.startTap({ url: `${scheme}://${host}:${taps.port}/tap/${token}`, metadata: {} });
      } catch (thrown) {
        await stop();
        throw thrown;
      }
      return { stop };
    },
    async close() {
      await (await starting?.catch(() => undefined))?.close();
    },
  };
}

function leftOf(stereo: Buffer): Buffer {
  const mono = Buffer.allocUnsafe(stereo.length / 2);
  for (let at = 0; at < mono.length; at += 2) {
    mono[at] = stereo[at * 2]!;
    mono[at + 1] = stereo[at * 2 + 1]!;
  }
  return mono;
}
