// What the parent and an engine process say to each other over Node's IPC channel.
// The parent sends commands with an id; the engine answers each exactly once and sends events in between, in order.
// Plain data only. Audio never crosses here, and neither does anything that names a person.

import type { MediaQuality } from '../../shared/events.ts';
import type { EndpointEvents, MediaProfile } from '../endpoint.ts';
import type { Incompatible } from '../negotiation.ts';

export interface EngineConfig {
  name: string;
  /** Where RTP sockets and the WebRTC port bind. */
  rtpAddress: string;
  /** What SDP says instead of `rtpAddress` (behind NAT). */
  publicAddress?: string;
  /** Even port and the odd one after it, taken from this range; 0 to 0 lets the system choose. */
  rtpPorts: { from: number; to: number };
  /** One UDP port for every browser; 0 lets the system choose. */
  webrtcPort: number;
  mediaTimeoutMs: number;
  /** 'dgram' for what there is everywhere: Node.js's sockets and cryptography, the WebRTC library; otherwise the cheapest there is. */
  sockets?: 'dgram';
}

/** What an engine can play: everything else has become a WAV file before it gets here. */
export type EngineSound =
  | { kind: 'file'; path: string }
  | { kind: 'ringback' }
  | { kind: 'tone'; frequencyHz: number; durationMs?: number }
  | { kind: 'echo' };

export interface EngineHealth {
  endpoints: number;
  /** How late the 20 ms tick ran, worst since the last question. */
  worstTickDelayMs: number;
  /** CPU of the process since its start. */
  cpuMs: number;
  /** Packets since its start that were not from whom they should be, or not intact. */
  refusedPackets: number;
}

type Command<In, Out> = { in: In; out: Out };

export interface EngineCommands {
  start: Command<EngineConfig, { webrtcPort: number }>;
  create: Command<
    { endpoint: string; callId: string; sdpOffer?: string; profile?: MediaProfile; codecs?: readonly string[] },
    { kind: 'created'; localSdp: string; profile: MediaProfile } | Incompatible
  >;
  acceptAnswer: Command<{ endpoint: string; sdpAnswer: string }, { kind: 'ok' } | Incompatible>;
  answerOffer: Command<{ endpoint: string; sdpOffer: string }, { kind: 'ok'; sdpAnswer: string } | Incompatible>;
  createOffer: Command<
    { endpoint: string; direction?: 'sendrecv' | 'sendonly' | 'inactive'; iceRestart?: boolean },
    { sdpOffer: string }
  >;
  play: Command<{ endpoint: string; play: number; sound: EngineSound; loop: boolean; over: boolean }, null>;
  stopPlay: Command<{ endpoint: string; play: number }, null>;
  bridge: Command<{ endpoint: string; other: string }, null>;
  unbridge: Command<{ endpoint: string }, null>;
  setMuted: Command<{ endpoint: string; muted: boolean }, null>;
  setDigitsAudible: Command<{ endpoint: string; audible: boolean }, null>;
  sendDigits: Command<{ endpoint: string; digits: string; durationMs: number }, null>;
  startTap: Command<{ endpoint: string; url: string; metadata: Record<string, unknown> }, null>;
  stopTap: Command<{ endpoint: string }, null>;
  stats: Command<{ endpoint: string }, MediaQuality>;
  close: Command<{ endpoint: string }, null>;
  createRoom: Command<{ room: string }, null>;
  join: Command<
    { room: string; members: readonly { endpoint: string; muted: boolean; heardBy?: readonly string[] }[] },
    null
  >;
  leave: Command<{ room: string; endpoint: string }, null>;
  closeRoom: Command<{ room: string }, null>;
  health: Command<Record<string, never>, EngineHealth>;
  shutdown: Command<Record<string, never>, null>;
}

export type CommandName = keyof EngineCommands;
export type CommandInput<N extends CommandName> = EngineCommands[N]['in'];
export type CommandOutput<N extends CommandName> = EngineCommands[N]['out'];

export type CommandMessage = { [N in CommandName]: { id: number; command: N; input: CommandInput<N> } }[CommandName];

/** Events of one endpoint as the engine tells them; 'ended' is the parent's to say. */
type ToldEvents = Omit<EndpointEvents, 'ended'>;

export type EndpointEventMessage = {
  [N in keyof ToldEvents]: { event: 'endpoint'; endpoint: string; name: N; detail: ToldEvents[N] };
}[keyof ToldEvents];

export type EngineMessage =
  | { reply: number; ok: true; output: unknown }
  | {
      reply: number;
      ok: false;
      code: 'not-found' | 'invalid-argument' | 'media-unavailable' | 'internal';
      message: string;
    }
  | EndpointEventMessage
  | { event: 'playEnded'; endpoint: string; play: number; how: 'finished' | 'stopped' | 'failed' }
  | { event: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: Record<string, unknown> };
