// One recorder process as seen from the parent: started, watched, started again on the same port when it dies.
// Knows processes and messages, not calls.

import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../shared/clock.ts';
import { AppError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { processEntry } from '../shared/paths.ts';
import type { FromProcess, ProcessSettings, ToProcess } from './recorder-messages.ts';

const firstRestartMs = 50;
const lastRestartMs = 5000;

export interface RecorderChildOptions {
  clock: Clock;
  log: Logger;
  settings: ProcessSettings;
  onMessage(message: FromProcess): void;
  /** The process is gone and will be replaced. */
  onLost(): void;
  /** A process that replaces another one is ready. */
  onReplaced(): void;
}

export interface RecorderChild {
  readonly port: number;
  readonly up: boolean;
  readonly pid: number | undefined;
  tell(message: ToProcess): void;
  /** Lets the process finish its files and leave. */
  close(timeoutMs: number): Promise<void>;
}

export async function startRecorderChild(options: RecorderChildOptions): Promise<RecorderChild> {
  const { clock, log, settings } = options;
  let child: ChildProcess;
  let port = settings.port;
  let up = false;
  let closing = false;
  let restartMs = firstRestartMs;

  /** Resolves when the process listens; rejects when it leaves before that. */
  function launch(): Promise<void> {
    return new Promise((resolve, reject) => {
      let because = 'it ended without a word';
      child = fork(processEntry(import.meta.url, './recorder-process'), [], { serialization: 'advanced' });
      child.on('message', (given) => {
        const message = given as FromProcess;
        if (message.kind === 'unable') because = message.because;
        if (message.kind !== 'listening') return options.onMessage(message);
        port = message.port;
        up = true;
        resolve();
      });
      child.on('error', (error) => {
        because = error.message;
      });
      child.once('exit', (code, signal) => {
        const wasUp = up;
        up = false;
        if (!wasUp) reject(new AppError('storage-unavailable', `The recorder process could not start: ${because}.`));
        else if (!closing) lost(code, signal);
      });
      child.send({ kind: 'start', settings: { ...settings, port } } satisfies ToProcess, () => {});
    });
  }

  function lost(code: number | null, signal: string | null): void {
    log.error({ code, signal }, 'a recorder process ended and is started again');
    options.onLost();
    clock.after(restartMs, restart);
  }

  function restart(): void {
    if (closing) return;
    launch().then(
      () => {
        restartMs = firstRestartMs;
        options.onReplaced();
      },
      (err) => {
        restartMs = Math.min(restartMs * 2, lastRestartMs);
        log.error({ err, restartMs }, 'a recorder process could not be started again');
        clock.after(restartMs, restart);
      },
    );
  }

  await launch();
  return {
    get port() {
      return port;
    },
    get up() {
      return up;
    },
    get pid() {
      return child.pid;
    },
    tell(message) {
      if (up) child.send(message, () => {}); // A process that dies meanwhile is reported by its exit.
    },
    async close(timeoutMs) {
      closing = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.connected) child.disconnect();
      const timer = clock.after(timeoutMs, () => child.kill('SIGKILL'));
      await gone;
      timer.cancel();
    },
  };
}
