// One party's media: it negotiates SDP with that party alone, and everything else is done to it by name.
// SDP never crosses from one endpoint to another (ARCHITECTURE.md).

import type { Listenable } from '../shared/emitter.ts';
import type { MediaQuality } from '../shared/events.ts';
import type { EndpointId } from '../shared/ids.ts';

export type MediaProfile = 'rtp' | 'srtp' | 'webrtc';

export interface EndpointEvents {
  /** A digit was keyed: RFC 4733, or heard in band. Once per key press. SIP INFO digits come from the leg. */
  digit: { digit: string; durationMs: number; by: 'rfc4733' | 'inband' };
  /** The first packet of the far end arrived (after DTLS, if any), `afterMs` after the SDP was complete. */
  firstPacket: { afterMs: number };
  /** No packet for the configured time while the far end should be sending. Emitted once until packets return. */
  mediaTimeout: { silentMs: number };
  /** ICE and DTLS are up (webrtc), or nothing stands in the way (rtp). */
  connected: Record<string, never>;
  /** The endpoint is gone. 'closed': we asked. 'lost': its engine died. */
  ended: { because: 'closed' | 'lost' };
}

/** What can be played. Text is spoken by the configured speech; a recorded prompt of the same name replaces it. */
export type PlaySource =
  | { kind: 'prompt'; name: string; language: 'ja' | 'en' }
  | { kind: 'say'; text: string; language: 'ja' | 'en' }
  | { kind: 'file'; path: string }
  | { kind: 'ringback' }
  | { kind: 'music' }
  | { kind: 'tone'; frequencyHz: number; durationMs?: number }
  | { kind: 'echo' };

export interface Playback {
  /** Settles exactly once. 'failed' when the sound could not be made (logged with the reason). */
  finished: Promise<'finished' | 'stopped' | 'failed'>;
  stop(): void;
}

/**
 * What another program needs to take an endpoint over from one that has died (`MediaServer.adoptEndpoints`). Plain data, to be
 * sealed: keys of the media are in it.
 */
export interface EndpointFacts {
  /** Which media server has it, in the words of the maker. */
  server: string;
  data: unknown;
}

export interface Endpoint extends Listenable<EndpointEvents> {
  /** A tap of this endpoint connects again by itself when the recorder comes back. */
  readonly keepsTap?: boolean;
  readonly id: EndpointId;
  readonly profile: MediaProfile;
  /** Our current SDP: the offer when created without one, else the answer. */
  readonly localSdp: string;
  /** Completes an endpoint that was created without an offer. May be called again by a later answer (after early media). */
  acceptAnswer(sdpAnswer: string): Promise<{ kind: 'ok' } | { kind: 'incompatible'; because: string }>;
  /** A later offer of the far end (re-INVITE, UPDATE): hold, resume, ICE restart, new address. Gives the answer. */
  answerOffer(sdpOffer: string): Promise<{ kind: 'ok'; sdpAnswer: string } | { kind: 'incompatible'; because: string }>;
  /** A later offer of ours, for `Leg.renegotiate`; complete it with `acceptAnswer`. */
  createOffer(change?: { direction?: 'sendrecv' | 'sendonly' | 'inactive'; iceRestart?: boolean }): Promise<string>;
  /** Plays to this party. A new play replaces the one that runs. What is played is not heard while bridged, unless `over`. */
  play(source: PlaySource, options?: { loop?: boolean; over?: boolean }): Playback;
  /** Two parties hear each other. Both sides' earlier bridge ends. */
  bridge(other: Endpoint): Promise<void>;
  unbridge(): Promise<void>;
  /** The party's audio goes nowhere (not into the bridge, not into a recording). */
  setMuted(muted: boolean): Promise<void>;
  /** Sends digits to the party by RFC 4733 (in band if it was not negotiated). */
  sendDigits(digits: string, options?: { durationMs?: number }): Promise<void>;
  /** While false, digits of this party reach nobody: not the bridge, not a recording. For secret input. */
  setDigitsAudible(audible: boolean): Promise<void>;
  /**
   * Hands both directions to a recorder: opens a WebSocket to `url` (sub-protocol `audio.drachtio.org`), sends `metadata`
   * as one JSON text frame, then binary frames of 20 ms (or multiples) of signed 16-bit little-endian stereo at 8 kHz:
   * left = what the party says, right = what the party hears. Time is kept: silence where nothing came. Follows the
   * endpoint through bridge, hold and transfer. Resolves when the recorder has accepted; rejects after 3 s.
   */
  startTap(tap: { url: string; metadata: Record<string, unknown> }): Promise<void>;
  stopTap(): Promise<void>;
  stats(): Promise<MediaQuality>;
  /** Undefined: it goes with this program. Changes with what is agreed and asked: ask again after each. */
  facts?(): EndpointFacts | undefined;
  /** Another program has taken it over: it ends here, and nothing is said to its media server. */
  letGo?(): void;
  /** Frees everything. Harmless when called twice. */
  close(): Promise<void>;
}
