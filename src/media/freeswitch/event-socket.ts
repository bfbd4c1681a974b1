// One connection to FreeSWITCH's event socket: signs in, asks for events, gives commands and hands out what happens.
// Every question has a time limit. One that is not answered in time ends the connection: answers come in the order of the
// questions and carry no number, so after a lost one each later answer would be taken for another's.
// It never connects again by itself; whoever owns it makes a new one.

import { connect, type Socket } from 'node:net';
import { createEmitter, type Listenable } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import { type EventFrame, EventFrameReader, type FreeswitchEvent, readEvent } from './event-frames.ts';

export interface EventSocketAddress {
  host: string;
  port: number;
  password: string;
}

export interface EventSocketEvents {
  event: FreeswitchEvent;
  /** Once, however it ended, unless `close` was called. */
  lost: { because: string };
}

export interface EventSocket extends Listenable<EventSocketEvents> {
  readonly open: boolean;
  /** An API command; its answer as text, '-ERR …' included. Rejects with 'media-unavailable' when none comes in time. */
  api(command: string, limitMs?: number): Promise<string>;
  /** A command of the socket itself (event, filter, sendmsg …), with header lines; its Reply-Text. */
  command(command: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  close(): void;
}

/** Why there is no connection; each wants something else of the operator. */
export type ConnectFailure = 'unreachable' | 'refused-by-acl' | 'wrong-password' | 'silent';

export type ConnectResult =
  | { kind: 'connected'; socket: EventSocket }
  | { kind: 'failed'; failure: ConnectFailure; because: string };

const answerLimitMs = 5000;

interface Waiting {
  settle(frame: EventFrame): void;
  fail(because: string): void;
}

class Wire {
  readonly socket: Socket;
  readonly emitter = createEmitter<EventSocketEvents>();
  onFrame: (frame: EventFrame) => void = () => {};
  open = true;
  private readonly waiting: Waiting[] = [];
  private readonly name: string;

  constructor(socket: Socket, name: string) {
    this.socket = socket;
    this.name = name;
    const reader = new EventFrameReader();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('data', (bytes) => {
      try {
        for (const frame of reader.push(bytes)) if (this.open) this.onFrame(frame);
      } catch (thrown) {
        this.end(`what came is not the event socket's: ${asError(thrown).message}`);
      }
    });
    socket.on('error', (error) => this.end(error.message));
    socket.on('close', () => this.end('the connection was closed'));
  }

  ask(text: string, limitMs: number): Promise<EventFrame> {
    if (!this.open) return Promise.reject(this.unavailable('there is no connection'));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.end(`no answer to “${text.split(' ')[0]}” within ${limitMs} ms`), limitMs);
      late.unref();
      this.waiting.push({
        settle: (frame) => {
          clearTimeout(late);
          resolve(frame);
        },
        fail: (because) => {
          clearTimeout(late);
          reject(this.unavailable(because));
        },
      });
      this.socket.write(`${text}\n\n`);
    });
  }

  answer(frame: EventFrame): void {
    this.waiting.shift()?.settle(frame);
  }

  end(because: string, { told = true } = {}): void {
    if (!this.open) return;
    this.open = false;
    this.socket.destroy();
    for (const each of this.waiting.splice(0)) each.fail(because);
    if (told) this.emitter.emit('lost', { because });
    this.emitter.clear();
  }

  private unavailable(because: string): AppError {
    return new AppError('media-unavailable', `FreeSWITCH ${this.name}: ${because}`);
  }
}

/** No line break may get into a command: what follows it would be a command of its own. */
function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw new AppError('invalid-argument', 'a command to FreeSWITCH must be one line');
  return text;
}

/** Connects and signs in, or says why not, within `limitMs`. */
export function connectEventSocket(address: EventSocketAddress, limitMs = 3000): Promise<ConnectResult> {
  const { host, port, password } = address;
  const name = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const wire = new Wire(socket, name);
    let connected = false;
    const timer = setTimeout(() => {
      const because = connected
        ? `${name} accepts connections but does not speak; the process hangs or is no FreeSWITCH`
        : `${name} does not accept a connection within ${limitMs} ms`;
      give({ kind: 'failed', failure: connected ? 'silent' : 'unreachable', because });
    }, limitMs);
    timer.unref();
    function give(result: ConnectResult): void {
      clearTimeout(timer);
      if (result.kind === 'failed') wire.end(result.because, { told: false });
      resolve(result);
    }
    const fail = (failure: ConnectFailure, because: string) => give({ kind: 'failed', failure, because });
    socket.once('connect', () => {
      connected = true;
    });
    wire.emitter.once('lost', ({ because }) => fail('unreachable', `${name}: ${because}`));
    wire.onFrame = (frame) => {
      const type = frame.headers.get('Content-Type');
      if (type === 'text/rude-rejection')
        fail('refused-by-acl', `${name} refuses this host: add it to apply-inbound-acl of event_socket.conf.xml`);
      else if (type === 'auth/request') {
        wire.ask(`auth ${oneLine(password)}`, limitMs).then(
          (reply) => {
            if (!reply.headers.get('Reply-Text')?.startsWith('+OK')) {
              fail('wrong-password', `${name} does not take the password of its event socket`);
              return;
            }
            give({ kind: 'connected', socket: signedIn(wire) });
          },
          (error: Error) => fail('unreachable', error.message),
        );
      } else if (type === 'command/reply') wire.answer(frame);
    };
  });
}

function signedIn(wire: Wire): EventSocket {
  wire.emitter.clear();
  wire.onFrame = (frame) => {
    switch (frame.headers.get('Content-Type')) {
      case 'api/response':
      case 'command/reply':
        return wire.answer(frame);
      case 'text/event-plain':
        return wire.emitter.emit('event', readEvent(frame.body));
      case 'text/disconnect-notice':
        return wire.end('FreeSWITCH says goodbye');
      default:
        return undefined;
    }
  };
  return {
    get open() {
      return wire.open;
    },
    on: wire.emitter.on,
    once: wire.emitter.once,
    async api(command, limitMs = answerLimitMs) {
      return (await wire.ask(`api ${oneLine(command)}`, limitMs)).body;
    },
    async command(command, headers = {}) {
      const lines = Object.entries(headers).map(([name, value]) => `\n${name}: ${oneLine(value)}`);
      const reply = await wire.ask(`${oneLine(command)}${lines.join('')}`, answerLimitMs);
      return reply.headers.get('Reply-Text') ?? '';
    },
    close: () => wire.end('closed by us', { told: false }),
  };
}
