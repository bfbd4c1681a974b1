// The parent's stand-in for a party in an engine process: promises of Endpoint, kept by asking over IPC.
// Plays are turned into files or tones here (prompts.ts), so that the engine never waits for a voice to be made.

import { createEmitter } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { CallId, EndpointId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint, EndpointEvents, MediaProfile, Playback, PlaySource } from '../endpoint.ts';
import type { Prompts } from '../prompts.ts';
import type { EngineLink } from './engine-link.ts';
import type { EndpointEventMessage, EngineSound } from './engine-protocol.ts';

export interface EmbeddedEndpointNeeds {
  id: EndpointId;
  callId: CallId;
  profile: MediaProfile;
  localSdp: string;
  link: EngineLink;
  prompts: Prompts;
  log: Logger;
  onClosed(): void;
}

export interface EmbeddedEndpoint extends Endpoint {
  readonly link: EngineLink;
  /** From the engine. */
  deliver(message: EndpointEventMessage): void;
  deliverPlayEnded(play: number, how: 'finished' | 'stopped' | 'failed'): void;
  /** Its engine died. */
  lose(): void;
}

const defaultDigitMs = 100;

export function createEmbeddedEndpoint(needs: EmbeddedEndpointNeeds): EmbeddedEndpoint {
  const { id, link, prompts, log } = needs;
  const emitter = createEmitter<EndpointEvents>((err) => log.error({ err }, 'endpoint listener failed'));
  const plays = new Map<number, (how: 'finished' | 'stopped' | 'failed') => void>();
  let localSdp = needs.localSdp;
  let nextPlay = 1;
  let state: 'live' | 'closing' | 'ended' = 'live';
  let closing: Promise<void> | undefined;
  /** What happened before whoever asked for the endpoint could listen. */
  let early: EndpointEventMessage[] | undefined = [];
  setImmediate(() => {
    const waiting = early ?? [];
    early = undefined;
    for (const message of waiting) if (state === 'live') emitter.emit(message.name, message.detail as never);
  });

  function end(because: 'closed' | 'lost'): void {
    if (state === 'ended') return;
    state = 'ended';
    for (const settle of [...plays.values()]) settle('stopped');
    plays.clear();
    needs.onClosed();
    emitter.emit('ended', { because });
    emitter.clear();
  }

  function mustLive(): void {
    if (state !== 'live') throw new AppError('not-found', 'the media endpoint has ended');
  }

  async function soundFor(source: PlaySource): Promise<EngineSound> {
    if (source.kind === 'prompt' || source.kind === 'say' || source.kind === 'music' || source.kind === 'file') {
      return { kind: 'file', path: await prompts.fileFor(source) };
    }
    return source;
  }

  function play(source: PlaySource, options: { loop?: boolean; over?: boolean } = {}): Playback {
    const number = nextPlay++;
    let stopped = false;
    const finished = new Promise<'finished' | 'stopped' | 'failed'>((resolve) => {
      plays.set(number, (how) => {
        plays.delete(number);
        resolve(how);
      });
    });
    const settle = (how: 'finished' | 'stopped' | 'failed') => plays.get(number)?.(how);
    // A new play replaces the one that runs, even while the new one's voice is still being made.
    for (const earlier of [...plays.keys()]) if (earlier < number) stopNumber(earlier);
    const begin = async () => {
      mustLive();
      const sound = await soundFor(source);
      if (stopped || state !== 'live') return settle('stopped');
      const loop = options.loop ?? source.kind === 'music';
      await link.ask('play', { endpoint: id, play: number, sound, loop, over: options.over ?? false });
      if (stopped) await link.ask('stopPlay', { endpoint: id, play: number });
    };
    begin().catch((thrown) => {
      // A dead engine ends whatever plays, and may be noticed here before `lose` tells.
      const over = state !== 'live' || (thrown instanceof AppError && thrown.code === 'media-unavailable');
      if (!over) log.warn({ err: asError(thrown), sound: source.kind }, 'sound cannot be played');
      settle(over ? 'stopped' : 'failed');
    });

    function stopNumber(which: number): void {
      link
        .ask('stopPlay', { endpoint: id, play: which })
        .catch((thrown) => log.debug({ err: asError(thrown) }, 'play not stopped'));
      plays.get(which)?.('stopped');
    }
    return {
      finished,
      stop: () => {
        if (stopped || !plays.has(number)) return;
        stopped = true;
        stopNumber(number);
      },
    };
  }

  async function close(): Promise<void> {
    if (state === 'ended') return;
    state = 'closing';
    try {
      await link.ask('close', { endpoint: id });
    } catch (thrown) {
      // Whatever the engine says, the endpoint is gone for us; an engine that died has freed everything.
      log.debug({ err: asError(thrown) }, 'endpoint closed without its engine');
    }
    end('closed');
  }

  return {
    id,
    keepsTap: true,
    profile: needs.profile,
    link,
    get localSdp() {
      return localSdp;
    },
    on: emitter.on,
    once: emitter.once,
    async acceptAnswer(sdpAnswer) {
      mustLive();
      return link.ask('acceptAnswer', { endpoint: id, sdpAnswer });
    },
    async answerOffer(sdpOffer) {
      mustLive();
      const answered = await link.ask('answerOffer', { endpoint: id, sdpOffer });
      if (answered.kind === 'ok') localSdp = answered.sdpAnswer;
      return answered;
    },
    async createOffer(change = {}) {
      mustLive();
      const { sdpOffer } = await link.ask('createOffer', { endpoint: id, ...change });
      localSdp = sdpOffer;
      return sdpOffer;
    },
    play,
    async bridge(other) {
      mustLive();
      if ((other as Partial<EmbeddedEndpoint>).link !== link) {
        throw new AppError(
          'invalid-argument',
          'only endpoints of one media engine can be bridged: create both with the same callId',
        );
      }
      await link.ask('bridge', { endpoint: id, other: other.id });
    },
    async unbridge() {
      mustLive();
      await link.ask('unbridge', { endpoint: id });
    },
    async setMuted(muted) {
      mustLive();
      await link.ask('setMuted', { endpoint: id, muted });
    },
    async sendDigits(digits, options = {}) {
      mustLive();
      await link.ask('sendDigits', { endpoint: id, digits, durationMs: options.durationMs ?? defaultDigitMs });
    },
    async setDigitsAudible(audible) {
      mustLive();
      await link.ask('setDigitsAudible', { endpoint: id, audible });
    },
    async startTap(tap) {
      mustLive();
      await link.ask('startTap', { endpoint: id, ...tap });
    },
    async stopTap() {
      if (state === 'live') await link.ask('stopTap', { endpoint: id });
    },
    async stats() {
      mustLive();
      return link.ask('stats', { endpoint: id });
    },
    close: () => (closing ??= close()),
    deliver(message) {
      if (early) early.push(message);
      else if (state === 'live') emitter.emit(message.name, message.detail as never);
    },
    deliverPlayEnded: (number, how) => plays.get(number)?.(how),
    lose: () => end('lost'),
  };
}
