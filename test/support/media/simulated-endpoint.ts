// An endpoint without media, for tests of what is asked of endpoints and in which order. Everything asked is in `asked`.

import type { Endpoint, EndpointEvents, MediaProfile } from '../../../src/media/endpoint.ts';
import { createEmitter } from '../../../src/shared/emitter.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { newId } from '../../../src/shared/ids.ts';

export interface SimulatedEndpoint extends Endpoint {
  readonly server: string;
  readonly asked: string[];
  readonly state: 'live' | 'closed' | 'lost';
  /** Everything that is asked from now on fails, as while its server dies. */
  failing: boolean;
  finishPlay(): void;
  lose(): void;
  tell<Name extends keyof EndpointEvents>(name: Name, event: EndpointEvents[Name]): void;
}

let sessions = 100;

export function simulateEndpoint(server: string, profile: MediaProfile = 'rtp'): SimulatedEndpoint {
  const emitter = createEmitter<EndpointEvents>();
  const asked: string[] = [];
  const sdp = `v=0\r\no=- ${++sessions} 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`;
  let state: SimulatedEndpoint['state'] = 'live';
  let settlePlay: ((how: 'finished' | 'stopped' | 'failed') => void) | undefined;
  async function ask(what: string): Promise<void> {
    if (state !== 'live' || endpoint.failing) throw new AppError('media-unavailable', 'the server went away');
    asked.push(what);
  }
  function end(how: 'closed' | 'lost'): void {
    if (state !== 'live') return;
    state = how;
    settlePlay?.('stopped');
    emitter.emit('ended', { because: how });
  }
  const endpoint: SimulatedEndpoint = {
    server,
    asked,
    failing: false,
    get state() {
      return state;
    },
    id: newId('endpoint'),
    profile,
    localSdp: sdp,
    on: emitter.on,
    once: emitter.once,
    acceptAnswer: async () => ask('acceptAnswer').then(() => ({ kind: 'ok' })),
    answerOffer: async () => ask('answerOffer').then(() => ({ kind: 'ok', sdpAnswer: sdp })),
    createOffer: async () => ask('createOffer').then(() => sdp),
    play(source, options = {}) {
      asked.push(`play ${source.kind}${options.loop ? ' looped' : ''}`);
      settlePlay?.('stopped');
      const finished = new Promise<'finished' | 'stopped' | 'failed'>((resolve) => {
        settlePlay = resolve;
      });
      const settle = settlePlay;
      return {
        finished,
        stop() {
          asked.push(`stop ${source.kind}`);
          settle?.('stopped');
        },
      };
    },
    bridge: (other) => ask(`bridge ${(other as SimulatedEndpoint).server}`),
    unbridge: () => ask('unbridge'),
    setMuted: (muted) => ask(muted ? 'mute' : 'unmute'),
    sendDigits: (digits) => ask(`digits ${digits}`),
    setDigitsAudible: (audible) => ask(audible ? 'digits audible' : 'digits silent'),
    startTap: ({ url }) => ask(`tap ${url}`),
    stopTap: () => ask('stop tap'),
    stats: () => Promise.reject(new AppError('not-found', 'not simulated')),
    close: async () => end('closed'),
    finishPlay: () => settlePlay?.('finished'),
    lose: () => end('lost'),
    tell: emitter.emit,
  };
  return endpoint;
}
