// The media servers that media-bridge.ts compares, behind what it needs of them. Those of others are in freeswitch-media.ts
// and dial-plan-media.ts.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { EmbeddedMedia, EmbeddedMediaNeeds } from '../src/media/embedded/embedded-media.ts';
import type { Endpoint } from '../src/media/endpoint.ts';
import { systemClock } from '../src/shared/clock.ts';
import { type CallId, newId } from '../src/shared/ids.ts';
import { createLogger } from '../src/shared/logger.ts';
import { projectRoot } from '../src/shared/paths.ts';

export interface BenchEndpoint {
  /** SDP. */
  answer: string;
  bridge(other: BenchEndpoint): Promise<void>;
  /** Both directions to a WebSocket. */
  tap(url: string): Promise<void>;
}

export interface BenchMedia {
  /** The process whose CPU is the media server's. */
  pid: number;
  /** Accepts an offer without candidates. */
  takesTrickle: boolean;
  /** Endpoints of one call have the same number. */
  connect(sdpOffer: string, call: number): Promise<BenchEndpoint>;
  /** Instead of `connect` and `bridge` where a dial plan does both: takes and gives the SDP of each party. */
  join?(customerSdp: string, agentSdp: string): Promise<{ customer: string; agent: string }>;
  close(): Promise<void>;
}

const built = join(projectRoot, 'dist/src/media/embedded/embedded-media.js');

/** Why our own cannot be measured, or undefined. */
export const noBuild = (): string | undefined =>
  existsSync(built) ? undefined : 'there is no build of what is to be measured: npm run build';

/** From the build, as its users run it: an engine started from the sources carries a compiler with it. */
async function startBuilt(needs: EmbeddedMediaNeeds): Promise<EmbeddedMedia> {
  const { createEmbeddedMedia } = (await import(
    pathToFileURL(built).href
  )) as typeof import('../src/media/embedded/embedded-media.ts');
  // What this process was started with, the engine would be too.
  const { execArgv } = process;
  process.execArgv = [];
  try {
    return await createEmbeddedMedia(needs);
  } finally {
    process.execArgv = execArgv;
  }
}

/** One engine process of ours. */
export async function embeddedMedia(): Promise<BenchMedia> {
  const media = await startBuilt({
    clock: systemClock,
    log: createLogger({ level: 'warn' }),
    prompts: {
      fileFor: () => Promise.reject(new Error('the bench plays nothing')),
      prepare: async () => {},
      close: async () => {},
    },
    rtpAddress: '127.0.0.1',
    rtpPorts: { from: 0, to: 0 },
    webrtcPort: 0,
    engines: 1,
    mediaTimeoutMs: 0,
  });
  const callIds = new Map<number, CallId>();
  const endpoints = new Map<BenchEndpoint, Endpoint>();
  return {
    pid: media.engines()[0]!.pid!,
    takesTrickle: true,
    async connect(sdpOffer, call) {
      const callId = callIds.get(call) ?? newId('call');
      callIds.set(call, callId);
      const created = await media.createEndpoint({ callId, sdpOffer });
      if (created.kind !== 'created') throw new Error(`the media server refuses the load's offer: ${created.because}`);
      const { endpoint } = created;
      const own: BenchEndpoint = {
        answer: endpoint.localSdp,
        bridge: (other) => endpoint.bridge(endpoints.get(other)!),
        tap: (url) => endpoint.startTap({ url, metadata: { call } }),
      };
      endpoints.set(own, endpoint);
      return own;
    },
    close: () => media.close(),
  };
}
