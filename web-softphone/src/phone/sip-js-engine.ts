// PhoneEngine on sip.js. The only file that knows sip.js, so that another library can take its place.
// One session at a time; when the server calls again to re-attach, the new session takes over and the old one is dropped.

import {
  type Invitation,
  Registerer,
  RegistererState,
  type Session,
  SessionState,
  UserAgent,
  UserAgentState,
} from 'sip.js';
import type { SessionDescriptionHandler } from 'sip.js/lib/platform/web';
import type { LineQuality, PhoneDevices, PhoneEngine, PhoneEvents, PhoneState } from './phone-engine.ts';

export interface EngineSettings {
  webSocketUrl: string;
  aor: string;
  registerExpiresSeconds: number;
  iceServers: RTCIceServer[];
}

interface Line {
  callId: string;
  session: Invitation;
  connected: boolean;
}

const firstRetryMs = 500;
const longestRetryMs = 10_000;
const qualityEveryMs = 2000;
/** The server is reachable by its host candidate, so gathering needs no longer than this (measured: 10 to 80 ms). */
const gatheringMs = 500;

export function createSipJsEngine(settings: EngineSettings): PhoneEngine {
  const listeners: { [Name in keyof PhoneEvents]: Set<(event: PhoneEvents[Name]) => void> } = {
    state: new Set(),
    ringing: new Set(),
    connected: new Set(),
    ended: new Set(),
    quality: new Set(),
    microphoneFailed: new Set(),
  };
  const emit = <Name extends keyof PhoneEvents>(name: Name, event: PhoneEvents[Name]) => {
    for (const listener of listeners[name]) listener(event);
  };
  const audio = new Audio();
  audio.autoplay = true;
  let agent: UserAgent | undefined;
  let registerer: Registerer | undefined;
  let state: PhoneState = 'off';
  let line: Line | undefined;
  let devices: PhoneDevices = { microphoneId: undefined, speakerId: undefined };
  let muted = false;
  let retryMs = firstRetryMs;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let qualityTimer: ReturnType<typeof setInterval> | undefined;

  function become(next: PhoneState): void {
    if (state === next) return;
    state = next;
    emit('state', next);
  }

  function connectionOf(session: Session): RTCPeerConnection | undefined {
    return (session.sessionDescriptionHandler as SessionDescriptionHandler | undefined)?.peerConnection;
  }

  function onInvite(invitation: Invitation): void {
    const callId = invitation.request.getHeader('X-Engawa-Call') ?? invitation.request.callId;
    const purpose = (invitation.request.getHeader('X-Engawa-Purpose') ?? null) as 'outbound' | 'attach' | null;
    const previous = line;
    if (previous && previous.callId !== callId) {
      void invitation.reject({ statusCode: 486 });
      return;
    }
    const current: Line = { callId, session: invitation, connected: false };
    line = current;
    invitation.stateChange.addListener((next) => {
      if (next === SessionState.Established) onEstablished(current, previous);
      if (next === SessionState.Terminated && line === current) {
        line = undefined;
        stopQuality();
        emit('ended', { callId });
      }
    });
    emit('ringing', { callId, purpose });
    if (purpose) void answer();
  }

  function onEstablished(current: Line, previous: Line | undefined): void {
    current.connected = true;
    const connection = connectionOf(current.session);
    const stream = new MediaStream(connection?.getReceivers().map((receiver) => receiver.track) ?? []);
    audio.srcObject = stream;
    applyMute();
    void audio.play().catch(() => undefined);
    if (previous && previous.session.state === SessionState.Established) void previous.session.bye();
    startQuality(current);
    emit('connected', { callId: current.callId });
  }

  async function answer(): Promise<void> {
    const current = line;
    if (!current || current.connected) return;
    const microphone: MediaTrackConstraints = {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(devices.microphoneId ? { deviceId: { ideal: devices.microphoneId } } : {}),
    };
    try {
      await current.session.accept({
        sessionDescriptionHandlerOptions: { constraints: { audio: microphone, video: false } },
      });
    } catch (thrown) {
      const error = thrown as DOMException;
      emit('microphoneFailed', { name: error.name, message: error.message });
      if (current.session.state === SessionState.Initial) await current.session.reject({ statusCode: 480 });
    }
  }

  function applyMute(): void {
    if (!line) return;
    for (const sender of connectionOf(line.session)?.getSenders() ?? [])
      if (sender.track) sender.track.enabled = !muted;
  }

  function startQuality(current: Line): void {
    stopQuality();
    let before = { received: 0, lost: 0 };
    qualityTimer = setInterval(() => {
      const connection = connectionOf(current.session);
      if (connection)
        void readQuality(connection, before).then(({ quality, counts }) => {
          before = counts;
          emit('quality', quality);
        });
    }, qualityEveryMs);
  }

  function stopQuality(): void {
    clearInterval(qualityTimer);
    qualityTimer = undefined;
  }

  async function connect(): Promise<void> {
    clearTimeout(retryTimer);
    if (!agent || !registerer) return;
    try {
      if (!agent.isConnected()) await (agent.state === UserAgentState.Started ? agent.reconnect() : agent.start());
      await registerer.register({ requestDelegate: { onReject: retryLater } });
    } catch {
      retryLater();
    }
  }

  /** Backs off with jitter, so that a restarted server is not met by every desk at once. */
  function retryLater(): void {
    if (!agent) return;
    become('reconnecting');
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void connect(), retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(longestRetryMs, retryMs * 2);
  }

  return {
    on(name, listener) {
      listeners[name].add(listener);
      return () => void listeners[name].delete(listener);
    },
    get state() {
      return state;
    },
    async start(chosen) {
      devices = chosen;
      become('connecting');
      const uri = UserAgent.makeURI(settings.aor);
      if (!uri) throw new Error('the server gave no address for this desk');
      agent = new UserAgent({
        uri,
        transportOptions: { server: settings.webSocketUrl, keepAliveInterval: 0 },
        sessionDescriptionHandlerFactoryOptions: {
          iceGatheringTimeout: gatheringMs,
          peerConnectionConfiguration: { iceServers: settings.iceServers },
        },
        userAgentString: 'Engawa desk',
        logBuiltinEnabled: false,
        logLevel: 'error',
        delegate: { onInvite, onDisconnect: (error) => agent && (error ? retryLater() : undefined) },
      });
      registerer = new Registerer(agent, { expires: settings.registerExpiresSeconds, refreshFrequency: 60 });
      registerer.stateChange.addListener((next) => {
        if (next === RegistererState.Registered) {
          retryMs = firstRetryMs;
          become('registered');
        } else if (next === RegistererState.Unregistered && state === 'registered') retryLater();
      });
      addEventListener('online', connectSoon);
      await connect();
    },
    async stop() {
      const stopping = agent;
      agent = undefined;
      registerer = undefined;
      clearTimeout(retryTimer);
      stopQuality();
      removeEventListener('online', connectSoon);
      become('off');
      await stopping?.stop();
    },
    answer,
    carries: (callId) => line?.callId === callId && line.connected,
    setMuted(next) {
      muted = next;
      applyMute();
    },
    async setDevices(chosen) {
      devices = chosen;
      if (chosen.speakerId && 'setSinkId' in audio) await audio.setSinkId(chosen.speakerId);
      const sender = line && connectionOf(line.session)?.getSenders()[0];
      if (!sender) return;
      const wanted = chosen.microphoneId ? { deviceId: { exact: chosen.microphoneId } } : true;
      const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
      const old = sender.track;
      await sender.replaceTrack(stream.getAudioTracks()[0] ?? null);
      old?.stop();
      applyMute();
    },
  };

  function connectSoon(): void {
    retryMs = firstRetryMs;
    if (state !== 'registered') void connect();
  }
}

async function readQuality(
  connection: RTCPeerConnection,
  before: { received: number; lost: number },
): Promise<{ quality: LineQuality; counts: { received: number; lost: number } }> {
  let counts = before;
  let jitterMs = 0;
  let roundTripMs: number | null = null;
  for (const report of (await connection.getStats()).values()) {
    if (report.type === 'inbound-rtp') {
      counts = { received: report.packetsReceived ?? 0, lost: report.packetsLost ?? 0 };
      jitterMs = (report.jitter ?? 0) * 1000;
    }
    if (report.type === 'candidate-pair' && report.nominated && report.currentRoundTripTime !== undefined)
      roundTripMs = report.currentRoundTripTime * 1000;
  }
  const lost = counts.lost - before.lost;
  const all = counts.received - before.received + lost;
  return { quality: { jitterMs, roundTripMs, lossPercent: all > 0 ? Math.max(0, (lost / all) * 100) : 0 }, counts };
}
