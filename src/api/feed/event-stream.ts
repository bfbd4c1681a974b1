// One Server-Sent Events response (WHATWG HTML §9.2): writes messages, notices a reader that does not read, ends once.

import type { IncomingMessage, ServerResponse } from 'node:http';

export type CutReason = 'slow-reader' | 'signed-out' | 'replaced' | 'shutting-down' | 'fault';

export interface EventStream {
  send(message: { event: string; id?: string; data: unknown }): void;
  /** Keeps connections and proxies awake: a comment, and `event: alive` because a page cannot see comments. */
  heartbeat(serverTime: number): void;
  /** Resolves when the reader has taken what was sent, at once if it keeps up. False: it took too long. */
  drained(withinMs: number): Promise<boolean> | boolean;
  /** Tells the reader why, and ends. The reader may come back with the id of the last event it has. */
  cut(because: CutReason): void;
  readonly open: boolean;
  onClose(listener: () => void): void;
}

const cutGraceMs = 2000;

export function openEventStream(request: IncomingMessage, response: ServerResponse, backlogBytes: number): EventStream {
  let open = true;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  request.socket.setNoDelay(true);
  response.on('close', () => {
    open = false;
  });
  write('retry: 2000\n\n');

  function write(text: string): void {
    if (!open) return;
    response.write(text);
    if (response.writableLength > backlogBytes) cut('slow-reader');
  }

  function cut(because: CutReason): void {
    if (!open) return;
    open = false;
    response.end(`event: cut\ndata: ${JSON.stringify({ because })}\n\n`);
    // A reader that does not read does not let go either.
    setTimeout(() => response.destroy(), cutGraceMs).unref();
  }

  return {
    send: ({ event, id, data }) =>
      write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    heartbeat: (serverTime) => write(`:\n\nevent: alive\ndata: ${JSON.stringify({ serverTime })}\n\n`),
    drained(withinMs) {
      if (!open || !response.writableNeedDrain) return open;
      return new Promise((resolve) => {
        const done = (drained: boolean) => {
          clearTimeout(timer);
          response.off('drain', onDrain);
          response.off('close', onClose);
          resolve(drained);
        };
        const onDrain = () => done(true);
        const onClose = () => done(false);
        const timer = setTimeout(() => done(false), withinMs);
        response.once('drain', onDrain).once('close', onClose);
      });
    },
    cut,
    get open() {
      return open;
    },
    onClose: (listener) => void response.on('close', listener),
  };
}
