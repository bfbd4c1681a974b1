// The embedded maker of MediaServer: a few engine processes, and stand-ins here for what lives in them.
// All endpoints of one call are in one engine, because a bridge and a room are made of packets that must not travel; a new
// call goes to the engine with the fewest endpoints. When an engine dies its endpoints end as 'lost' and it is started anew.
// No audio passes through this process.

import type { Clock } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import { type CallId, newId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Conference, EndpointRequest, MediaServer, MediaServerEvents } from '../media-server.ts';
import { probeByPacket } from '../pool/probe-by-packet.ts';
import type { Prompts } from '../prompts.ts';
import { createEmbeddedEndpoint, type EmbeddedEndpoint } from './embedded-endpoint.ts';
import { createEngineLink, type EngineLink } from './engine-link.ts';
import type { EndpointEventMessage } from './engine-protocol.ts';

export interface EmbeddedMediaNeeds {
  clock: Clock;
  log: Logger;
  prompts: Prompts;
  /** Where RTP and the browsers' port bind. */
  rtpAddress: string;
  /** What SDP shows instead, behind NAT. */
  publicAddress?: string;
  /** UDP ports for RTP and RTCP, two a party, divided among the engines; 0 to 0 lets the system choose. */
  rtpPorts: { from: number; to: number };
  /** One UDP port for all browsers; each further engine takes the next one. 0 lets the system choose. */
  webrtcPort: number;
  /** Engine processes. */
  engines: number;
  /** No packet for this long is a media time-out. 0 switches it off. */
  mediaTimeoutMs: number;
  /** 'dgram' for the sockets of Node.js, as on systems where the cheaper ones are not to be had. */
  sockets?: 'dgram';
}

export interface EmbeddedMedia extends MediaServer {
  readonly kind: 'embedded';
  /** What runs; how it is doing is `engineLoad`. */
  engines(): { engine: string; pid: number | undefined; up: boolean; endpoints: number }[];
}

interface Engine {
  link: EngineLink;
  endpoints: Map<string, EmbeddedEndpoint>;
}

/** Even and odd ports together, so that no pair is cut in two. */
function share(range: { from: number; to: number }, index: number, count: number): { from: number; to: number } {
  if (range.from === 0) return range;
  const first = range.from + (range.from % 2);
  const pairs = Math.floor((range.to - first + 1) / 2 / count);
  const from = first + index * pairs * 2;
  return { from, to: from + pairs * 2 - 1 };
}

export async function createEmbeddedMedia(needs: EmbeddedMediaNeeds): Promise<EmbeddedMedia> {
  const { clock, log, prompts } = needs;
  const emitter = createEmitter<MediaServerEvents>((err) => log.error({ err }, 'media listener failed'));
  const engines: Engine[] = Array.from({ length: needs.engines }, (_, index) => createEngine(index));
  /** Where the calls are whose endpoints exist. */
  const calls = new Map<CallId, { engine: Engine; users: number }>();
  /** Events of endpoints that the engine has made and we do not yet know. */
  const early = new Map<string, EndpointEventMessage[]>();
  let closing: Promise<void> | undefined;

  function createEngine(index: number): Engine {
    const name = `media-${index + 1}`;
    const link = createEngineLink({
      clock,
      log,
      config: {
        name,
        rtpAddress: needs.rtpAddress,
        ...(needs.publicAddress === undefined ? {} : { publicAddress: needs.publicAddress }),
        rtpPorts: share(needs.rtpPorts, index, needs.engines),
        webrtcPort: needs.webrtcPort === 0 ? 0 : needs.webrtcPort + index,
        mediaTimeoutMs: needs.mediaTimeoutMs,
        ...(needs.sockets === undefined ? {} : { sockets: needs.sockets }),
      },
    });
    const engine: Engine = { link, endpoints: new Map() };
    link.on('up', ({ pid, webrtcPort }) => {
      log.info({ engine: name, pid, webrtcPort }, 'media engine up');
      emitter.emit('engineState', { engine: name, up: true, because: 'started' });
    });
    link.on('down', ({ because }) => {
      emitter.emit('engineState', { engine: name, up: false, because });
      for (const endpoint of [...engine.endpoints.values()]) endpoint.lose();
    });
    link.on('endpoint', (message) => {
      const endpoint = engine.endpoints.get(message.endpoint);
      if (endpoint) endpoint.deliver(message);
      else early.get(message.endpoint)?.push(message);
    });
    link.on('playEnded', ({ endpoint, play, how }) => engine.endpoints.get(endpoint)?.deliverPlayEnded(play, how));
    return engine;
  }

  const isThere = (engine: Engine, gone: readonly Engine[]) => engine.link.up && !gone.includes(engine);

  /** The engine of a call, counted until `release`. `gone`: they went away a moment ago. */
  function place(callId: CallId, gone: readonly Engine[] = []): Engine {
    if (closing) throw new AppError('shutting-down', 'media is being shut down');
    const known = calls.get(callId);
    if (known && isThere(known.engine, gone)) {
      known.users++;
      return known.engine;
    }
    const up = engines.filter((one) => isThere(one, gone)).sort((a, b) => a.endpoints.size - b.endpoints.size);
    const engine = up[0];
    if (!engine) throw new AppError('media-unavailable', 'no media engine is running; it is being started again');
    calls.set(callId, { engine, users: 1 });
    return engine;
  }

  function release(callId: CallId, engine: Engine): void {
    const known = calls.get(callId);
    if (known?.engine === engine && --known.users === 0) calls.delete(callId);
  }

  async function createEndpoint(
    request: EndpointRequest,
    gone: readonly Engine[] = [],
  ): ReturnType<MediaServer['createEndpoint']> {
    const { callId, sdpOffer, profile, codecs } = request;
    const engine = place(callId, gone);
    const id = newId('endpoint', clock.now());
    early.set(id, []);
    try {
      const made = await engine.link.ask('create', { endpoint: id, callId, sdpOffer, profile, codecs });
      if (made.kind === 'incompatible') {
        release(callId, engine);
        return made;
      }
      const endpoint = createEmbeddedEndpoint({
        id,
        callId,
        profile: made.profile,
        localSdp: made.localSdp,
        link: engine.link,
        prompts,
        log: log.child({ callId, endpointId: id }),
        onClosed: () => {
          engine.endpoints.delete(id);
          release(callId, engine);
        },
      });
      engine.endpoints.set(id, endpoint);
      for (const message of early.get(id) ?? []) endpoint.deliver(message);
      return { kind: 'created', endpoint };
    } catch (thrown) {
      release(callId, engine);
      // It died while it was asked: another one has no part in that.
      const all = [...gone, engine];
      const died = thrown instanceof AppError && thrown.code === 'media-unavailable';
      if (!died || closing || !engines.some((one) => isThere(one, all))) throw thrown;
      return createEndpoint(request, all);
    } finally {
      early.delete(id);
    }
  }

  async function createConference(callId: CallId): Promise<Conference> {
    const engine = place(callId);
    const room = `${callId}/${newId('endpoint', clock.now())}`;
    const { link } = engine;
    let closed: Promise<void> | undefined;
    try {
      await link.ask('createRoom', { room });
    } catch (thrown) {
      release(callId, engine);
      throw thrown;
    }
    const mustBeHere = (endpoint: Endpoint) => {
      if ((endpoint as Partial<EmbeddedEndpoint>).link === link) return;
      throw new AppError(
        'invalid-argument',
        'an endpoint can only join a conference of its own media engine: create both with the same callId',
      );
    };
    const leaveEngine = async () => {
      await link
        .ask('closeRoom', { room })
        .catch((thrown) => log.debug({ err: asError(thrown) }, 'conference closed without its engine'));
      release(callId, engine);
    };
    const joinAll: Conference['joinAll'] = async (members) => {
      for (const { endpoint, heardBy = [] } of members) for (const one of [endpoint, ...heardBy]) mustBeHere(one);
      await link.ask('join', {
        room,
        members: members.map(({ endpoint, muted = false, heardBy }) => ({
          endpoint: endpoint.id,
          muted,
          ...(heardBy ? { heardBy: heardBy.map((each) => each.id) } : {}),
        })),
      });
    };
    return {
      join: (endpoint, member = {}) => joinAll([{ ...member, endpoint }]),
      joinAll,
      async leave(endpoint) {
        await link.ask('leave', { room, endpoint: endpoint.id });
      },
      close: () => (closed ??= leaveEngine()),
    };
  }

  async function close(): Promise<void> {
    const live = engines.flatMap((engine) => [...engine.endpoints.values()]);
    await Promise.all(live.map((endpoint) => endpoint.close()));
    await Promise.all(engines.map((engine) => engine.link.close()));
    await prompts.close();
    emitter.clear();
  }

  const started = await Promise.allSettled(engines.map((engine) => engine.link.start()));
  const failed = started.find((each) => each.status === 'rejected');
  if (failed) {
    await Promise.all(engines.map((engine) => engine.link.close()));
    throw new AppError('media-unavailable', `a media engine did not start: ${asError(failed.reason).message}`, {
      cause: failed.reason,
    });
  }

  const self: EmbeddedMedia = {
    kind: 'embedded',
    on: emitter.on,
    once: emitter.once,
    createEndpoint: (request) => createEndpoint(request),
    createConference,
    whereIs: (endpoint) => (endpoint as Partial<EmbeddedEndpoint>).link?.name,
    probe: () => probeByPacket(self, { address: needs.rtpAddress }),
    async health() {
      const endpoints = engines.reduce((sum, engine) => sum + engine.endpoints.size, 0);
      const down = engines.filter((engine) => !engine.link.up).map((engine) => engine.link.name);
      if (down.length === 0) return { ok: true, endpoints };
      return { ok: down.length < engines.length, because: `not running: ${down.join(', ')}`, endpoints };
    },
    engineLoad: () =>
      engines.flatMap(({ link: { name: engine, up, health } }) => {
        if (!up || !health) return [];
        const { cpuMs, worstTickDelayMs, refusedPackets } = health;
        return [{ engine, cpuMs, worstTickDelayMs, refusedPackets }];
      }),
    engines: () =>
      engines.map(({ link: { name, pid, up }, endpoints }) => ({ engine: name, pid, up, endpoints: endpoints.size })),
    close: () => (closing ??= close()),
  };
  return self;
}
