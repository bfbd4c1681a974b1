// What the rest of the system may know about media. Makers: media/embedded (our RTP engine), media/freeswitch (a fleet).
// Both pass test/contract/media-server-contract.ts; what a maker cannot do is said in `can`.

import type { Listenable } from '../shared/emitter.ts';
import type { MediaServerState } from '../shared/events.ts';
import type { CallId } from '../shared/ids.ts';
import type { Endpoint, EndpointFacts, MediaProfile } from './endpoint.ts';

export interface EndpointRequest {
  callId: CallId;
  /** With an offer the endpoint is created answered: `localSdp` is the answer. Without one, `localSdp` is an offer. */
  sdpOffer?: string;
  /** What to offer when there is no `sdpOffer`: `rtp` and `srtp` (SDES) towards carriers, `webrtc` towards browsers. */
  profile?: MediaProfile;
  /** Codec names in order of preference, such as ['PCMU', 'opus']; the maker's default unless told. */
  codecs?: readonly string[];
  /** Where the party is, when there are media servers in several places (media-pool.ts). */
  region?: string;
}

export interface MediaHealth {
  ok: boolean;
  because?: string;
  endpoints: number;
}

/** How a process of ours that carries media is doing; figures are at most some seconds old. */
export interface EngineLoad {
  engine: string;
  /** CPU of the process since its start. */
  cpuMs: number;
  /** How late the 20 ms clock of its audio ran at the worst, lately: what is mixed, played or decoded is as late. */
  worstTickDelayMs: number;
  /** Packets since its start that were not from whom they should be, or not intact. */
  refusedPackets: number;
}

export interface MediaServerEvents {
  /** A media process went away or came back. Endpoints on it end with 'lost'. */
  engineState: { engine: string; up: boolean; because: string };
  /** One of several servers behind this one (media-pool.ts) may be given calls, or why not. */
  memberState: { member: string; state: MediaServerState; because: string };
}

export interface MediaServer extends Listenable<MediaServerEvents> {
  readonly kind: 'embedded' | 'freeswitch' | 'pool';
  /**
   * Rejects with AppError 'media-unavailable' when no engine can take it. An offer that cannot be met is an expected
   * outcome: `{ kind: 'incompatible' }`.
   */
  createEndpoint(
    request: EndpointRequest,
  ): Promise<{ kind: 'created'; endpoint: Endpoint } | { kind: 'incompatible'; because: string }>;
  /** A room that mixes three or more endpoints (conference, listen, whisper, barge). */
  createConference(callId: CallId): Promise<Conference>;
  /** What the facts of its endpoints call it. */
  readonly serverName?: string;
  /**
   * Takes over endpoints of a call from a program that has died. In the order of `facts`; undefined for one that is not there any
   * more. Who was bridged with whom still is. Rejects with 'media-unavailable' when their server cannot be reached.
   */
  adoptEndpoints?(request: { callId: CallId; facts: readonly EndpointFacts[] }): Promise<(Endpoint | undefined)[]>;
  /** Names the engine or server that carries an endpoint; two endpoints can be joined only when it is the same. */
  whereIs?(endpoint: Endpoint): string | undefined;
  /**
   * Proves that calls can be carried, as far as one can without a caller: media there and back, and the way from the media
   * server to this program. Takes a second or so; does not reject.
   */
  probe?(): Promise<{ ok: true } | { ok: false; because: string }>;
  health(): Promise<MediaHealth>;
  engineLoad?(): EngineLoad[];
  close(): Promise<void>;
}

export interface ConferenceMember {
  /** The member's audio goes to nobody. */
  muted?: boolean;
  /** Only these members hear this one (whisper); everybody unless told. */
  heardBy?: readonly Endpoint[];
}

export interface Conference {
  /** Adds a member or changes what it may do. An endpoint is in a bridge or in one conference, never both. */
  join(endpoint: Endpoint, member?: ConferenceMember): Promise<void>;
  /** Several at once: two who hear each other before and after, in a bridge or here, hear no gap if the maker can. */
  joinAll(members: readonly (ConferenceMember & { endpoint: Endpoint })[]): Promise<void>;
  leave(endpoint: Endpoint): Promise<void>;
  close(): Promise<void>;
}
