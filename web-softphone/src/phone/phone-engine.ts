// The softphone behind the desk, without SIP: it is registered or not, it is called, it carries audio.
// The desk learns about calls from the live feed; the engine only carries their sound. What a person does to a call
// (hold, transfer, digits, dialling) goes to the server by REST, because the PBX is the origin of everything.

export type PhoneState = 'off' | 'connecting' | 'registered' | 'reconnecting';

export interface PhoneDevices {
  /** undefined: the browser's default. */
  microphoneId: string | undefined;
  speakerId: string | undefined;
}

/** What the browser itself hears of the line, from WebRTC statistics. */
export interface LineQuality {
  jitterMs: number;
  lossPercent: number;
  roundTripMs: number | null;
}

export interface PhoneEvents {
  state: PhoneState;
  /** A call rings here. `callId` is the server's; `purpose` is set when the desk answers by itself. */
  ringing: { callId: string; purpose: 'outbound' | 'attach' | 'monitor' | 'measure' | null };
  /** Audio of this call is up. */
  connected: { callId: string };
  /** The audio of this call is over, or it stopped ringing. */
  ended: { callId: string };
  quality: LineQuality;
  /** The microphone could not be used; the sentence is the browser's. */
  microphoneFailed: { name: string; message: string };
  /** The microphone in use went away and the browser's default took its place. */
  microphoneLost: { callId: string };
  /** The connection that carries audio failed while the server could still be reached. */
  mediaFailed: { callId: string };
  /** The browser plays nothing until somebody clicks; `resumeAudio` from that click. */
  audioBlocked: { callId: string };
}

export interface PhoneEngine {
  on<Name extends keyof PhoneEvents>(name: Name, listener: (event: PhoneEvents[Name]) => void): () => void;
  readonly state: PhoneState;
  /** Connects and registers, and keeps trying until `stop`. */
  start(devices: PhoneDevices): Promise<void>;
  stop(): Promise<void>;
  /** Answers the call that rings. */
  answer(): Promise<void>;
  /** The server says that this call is over or not ours any more: its audio ends here, whatever the network lost. */
  drop(callId: string): void;
  /** The call that rings here or whose audio is up. */
  readonly callId: string | undefined;
  /** True while audio of this call is up in this page. */
  carries(callId: string): boolean;
  /** WebRTC statistics of this call while its audio is up. */
  report(callId: string): Promise<RTCStatsReport | undefined>;
  setMuted(muted: boolean): void;
  /** Takes effect in a running call, too, without renegotiating. */
  setDevices(devices: PhoneDevices): Promise<void>;
  /** The network changed or the computer slept: what is open may be dead and not know it. Connects anew. */
  renew(): void;
  /** From a click, after `audioBlocked`. */
  resumeAudio(): Promise<void>;
  /** Called every few seconds by a timer that the browser does not slow down: keeps the registration alive. */
  check(): void;
}
