// What dialled and accepted control links share: requests with their time limits, whose dialog a request belongs to, and what
// is told when the connection goes.

import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { DialogHandler, RequestFailure, RequestHandlers } from './control-link.ts';
import { type SrfConnection, withoutUris } from './srf-connection.ts';
import type { IncomingRequest, OutgoingResponse, RequestOptions } from './srf-types.ts';

export interface LinkCore {
  /** The connection to use; undefined while there is none. */
  connection: SrfConnection | undefined;
  /** Requests and dialogs that would miss the connection. */
  readonly open: number;
  request(options: RequestOptions, handlers: RequestHandlers): void;
  bindDialog(dialogId: string, handler: DialogHandler): () => void;
  onDown(listener: () => void): () => void;
  dispatch(request: IncomingRequest, response: OutgoingResponse): void;
  /** The connection is gone: fails what is in flight, then tells who listens. */
  lost(): void;
  guarded(what: string, run: () => void): void;
}

export interface LinkCoreOptions {
  clock: Clock;
  log: Logger;
  /** Requests outside of dialogs, and in dialogs that nobody bound. */
  onRequest: (request: IncomingRequest, response: OutgoingResponse) => void;
  /** The server did not even echo a request in time. */
  onOverdue: () => void;
  /** `open` became smaller. */
  onLess?: () => void;
}

/** A server that does not echo a request within this is not well. */
const echoTimeoutMs = 5_000;
/** Above 64·T1 (32 s), when the server itself gives up with 408. */
const finalTimeoutMs = 36_000;

export function createLinkCore({ clock, log, onRequest, onOverdue, onLess = () => {} }: LinkCoreOptions): LinkCore {
  const dialogs = new Map<string, DialogHandler>();
  const downListeners = new Set<() => void>();
  const inFlight = new Set<(because: RequestFailure) => void>();

  const guarded = (what: string, run: () => void): void => {
    try {
      run();
    } catch (thrown) {
      log.error({ err: asError(thrown), what }, 'a SIP handler failed');
    }
  };

  function dispatch(request: IncomingRequest, response: OutgoingResponse): void {
    guarded(request.method, () => {
      const handler = request.stackDialogId ? dialogs.get(request.stackDialogId) : undefined;
      if (handler) handler(request, response);
      else onRequest(request, response);
    });
  }

  function request(options: RequestOptions, handlers: RequestHandlers): void {
    let settled = false;
    let timer: Timer | undefined;
    const settle = () => {
      settled = true;
      timer?.cancel();
      inFlight.delete(fail);
      onLess();
    };
    const fail = (why: RequestFailure) => {
      if (settled) return;
      settle();
      guarded(options.method, () => handlers.failed(why));
    };
    const { connection } = core;
    if (!connection) return queueMicrotask(() => fail('not-sent'));
    inFlight.add(fail);
    timer = clock.after(echoTimeoutMs, () => {
      onOverdue();
      fail('no-echo');
    });
    const sent: Parameters<SrfConnection['request']>[1] = (error, outgoing) => {
      if (settled) return;
      if (error || !outgoing) {
        log.debug({ because: withoutUris(error), method: options.method }, 'the SIP server refused a request');
        return fail('refused-by-server');
      }
      timer?.cancel();
      // An INVITE may ring for minutes; its leg limits that.
      if (options.method !== 'INVITE') timer = clock.after(finalTimeoutMs, () => fail('timeout'));
      outgoing.on('response', (response, ack) => {
        if (response.status >= 200) settle();
        guarded(`${options.method} ${response.status}`, () => handlers.response(response, ack));
      });
      outgoing.on('update', (update, response) =>
        guarded('UPDATE', () => {
          // The library hands an UPDATE to any open request of the same Call-ID, a NOTIFY or INFO of ours too.
          if (handlers.update) handlers.update(update, response);
          else dispatch(update, response);
        }),
      );
      guarded(options.method, () => handlers.sent?.(outgoing));
    };
    try {
      connection.request(options, sent);
    } catch (thrown) {
      log.warn({ because: withoutUris(thrown), method: options.method }, 'a request could not be sent');
      queueMicrotask(() => fail('not-sent'));
    }
  }

  const core: LinkCore = {
    connection: undefined,
    get open() {
      return inFlight.size + dialogs.size;
    },
    request,
    bindDialog(dialogId, handler) {
      dialogs.set(dialogId, handler);
      return () => {
        if (dialogs.get(dialogId) !== handler) return;
        dialogs.delete(dialogId);
        onLess();
      };
    },
    onDown(listener) {
      downListeners.add(listener);
      return () => void downListeners.delete(listener);
    },
    dispatch,
    lost() {
      core.connection = undefined;
      for (const fail of [...inFlight]) fail('link-lost');
      inFlight.clear();
      for (const listener of [...downListeners]) guarded('connection lost', listener);
      dialogs.clear();
    },
    guarded,
  };
  return core;
}
