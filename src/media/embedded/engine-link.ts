// The parent's end of one engine process: starts it, asks it, and starts it again when it dies.
// States: down → starting → up → down …; `closed` is final. Only `up` takes commands. An engine that dies while starting
// is tried again with growing pauses; one that stops answering is killed, so that callers are told instead of left in silence.

import { type ChildProcess, fork } from 'node:child_process';
import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter, type Listenable } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { processEntry } from '../../shared/paths.ts';
import type {
  CommandInput,
  CommandName,
  CommandOutput,
  EndpointEventMessage,
  EngineConfig,
  EngineHealth,
  EngineMessage,
} from './engine-protocol.ts';

export interface EngineLinkEvents {
  up: { pid: number; webrtcPort: number };
  down: { because: string };
  endpoint: EndpointEventMessage;
  playEnded: { endpoint: string; play: number; how: 'finished' | 'stopped' | 'failed' };
}

export interface EngineLink extends Listenable<EngineLinkEvents> {
  readonly name: string;
  readonly up: boolean;
  readonly pid: number | undefined;
  /** What it last said of itself, at most five seconds old while it is up. */
  readonly health: EngineHealth | undefined;
  /** Resolves when the engine took its first start command; rejects when it cannot start at all. */
  start(): Promise<void>;
  ask<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandOutput<N>>;
  close(): Promise<void>;
}

export interface EngineLinkNeeds {
  clock: Clock;
  log: Logger;
  config: EngineConfig;
  /** A question unanswered for this long means that the engine hangs. */
  hangLimitMs?: number;
}

interface Pending {
  resolve: (output: never) => void;
  reject: (error: Error) => void;
}

const watchEveryMs = 5_000;
const restartPausesMs = [100, 500, 2_000, 5_000];

export function createEngineLink({ clock, log, config, hangLimitMs = 20_000 }: EngineLinkNeeds): EngineLink {
  const emitter = createEmitter<EngineLinkEvents>((err) => log.error({ err }, 'media engine listener failed'));
  const pending = new Map<number, Pending>();
  let child: ChildProcess | undefined;
  let health: EngineHealth | undefined;
  let state: 'down' | 'starting' | 'up' | 'closed' = 'down';
  let nextId = 1;
  let failures = 0;
  let timers: Timer[] = [];

  function ask<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandOutput<N>> {
    const process = child;
    if (!process?.connected || state === 'closed' || (state !== 'up' && command !== 'start')) {
      return Promise.reject(new AppError('media-unavailable', `media engine ${config.name} is not running`));
    }
    const id = nextId++;
    return new Promise<CommandOutput<N>>((resolve, reject) => {
      pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      process.channel?.ref();
      process.send({ id, command, input }, (error) => {
        if (error) settle(id, (waiting) => waiting.reject(unavailable(error.message)));
      });
    });
  }

  const unavailable = (because: string) =>
    new AppError('media-unavailable', `media engine ${config.name} went away: ${because}`);

  /** A waiting question keeps the process alive; an idle engine does not. */
  function settle(id: number, how: (waiting: Pending) => void): void {
    const waiting = pending.get(id);
    if (!waiting) return;
    pending.delete(id);
    if (pending.size === 0) child?.channel?.unref();
    how(waiting);
  }

  function onMessage(message: EngineMessage): void {
    if ('reply' in message) {
      settle(message.reply, (waiting) => {
        if (message.ok) waiting.resolve(message.output as never);
        else waiting.reject(new AppError(message.code, message.message));
      });
      return;
    }
    if (message.event === 'log') log[message.level]({ engine: config.name, ...message.fields }, message.message);
    else if (message.event === 'playEnded') emitter.emit('playEnded', message);
    else emitter.emit('endpoint', message);
  }

  function onExit(process: ChildProcess, because: string): void {
    if (child !== process) return;
    child = undefined;
    for (const timer of timers) timer.cancel();
    timers = [];
    const wasUp = state === 'up';
    if (state !== 'closed') state = 'down';
    for (const id of [...pending.keys()]) settle(id, (waiting) => waiting.reject(unavailable(because)));
    if (wasUp) emitter.emit('down', { because });
    if (state === 'closed') return;
    log.error({ engine: config.name, because }, 'media engine ended; starting it again');
    const pause = restartPausesMs[Math.min(failures++, restartPausesMs.length - 1)]!;
    clock.after(pause, () => {
      if (state === 'down')
        launch().catch((err) => log.error({ err, engine: config.name }, 'media engine did not start'));
    });
  }

  function watch(process: ChildProcess): void {
    let askedAt: number | undefined;
    timers.push(
      clock.every(watchEveryMs, () => {
        if (askedAt !== undefined) {
          if (clock.now() - askedAt < hangLimitMs) return;
          log.error({ engine: config.name }, 'media engine does not answer; killing it');
          process.kill('SIGKILL');
          return;
        }
        askedAt = clock.now();
        ask('health', {})
          .then((told) => {
            health = told;
          })
          .catch(() => undefined)
          .finally(() => {
            askedAt = undefined;
          });
      }),
    );
  }

  async function launch(): Promise<void> {
    state = 'starting';
    health = undefined;
    const process = fork(processEntry(import.meta.url, './engine-process'), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    child = process;
    process.unref();
    process.on('message', (message) => onMessage(message as EngineMessage));
    process.once('exit', (code, signal) => onExit(process, signal ? `signal ${signal}` : `exit code ${code}`));
    process.once('error', (error) => onExit(process, error.message));
    const started = await ask('start', config).catch((thrown) => {
      // A process that cannot take its place (its port is taken, say) makes room for another try.
      process.kill('SIGKILL');
      throw thrown;
    });
    if (child !== process) throw unavailable('ended while starting');
    state = 'up';
    failures = 0;
    watch(process);
    emitter.emit('up', { pid: process.pid ?? 0, webrtcPort: started.webrtcPort });
  }

  /** Asks for an orderly end, and insists after two seconds. */
  async function close(): Promise<void> {
    const process = child;
    const wasUp = state === 'up';
    const goodbye = wasUp
      ? ask('shutdown', {}).catch((thrown) => log.debug({ err: asError(thrown) }, 'engine gone'))
      : undefined;
    state = 'closed';
    for (const timer of timers) timer.cancel();
    if (!process) return;
    const exited = new Promise<void>((resolve) => process.once('exit', () => resolve()));
    process.ref();
    const insist = setTimeout(() => process.kill('SIGKILL'), 2_000);
    await goodbye;
    if (process.connected) process.disconnect();
    if (process.exitCode === null && process.signalCode === null) await exited;
    clearTimeout(insist);
  }

  return {
    name: config.name,
    get up() {
      return state === 'up';
    },
    get pid() {
      return child?.pid;
    },
    get health() {
      return health;
    },
    on: emitter.on,
    once: emitter.once,
    start: launch,
    ask,
    close,
  };
}
