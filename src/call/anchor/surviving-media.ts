// The media server as calls see it: its endpoints and rooms outlive the server that carries them (moving-endpoint.ts,
// moving-conference.ts). Where they go when it dies is the pool's to choose, how the far end follows is reanchor.ts's.
// A call that is under way waits a little for an endpoint when every server is gone: one that is started again takes
// a second or two. A new call does not: its carrier may know another way.

import type { Endpoint } from '../../media/endpoint.ts';
import type { EndpointRequest, MediaServer } from '../../media/media-server.ts';
import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { CallId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import { createMovingConference } from './moving-conference.ts';
import { createMovingEndpoint } from './moving-endpoint.ts';

const retryMs = 200;

export function createSurvivingMedia(needs: {
  media: MediaServer;
  clock: Clock;
  log: Logger;
  /** How long a call that is under way waits for an endpoint. */
  patienceMs: number;
}): MediaServer {
  const { media, clock, patienceMs } = needs;
  /** Calls that have endpoints, and how many. */
  const underWay = new Map<CallId, number>();

  function count(callId: CallId, change: 1 | -1): void {
    const next = (underWay.get(callId) ?? 0) + change;
    if (next > 0) underWay.set(callId, next);
    else underWay.delete(callId);
  }

  async function createPatiently(request: EndpointRequest): ReturnType<MediaServer['createEndpoint']> {
    const until = clock.now() + patienceMs;
    for (;;) {
      try {
        return await media.createEndpoint(request);
      } catch (thrown) {
        const passing = thrown instanceof AppError && thrown.code === 'media-unavailable';
        if (!passing || !underWay.has(request.callId) || clock.now() >= until) throw thrown;
        await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
      }
    }
  }

  function moving(callId: CallId, first: Endpoint): Endpoint {
    const endpoint = createMovingEndpoint({
      first,
      clock,
      log: needs.log.child({ callId }),
      whereIs: (one) => media.whereIs?.(one),
    });
    count(callId, 1);
    endpoint.on('ended', () => count(callId, -1));
    return endpoint;
  }

  return {
    kind: media.kind,
    on: media.on,
    once: media.once,
    health: () => media.health(),
    close: () => media.close(),
    async createEndpoint(request) {
      const { callId } = request;
      const created = await createPatiently(request);
      if (created.kind !== 'created') return created;
      return { kind: 'created', endpoint: moving(callId, created.endpoint) };
    },
    async adoptEndpoints(request) {
      const adopted = (await media.adoptEndpoints?.(request)) ?? request.facts.map(() => undefined);
      return adopted.map((endpoint) => endpoint && moving(request.callId, endpoint));
    },
    createConference: (callId) => createMovingConference({ media, callId, log: needs.log.child({ callId }) }),
  };
}
