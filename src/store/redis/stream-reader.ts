// The one connection that waits: XREAD BLOCK over all streams that a node follows, each from its own place. No polling; when a
// stream is added, the wait is ended by a letter to ourselves. Entries are handed out in the order of each stream.
// Does not know what entries mean.

import type { Redis } from 'ioredis';
import { asError } from '../../shared/errors.ts';
import { sentenceFor } from './refusals.ts';

export type StreamEntry = readonly [place: string, fields: readonly string[]];

export interface Stream {
  readonly key: string;
  /** Read up to here. */
  place: string;
  take(entry: StreamEntry): void;
}

const mostPerRead = 1000;
export const blockMs = 5000;

export class StreamReader {
  private readonly client: Redis;
  private readonly onFault: (because: string) => void;
  private readonly streams = new Map<string, Stream>();
  private closed = false;
  private since: number | undefined;

  constructor(client: Redis, onFault: (because: string) => void) {
    this.client = client;
    this.onFault = onFault;
  }

  /** Since when a read waits, by performance.now(). */
  get waitingSince(): number | undefined {
    return this.since;
  }

  /** Replaces an earlier reading of the same stream, whose entries are no longer handed out. */
  add(stream: Stream): void {
    this.streams.set(stream.key, stream);
  }

  remove(key: string): void {
    this.streams.delete(key);
  }

  start(): void {
    void this.loop();
  }

  close(): void {
    this.closed = true;
    this.since = undefined;
  }

  private async loop(): Promise<void> {
    while (!this.closed) {
      const reading = [...this.streams.values()];
      const keys = reading.map(({ key }) => key);
      const places = reading.map(({ place }) => place);
      this.since = performance.now();
      try {
        const reply = await this.client.xread('COUNT', mostPerRead, 'BLOCK', blockMs, 'STREAMS', ...keys, ...places);
        this.since = undefined;
        if (reply && !this.closed) this.handOut(reply as unknown as [string, StreamEntry[]][], reading);
      } catch (error) {
        if (this.closed) return;
        this.close();
        this.onFault(sentenceFor(asError(error)));
      }
    }
  }

  private handOut(reply: readonly [string, StreamEntry[]][], reading: readonly Stream[]): void {
    for (const [key, entries] of reply) {
      const stream = reading.find((each) => each.key === key);
      for (const entry of entries) {
        // Taken off the list, or begun again elsewhere, by what an earlier entry led to.
        if (this.closed || !stream || this.streams.get(key) !== stream) break;
        stream.place = entry[0];
        stream.take(entry);
      }
    }
  }
}
