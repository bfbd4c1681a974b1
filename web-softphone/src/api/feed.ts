// The live feed (Server-Sent Events). EventSource comes back by itself with the id of the last event; where it gives up
// (an answer that is no stream) or where a connection died without a word, this opens another one.

export type FeedState = 'connecting' | 'live' | 'lost';

export interface FeedListener {
  state(state: FeedState): void;
  /** A new connection: revisions of an earlier one mean nothing any more. */
  opened(): void;
  message(name: string, data: unknown): void;
}

export interface Feed {
  /** Opens another connection, at once. */
  reopen(): void;
  close(): void;
  /** When the server was last heard, in epoch milliseconds: it says something every quarter of a minute. */
  readonly heardAt: number;
}

const retryMs = 2000;
/** A request that goes out over a connection which the network has forgotten is never answered; the next one takes another. */
const openWithinMs = 5000;

export function openFeed(names: readonly string[], listener: FeedListener): Feed {
  let source: EventSource | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let heardAt = Date.now();
  let open = true;

  function connect(): void {
    clearTimeout(retryTimer);
    source?.close();
    if (!open) return;
    heardAt = Date.now();
    const current = new EventSource('/api/v1/feed');
    source = current;
    const hangs = () => {
      if (source !== current || current.readyState === EventSource.OPEN) return;
      listener.state('lost');
      connect();
    };
    retryTimer = setTimeout(hangs, openWithinMs);
    current.onopen = () => {
      heardAt = Date.now();
      listener.opened();
      listener.state('live');
    };
    current.onerror = () => {
      if (source !== current) return;
      listener.state('lost');
      if (current.readyState !== EventSource.CLOSED) return;
      clearTimeout(retryTimer);
      retryTimer = setTimeout(connect, retryMs);
    };
    current.addEventListener('alive', () => {
      heardAt = Date.now();
    });
    for (const name of names) {
      current.addEventListener(name, (event) => {
        if (source !== current) return;
        heardAt = Date.now();
        listener.message(name, JSON.parse((event as MessageEvent<string>).data));
      });
    }
  }

  listener.state('connecting');
  connect();
  return {
    reopen: connect,
    close() {
      open = false;
      clearTimeout(retryTimer);
      source?.close();
    },
    get heardAt() {
      return heardAt;
    },
  };
}
