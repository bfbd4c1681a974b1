// One connected application: its socket, its frames, and what it may say before and after it has authenticated.
//   connected ─authenticate, right secret▶ authenticated ─socket closes▶ gone
// Frames of one turn of the event loop leave in one write. Does not route requests and knows no SIP.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../shared/clock.ts';
import { asError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logger.ts';
import { type Command, type ProxyCommand, parseCommand, type SipCommand } from './commands.ts';
import { responseEnvelope } from './envelopes.ts';
import { createFrameReader, encodeFrame } from './framing.ts';

/** A connected and authenticated application, as the rest of the server sees it. */
export interface Application {
  readonly id: number;
  readonly tags: ReadonlySet<string>;
  /** False once the connection is gone; deliveries are then dropped. */
  readonly open: boolean;
  /** Sends one payload (an envelope), together with the others of this turn. */
  deliver(payload: string): void;
  /** Answers a command. */
  reply(requestId: string, result: 'OK' | 'NO' | 'NOK', detail?: string): void;
  /** Sends what waits, then closes. */
  end(): void;
}

export interface ApplicationHandlers {
  authenticated(application: Application): void;
  route(application: Application, verb: string): void;
  removeRoute(application: Application, verb: string): void;
  command(application: Application, command: SipCommand | ProxyCommand): void;
  forget(application: Application, dialogId: string): void;
  gone(application: Application): void;
}

interface Needs {
  id: number;
  socket: Socket;
  secret: string;
  /** The answer to a right secret: `hostports|version|localHostports`. */
  greeting: () => string;
  handlers: ApplicationHandlers;
  clock: Clock;
  log: Logger;
  authenticateWithinMs?: number;
  /** An application that stops reading is cut off beyond this. */
  maxQueuedBytes?: number;
  count: (what: string) => void;
}

function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

export function createApplication(needs: Needs): Application {
  const { socket, handlers, clock, log, count } = needs;
  const reader = createFrameReader();
  const maxQueuedBytes = needs.maxQueuedBytes ?? 64 * 1024 * 1024;
  let tags: ReadonlySet<string> = new Set();
  let state: 'connected' | 'authenticated' | 'gone' = 'connected';
  let outgoing = '';
  let flushing = false;
  const deadline: Timer = clock.after(needs.authenticateWithinMs ?? 10_000, () => {
    count('control.authentication-timeout');
    socket.destroy();
  });

  function flush(): void {
    flushing = false;
    const bytes = outgoing;
    outgoing = '';
    if (bytes === '' || socket.destroyed || !socket.writable) return;
    socket.write(bytes);
    if (socket.writableLength > maxQueuedBytes) {
      log.error(
        { application: needs.id, queued: socket.writableLength },
        'application does not read; connection closed',
      );
      count('control.application-stalled');
      socket.destroy();
    }
  }

  const application: Application = {
    id: needs.id,
    get tags() {
      return tags;
    },
    get open() {
      return state === 'authenticated' && !socket.destroyed;
    },
    deliver(payload) {
      if (state === 'gone') return;
      outgoing += encodeFrame(payload);
      if (flushing) return;
      flushing = true;
      setImmediate(flush);
    },
    reply(requestId, result, detail) {
      application.deliver(responseEnvelope(requestId, result, detail));
    },
    end() {
      flush();
      socket.end();
    },
  };

  function refuse(id: string, because: string, counter: string): void {
    count(counter);
    log.warn({ application: needs.id, because }, 'application refused');
    application.reply(id, 'NO', because);
    application.end();
  }

  function authenticate(command: Command): void {
    if (command.kind !== 'authenticate') {
      refuse(command.id, 'authenticate first', 'control.unauthenticated');
      return;
    }
    if (!sameSecret(command.secret, needs.secret)) {
      refuse(command.id, 'incorrect secret', 'control.incorrect-secret');
      return;
    }
    deadline.cancel();
    state = 'authenticated';
    tags = new Set(command.tags);
    application.reply(command.id, 'OK', needs.greeting());
    handlers.authenticated(application);
  }

  function handle(command: Command): void {
    if (command.kind === 'malformed') {
      refuse(command.id, command.because, 'control.malformed-command');
      return;
    }
    if (state === 'connected') {
      authenticate(command);
      return;
    }
    switch (command.kind) {
      case 'authenticate':
        application.reply(command.id, 'OK', needs.greeting());
        return;
      case 'route':
        handlers.route(application, command.verb);
        application.reply(command.id, 'OK');
        return;
      case 'remove-route':
        handlers.removeRoute(application, command.verb);
        application.reply(command.id, 'OK');
        return;
      case 'ping':
        application.reply(command.id, 'OK', 'pong');
        return;
      case 'forget':
        handlers.forget(application, command.dialogId);
        application.reply(command.id, 'OK');
        return;
      default:
        handlers.command(application, command);
    }
  }

  /** The blast wall: what one command throws ends that command, not the connection and not the server. */
  function handleSafely(payload: string): void {
    let command: Command | undefined;
    try {
      command = parseCommand(payload);
      handle(command);
    } catch (thrown) {
      count('control.fault');
      log.error({ err: asError(thrown), application: needs.id }, 'a command failed');
      if (command) application.reply(command.id, 'NOK', 'Server error: the command failed');
    }
  }

  socket.setNoDelay(true);
  socket.setKeepAlive(true, 45_000);
  socket.on('data', (chunk: Buffer) => {
    const result = reader.push(chunk);
    if (result.kind === 'malformed') {
      count('control.malformed-frame');
      log.warn({ application: needs.id, because: result.because }, 'malformed frame; connection closed');
      socket.destroy();
      return;
    }
    for (const payload of result.payloads) {
      if (socket.destroyed || socket.writableEnded) return;
      handleSafely(payload);
    }
  });
  socket.on('error', (err) => log.debug({ err, application: needs.id }, 'application connection failed'));
  socket.on('close', () => {
    deadline.cancel();
    const known = state === 'authenticated';
    state = 'gone';
    if (known) handlers.gone(application);
  });
  return application;
}
