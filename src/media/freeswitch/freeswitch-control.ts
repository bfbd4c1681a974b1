// What we say to one FreeSWITCH and hear of it: commands for channels, their events given to whoever owns the channel, and how
// loaded it is. On one event socket that is asked something every two seconds: a process that hangs (SIGSTOP, a dead lock) sends
// no event and closes nothing, so silence is the only sign there is; it is noticed within `noticesHangWithinMs`.
// When the connection is lost the object is of no more use (see event-socket.ts); a new one is made.

import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Listenable, type Unsubscribe } from '../../shared/emitter.ts';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import { type ConnectResult, connectEventSocket, type EventSocket, type EventSocketAddress } from './event-socket.ts';

export interface ServerLoad {
  /** Channels of everybody who uses this FreeSWITCH. */
  sessions: number;
  maxSessions: number;
  /** 0 to 100. */
  idleCpuPercent: number;
  version: string;
}

export interface FreeswitchControl extends Listenable<{ lost: { because: string } }> {
  readonly open: boolean;
  readonly load: ServerLoad;
  api(command: string): Promise<string>;
  /** An API command whose answer must begin with +OK. Rejects with what FreeSWITCH says instead. */
  order(command: string): Promise<string>;
  /** Starts an application on a channel. `eventId` is the Application-UUID of its events. */
  execute(uuid: string, application: string, argument: string, eventId: string): Promise<void>;
  /** Given to the application that runs on the channel; whether it does something is not told. */
  tell(uuid: string, headers: Readonly<Record<string, string>>): Promise<void>;
  /** Events of one channel. */
  listen(uuid: string, listener: (event: FreeswitchEvent) => void): Unsubscribe;
  close(): void;
}

const askEveryMs = 2000;
const answerLimitMs = 5000;
export const noticesHangWithinMs = askEveryMs + answerLimitMs;

/** Added to every INVITE; FreeSWITCH keeps it as a channel variable, by which events are ours or another program's. */
export const ownerHeader = 'X-Engawa-Owner';

const channelEvents = [
  'CHANNEL_EXECUTE_COMPLETE',
  'CHANNEL_BRIDGE',
  'CHANNEL_PARK',
  'CHANNEL_DESTROY',
  // Somebody begins to listen.
  'MEDIA_BUG_START',
];
/** FreeSWITCH puts no channel variables into these, so those of everybody come; listeners are by channel. */
const bareEvents = ['DTMF', 'SEND_RTCP_MESSAGE', 'RECV_RTCP_MESSAGE'];
/** CUSTOM must come last: everything after it is a subclass. */
const customEvents = [
  'conference::maintenance',
  'mod_audio_fork::connect',
  'mod_audio_fork::connect_failed',
  'mod_audio_fork::disconnect',
  'mod_audio_fork::error',
  'mod_audio_fork::buffer_overrun',
];

export function readStatus(text: string): ServerLoad {
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    sessions: number(/^(\d+) session\(s\) - peak/m),
    maxSessions: number(/^(\d+) session\(s\) max/m),
    idleCpuPercent: number(/idle cpu [\d.]+\/([\d.]+)/),
    version: /\(Version ([\d.]+)/.exec(text)?.[1] ?? '',
  };
}

export interface ControlNeeds {
  address: EventSocketAddress;
  /** Of this program, in this life; the value of `ownerHeader`. */
  owner: string;
  clock: Clock;
  log: Logger;
  connectLimitMs?: number;
}

export async function connectControl(
  needs: ControlNeeds,
): Promise<{ kind: 'connected'; control: FreeswitchControl } | Extract<ConnectResult, { kind: 'failed' }>> {
  const connected = await connectEventSocket(needs.address, needs.connectLimitMs);
  if (connected.kind === 'failed') return connected;
  const { socket } = connected;
  try {
    await socket.command(`event plain ${[...channelEvents, ...bareEvents].join(' ')} CUSTOM ${customEvents.join(' ')}`);
    await socket.command(`filter variable_sip_h_${ownerHeader} ${needs.owner}`);
    for (const name of [...bareEvents, 'CUSTOM']) await socket.command(`filter Event-Name ${name}`);
    const status = readStatus(await socket.api('status'));
    return { kind: 'connected', control: control(needs, socket, status) };
  } catch (thrown) {
    socket.close();
    const because = thrown instanceof Error ? thrown.message : String(thrown);
    return { kind: 'failed', failure: 'silent', because };
  }
}

function control({ clock, log }: ControlNeeds, socket: EventSocket, status: ServerLoad): FreeswitchControl {
  const emitter = createEmitter<{ lost: { because: string } }>((err) => log.error({ err }, 'media listener failed'));
  const listeners = new Map<string, Set<(event: FreeswitchEvent) => void>>();
  let load = status;
  let asking = false;

  const timer = clock.every(askEveryMs, () => {
    if (asking) return;
    asking = true;
    socket
      .api('status', answerLimitMs)
      .then((text) => {
        load = readStatus(text);
      })
      .catch((err: unknown) => log.debug({ err }, 'FreeSWITCH does not answer'))
      .finally(() => {
        asking = false;
      });
  });
  socket.on('lost', ({ because }) => {
    timer.cancel();
    listeners.clear();
    emitter.emit('lost', { because });
  });
  socket.on('event', (event) => {
    const uuid = event.header('Unique-ID');
    for (const listener of [...((uuid && listeners.get(uuid)) || [])]) {
      try {
        listener(event);
      } catch (err) {
        log.error({ err, event: event.name }, 'event of FreeSWITCH not taken');
      }
    }
  });

  return {
    get open() {
      return socket.open;
    },
    get load() {
      return load;
    },
    on: emitter.on,
    once: emitter.once,
    api: (command) => socket.api(command),
    async order(command) {
      const answer = (await socket.api(command)).trim();
      if (answer.startsWith('+OK')) return answer;
      const [name] = command.split(' ');
      throw new AppError('internal', `FreeSWITCH does not do ${name}: ${answer || 'no reason given'}`);
    },
    async execute(uuid, application, argument, eventId) {
      const headers = {
        'call-command': 'execute',
        'execute-app-name': application,
        ...(argument ? { 'execute-app-arg': argument } : {}),
        'Event-UUID': eventId,
      };
      const reply = await socket.command(`sendmsg ${uuid}`, headers);
      if (!reply.startsWith('+OK')) throw new AppError('not-found', `FreeSWITCH: ${reply}`);
    },
    async tell(uuid, headers) {
      await socket.command('sendevent MESSAGE', { 'Unique-ID': uuid, ...headers });
    },
    listen(uuid, listener) {
      const set = listeners.get(uuid) ?? new Set();
      listeners.set(uuid, set);
      set.add(listener);
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(uuid) === set) listeners.delete(uuid);
      };
    },
    close() {
      timer.cancel();
      socket.close();
    },
  };
}
