// PhoneEngine on sip.js. The only file that knows sip.js, so that another library can take its place (field.md b27).
//
// One line at a time. The server is the origin of calls: when it calls again, the new line takes the old one's place, also
// within one call (re-attach). A WebSocket that is lost is not mended: a new user agent with a new connection registers, the
// old line's audio goes on until the server calls again or says that the call is over. Nothing here restarts ICE (b28, b30).

import { type Invitation, Registerer, SessionState, UserAgent } from 'sip.js';
import type { SessionDescriptionHandler } from 'sip.js/lib/platform/web';
import { playRemote } from './line-audio.ts';
import { startQuality } from './line-quality.ts';
import type { PhoneDevices, PhoneEngine, PhoneEvents, PhoneState } from './phone-engine.ts';
import { TunnelledTransport } from './tunnelled-transport.ts';

export interface EngineSettings {
  /** Asked for each connection: the ticket in it is good once. */
  webSocketUrl: () => Promise<string>;
  aor: string;
  registerExpiresSeconds: number;
  /** Asked at every call: TURN credentials last minutes. */
  ice: () => Pick<RTCConfiguration, 'iceServers' | 'iceTransportPolicy'>;
}

interface Line {
  callId: string;
  session: Invitation;
  connected: boolean;
  accepting: boolean;
  stopQuality: () => void;
}

/** One WebSocket and the registration over it. */
interface Attachment {
  agent: UserAgent;
  registerer: Registerer;
  /** When the REGISTER that is on its way left; undefined: none is. */
  askedAt: number | undefined;
  registeredAt: number;
}

const firstRetryMs = 500;
const longestRetryMs = 10_000;
/** A REGISTER that is not answered within this time means that the connection is dead. */
const registerWithinMs = 10_000;
/** The server is reachable by its host candidate, so gathering needs no longer than this (measured: 10 to 80 ms). */
const gatheringMs = 500;
/** A TURN server has to be asked twice, perhaps over TLS from far away; one that does not answer costs this much of a call. */
const gatheringWithServersMs = 2000;
/** ICE gives up after half a minute; nobody at a telephone does. */
const disconnectedMs = 3000;
const processing = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export function createSipJsEngine(settings: EngineSettings): PhoneEngine {
  const listeners: { [Name in keyof PhoneEvents]: Set<(event: PhoneEvents[Name]) => void> } = {
    state: new Set(),
    ringing: new Set(),
    connected: new Set(),
    ended: new Set(),
    quality: new Set(),
    microphoneFailed: new Set(),
    microphoneLost: new Set(),
    mediaFailed: new Set(),
    audioBlocked: new Set(),
  };
  const emit = <Name extends keyof PhoneEvents>(name: Name, event: PhoneEvents[Name]) => {
    for (const listener of [...listeners[name]]) listener(event);
  };
  const remote = playRemote((callId) => emit('audioBlocked', { callId }));
  let wanted = false;
  let attachment: Attachment | undefined;
  let state: PhoneState = 'off';
  let line: Line | undefined;
  let devices: PhoneDevices = { microphoneId: undefined, speakerId: undefined };
  let muted = false;
  let changing: Promise<void> = Promise.resolve();
  let retryMs = firstRetryMs;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let askingForAddress = false;

  function become(next: PhoneState): void {
    if (state === next) return;
    state = next;
    emit('state', next);
  }

  function onInvite(invitation: Invitation): void {
    const callId = invitation.request.getHeader('X-Engawa-Call') ?? invitation.request.callId;
    const purpose = (invitation.request.getHeader('X-Engawa-Purpose') ?? null) as
      | 'outbound'
      | 'attach'
      | 'monitor'
      | 'measure'
      | null;
    const previous = line;
    const current: Line = { callId, session: invitation, connected: false, accepting: false, stopQuality: () => {} };
    if (previous && previous.callId !== callId) release(previous);
    line = current;
    invitation.stateChange.addListener((next) => {
      if (next === SessionState.Established) onEstablished(current, previous?.callId === callId ? previous : undefined);
      if (next === SessionState.Terminated) onTerminated(current);
    });
    emit('ringing', { callId, purpose });
    if (purpose) void answer();
  }

  function onEstablished(current: Line, previous: Line | undefined): void {
    current.connected = true;
    const connection = connectionOf(current.session);
    if (connection) {
      remote.play(current.callId, connection);
      watchConnection(current, connection);
      current.stopQuality = startQuality(connection, (quality) => emit('quality', quality));
    }
    watchMicrophone(current);
    applyMute();
    if (previous) release(previous);
    emit('connected', { callId: current.callId });
  }

  function onTerminated(current: Line): void {
    release(current);
    if (line !== current) return;
    line = undefined;
    remote.stop();
    emit('ended', { callId: current.callId });
  }

  /** Ends the audio of a line without asking the network: its SIP may have no connection any more. */
  function release(old: Line): void {
    old.stopQuality();
    old.connected = false;
    (old.session.sessionDescriptionHandler as SessionDescriptionHandler | undefined)?.close();
  }

  function watchConnection(current: Line, connection: RTCPeerConnection): void {
    const gone = () => {
      if (line !== current || !current.connected) return;
      emit('mediaFailed', { callId: current.callId });
      // What took the audio away may have taken the WebSocket, too, which does not notice.
      renew();
    };
    let patience: ReturnType<typeof setTimeout> | undefined;
    connection.addEventListener('connectionstatechange', () => {
      clearTimeout(patience);
      if (connection.connectionState === 'failed') gone();
      if (connection.connectionState === 'disconnected') patience = setTimeout(gone, disconnectedMs);
    });
  }

  function watchMicrophone(current: Line): void {
    const track = senderOf(current)?.track;
    track?.addEventListener('ended', () => {
      if (line !== current || !current.connected || senderOf(current)?.track !== track) return;
      emit('microphoneLost', { callId: current.callId });
      devices = { ...devices, microphoneId: undefined };
      void changeMicrophone(current);
    });
  }

  async function answer(): Promise<void> {
    const current = line;
    if (!current || current.connected || current.accepting) return;
    current.accepting = true;
    const audio = { ...processing, ...(devices.microphoneId ? { deviceId: { ideal: devices.microphoneId } } : {}) };
    try {
      await current.session.accept({ sessionDescriptionHandlerOptions: { constraints: { audio, video: false } } });
    } catch (thrown) {
      current.accepting = false;
      // Anything else: the call went away while it was being answered.
      if (thrown instanceof DOMException) tellMicrophone(thrown);
      if (current.session.state === SessionState.Initial) await current.session.reject({ statusCode: 480 });
    }
  }

  function tellMicrophone({ name, message }: DOMException): void {
    emit('microphoneFailed', { name, message });
  }

  /** One change after the other: a headset that is pulled out is told of twice. */
  function changeMicrophone(current: Line): Promise<void> {
    changing = changing.then(() => takeMicrophone(current));
    return changing;
  }

  async function takeMicrophone(current: Line): Promise<void> {
    if (line !== current || !current.connected) return;
    const sender = senderOf(current);
    if (!sender) return;
    const { microphoneId } = devices;
    try {
      const audio = { ...processing, ...(microphoneId ? { deviceId: { exact: microphoneId } } : {}) };
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      const old = sender.track;
      const track = stream.getAudioTracks()[0] ?? null;
      if (track) track.enabled = !muted;
      await sender.replaceTrack(track);
      old?.stop();
      watchMicrophone(current);
    } catch (thrown) {
      // The track in use goes on.
      tellMicrophone(thrown instanceof DOMException ? thrown : new DOMException(String(thrown), 'UnknownError'));
    }
  }

  function applyMute(): void {
    const track = line && senderOf(line)?.track;
    if (track) track.enabled = !muted;
  }

  async function connect(): Promise<void> {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    if (!wanted || attachment || askingForAddress) return;
    askingForAddress = true;
    const address = await settings.webSocketUrl().catch(() => undefined);
    askingForAddress = false;
    if (!wanted || attachment) return;
    if (address === undefined) return retryLater();
    const agent = createAgent(address);
    const fresh: Attachment = {
      agent,
      registerer: new Registerer(agent, { expires: settings.registerExpiresSeconds, refreshFrequency: 90 }),
      askedAt: undefined,
      registeredAt: 0,
    };
    attachment = fresh;
    try {
      await agent.start();
      await register(fresh);
    } catch {
      lose(fresh);
    }
  }

  function createAgent(server: string): UserAgent {
    const uri = UserAgent.makeURI(settings.aor);
    if (!uri) throw new Error('the server gave no address for this desk');
    const agent: UserAgent = new UserAgent({
      uri,
      transportConstructor: TunnelledTransport,
      transportOptions: { server, keepAliveInterval: 0, traceSip: false },
      // sip.js reads these when a call's connection is made, not before.
      sessionDescriptionHandlerFactoryOptions: {
        get iceGatheringTimeout() {
          return settings.ice().iceServers?.length ? gatheringWithServersMs : gatheringMs;
        },
        get peerConnectionConfiguration() {
          return settings.ice();
        },
      },
      userAgentString: 'Engawa desk',
      logBuiltinEnabled: false,
      gracefulShutdown: false,
      delegate: {
        onInvite: (invitation) => (attachment?.agent === agent ? onInvite(invitation) : undefined),
        onDisconnect: () => attachment?.agent === agent && lose(attachment),
      },
    });
    return agent;
  }

  async function register(current: Attachment): Promise<void> {
    current.askedAt = Date.now();
    await current.registerer.register({
      requestDelegate: {
        onAccept: () => {
          if (attachment !== current) return;
          current.askedAt = undefined;
          current.registeredAt = Date.now();
          retryMs = firstRetryMs;
          become('registered');
        },
        onReject: () => lose(current),
      },
    });
  }

  /** This connection is no good any more; another one is tried, with a back-off so that not every desk comes at once. */
  function lose(lost: Attachment): void {
    if (attachment !== lost) return;
    attachment = undefined;
    // Not agent.stop(): that would end the line, whose audio may still be up.
    void lost.agent.transport.disconnect().catch(() => undefined);
    retryLater();
  }

  function retryLater(): void {
    if (!wanted) return;
    become('reconnecting');
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => void connect(), retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(longestRetryMs, retryMs * 2);
  }

  /** Another connection; the server calls again over it if there is a call, and that brings fresh audio. */
  function renew(): void {
    if (!wanted) return;
    retryMs = firstRetryMs;
    if (attachment) lose(attachment);
    else void connect();
  }

  return {
    on(name, listener) {
      listeners[name].add(listener);
      return () => void listeners[name].delete(listener);
    },
    get state() {
      return state;
    },
    get callId() {
      return line?.callId;
    },
    async start(chosen) {
      devices = chosen;
      wanted = true;
      become('connecting');
      await remote.setSpeaker(chosen.speakerId);
      addEventListener('online', renew);
      await connect();
    },
    async stop() {
      const stopping = attachment;
      wanted = false;
      attachment = undefined;
      clearTimeout(retryTimer);
      removeEventListener('online', renew);
      if (line) release(line);
      line = undefined;
      remote.stop();
      become('off');
      await stopping?.registerer.unregister().catch(() => undefined);
      await stopping?.agent.stop().catch(() => undefined);
    },
    answer,
    drop(callId) {
      if (line?.callId !== callId) return;
      const { session } = line;
      onTerminated(line);
      if (session.state === SessionState.Established) void session.bye().catch(() => undefined);
    },
    carries: (callId) => line?.callId === callId && line.connected,
    report: async (callId) =>
      line?.callId === callId && line.connected ? connectionOf(line.session)?.getStats() : undefined,
    setMuted(next) {
      muted = next;
      applyMute();
    },
    async setDevices(chosen) {
      const microphoneChanged = chosen.microphoneId !== devices.microphoneId;
      devices = chosen;
      await remote.setSpeaker(chosen.speakerId);
      if (line?.connected && microphoneChanged) await changeMicrophone(line);
    },
    resumeAudio: () => remote.resume(),
    renew,
    check() {
      const current = attachment;
      if (!wanted) return;
      if (!current) {
        if (retryTimer === undefined) void connect();
        return;
      }
      const now = Date.now();
      if (current.askedAt !== undefined && now - current.askedAt > registerWithinMs) return lose(current);
      const dueMs = settings.registerExpiresSeconds * 500;
      if (state === 'registered' && current.askedAt === undefined && now - current.registeredAt > dueMs)
        void register(current).catch(() => lose(current));
    },
  };
}

function connectionOf(session: Invitation): RTCPeerConnection | undefined {
  return (session.sessionDescriptionHandler as SessionDescriptionHandler | undefined)?.peerConnection;
}

function senderOf(line: Line): RTCRtpSender | undefined {
  return connectionOf(line.session)?.getSenders()[0];
}
