// One channel of FreeSWITCH as an endpoint uses it: orders to it, its events, and waiting for one of them.
// Once it is gone, by whomever, nothing waits any longer.

import { randomUUID } from 'node:crypto';
import { createEmitter, type Listenable } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';

export interface Channel extends Listenable<{ event: FreeswitchEvent; gone: { because: 'destroyed' | 'lost' } }> {
  readonly uuid: string;
  readonly live: boolean;
  readonly control: FreeswitchControl;
  /** An API command about this channel: `name uuid rest`. Its answer must be +OK. */
  order(name: string, rest?: string): Promise<string>;
  /** Starts an application; the id of its events. Nothing waits for its end. */
  execute(application: string, argument?: string): Promise<string>;
  /** Given to the application that runs. */
  tell(headers: Readonly<Record<string, string>>): Promise<void>;
  /** The next event that fits, or undefined when none came in time or the channel is gone. */
  until(fits: (event: FreeswitchEvent) => boolean, limitMs: number): Promise<FreeswitchEvent | undefined>;
  /** The channel is gone, says somebody who knows it before its event comes. */
  lose(): void;
}

export function createChannel(control: FreeswitchControl, uuid: string, log: Logger): Channel {
  const emitter = createEmitter<{ event: FreeswitchEvent; gone: { because: 'destroyed' | 'lost' } }>((err) =>
    log.error({ err }, 'event of a channel not taken'),
  );
  let live = true;
  const unlisten = control.listen(uuid, (event) => {
    if (!live) return;
    emitter.emit('event', event);
    if (event.name === 'CHANNEL_DESTROY') end('destroyed');
  });

  function end(because: 'destroyed' | 'lost'): void {
    if (!live) return;
    live = false;
    unlisten();
    emitter.emit('gone', { because });
    emitter.clear();
  }

  function mustLive(): void {
    if (!live) throw new AppError('not-found', 'the media endpoint has ended');
  }

  return {
    uuid,
    control,
    get live() {
      return live;
    },
    on: emitter.on,
    once: emitter.once,
    async order(name, rest = '') {
      mustLive();
      return control.order(rest ? `${name} ${uuid} ${rest}` : `${name} ${uuid}`);
    },
    async execute(application, argument = '') {
      mustLive();
      const eventId = randomUUID();
      await control.execute(uuid, application, argument, eventId);
      return eventId;
    },
    async tell(headers) {
      mustLive();
      await control.tell(uuid, headers);
    },
    until(fits, limitMs) {
      if (!live) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const settle = (event: FreeswitchEvent | undefined) => {
          clearTimeout(timer);
          offEvent();
          offGone();
          resolve(event);
        };
        const timer = setTimeout(() => settle(undefined), limitMs);
        timer.unref();
        const offEvent = emitter.on('event', (event) => {
          if (fits(event)) settle(event);
        });
        const offGone = emitter.on('gone', () => settle(undefined));
      });
    },
    lose: () => end('lost'),
  };
}

/** For what is done on the way and must not stop it: the failure is logged. */
export function attempt(log: Logger, what: string, doing: Promise<unknown>): Promise<void> {
  return doing.then(
    () => undefined,
    (thrown: unknown) => log.debug({ err: asError(thrown) }, what),
  );
}
