// Hands both directions of a party to a recorder over a WebSocket, as Endpoint.startTap promises.
// States: connecting → open ⇄ away → closed. While away (the recorder restarts) audio waits in a bounded queue and the
// connection is tried again; what does not fit is dropped from the front and replaced by silence of the same length, so that
// time is kept. A reconnection says in its metadata where in time it goes on (`resumedAtMs`).
// Frames hold 200 ms: one frame in ten ticks costs a tenth of the system calls of 20 ms frames.

import { WebSocket } from 'ws';
import { TapLanes } from './tap-lanes.ts';

const subProtocol = 'audio.drachtio.org';
const acceptLimitMs = 3_000;
const reconnectEveryMs = 500;
/** 10 s of stereo at 8 kHz. */
const queueLimitBytes = 10 * 32_000;
const samplesPerMs = 8;
const onThisMachine = /^ws:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])[:/]/;

export interface TapNeeds {
  url: string;
  metadata: Record<string, unknown>;
  onTrouble(because: string, fields: Record<string, unknown>): void;
}

export class Tap {
  readonly lanes = new TapLanes();
  private readonly needs: TapNeeds;
  private readonly startedAt = performance.now();
  private socket: WebSocket | undefined;
  private state: 'connecting' | 'open' | 'away' | 'closed' = 'connecting';
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  /** Silence owed for audio that was dropped. */
  private droppedBytes = 0;
  private sentBytes = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(needs: TapNeeds) {
    this.needs = needs;
  }

  /** The time line's present, in samples. */
  position(nowMs: number): number {
    return Math.round((nowMs - this.startedAt) * samplesPerMs);
  }

  /** Resolves when the recorder has accepted. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.connect();
      const late = setTimeout(() => {
        socket.terminate();
        fail('the recorder did not answer within 3 s');
      }, acceptLimitMs);
      const fail = (because: string) => {
        clearTimeout(late);
        if (this.state !== 'connecting') return;
        this.state = 'closed';
        reject(new Error(because));
      };
      socket.once('open', () => {
        clearTimeout(late);
        if (this.state === 'connecting') resolve();
      });
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('the recorder closed the connection'));
    });
  }

  private connect(): WebSocket {
    const socket = new WebSocket(this.needs.url, subProtocol, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      // Masks protect proxies from what a page may send (RFC 6455 §10.3); on the way to our own recorder there is none.
      ...(onThisMachine.test(this.needs.url) ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
    });
    this.socket = socket;
    socket.once('open', () => {
      if (this.state === 'closed') {
        socket.close();
        return;
      }
      const resumed = this.sentBytes > 0 ? { resumedAtMs: Math.round(this.sentBytes / 32) } : {};
      socket.send(JSON.stringify({ ...this.needs.metadata, ...resumed }));
      // `open()` listens too and was added later: it must still see 'connecting'.
      queueMicrotask(() => {
        if (this.state !== 'closed') this.state = 'open';
        this.flush();
      });
    });
    socket.on('error', (error) => {
      if (this.state === 'open' || this.state === 'away')
        this.needs.onTrouble('tap connection failed', { error: error.message });
    });
    socket.once('close', () => this.onClosed(socket));
    return socket;
  }

  private onClosed(socket: WebSocket): void {
    if (socket !== this.socket || this.state === 'closed' || this.state === 'connecting') return;
    if (this.state === 'open') this.needs.onTrouble('recorder closed the tap; trying again', {});
    this.state = 'away';
    this.retry = setTimeout(() => {
      if (this.state === 'away') this.connect();
    }, reconnectEveryMs);
  }

  /** Called every 200 ms: moves what is old enough towards the recorder. */
  pump(nowMs: number): void {
    if (this.state === 'closed') return;
    for (let part = this.lanes.take(this.position(nowMs)); part; part = this.lanes.take(this.position(nowMs))) {
      this.enqueue(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    }
    this.flush();
  }

  private enqueue(frame: Buffer): void {
    this.queue.push(frame);
    this.queuedBytes += frame.length;
    while (this.queuedBytes > queueLimitBytes) {
      const oldest = this.queue.shift();
      if (!oldest) return;
      if (this.droppedBytes === 0) this.needs.onTrouble('recorder does not take the audio; some is lost', {});
      this.queuedBytes -= oldest.length;
      this.droppedBytes += oldest.length;
    }
  }

  private flush(): void {
    const socket = this.socket;
    if (this.state !== 'open' || socket?.readyState !== WebSocket.OPEN) return;
    while (this.droppedBytes > 0 && socket.bufferedAmount < queueLimitBytes) {
      const silence = Buffer.alloc(Math.min(this.droppedBytes, 32_000));
      this.droppedBytes -= silence.length;
      this.sentBytes += silence.length;
      socket.send(silence);
    }
    while (this.droppedBytes === 0 && this.queue.length > 0 && socket.bufferedAmount < queueLimitBytes) {
      const frame = this.queue.shift()!;
      this.queuedBytes -= frame.length;
      this.sentBytes += frame.length;
      socket.send(frame);
    }
  }

  /** Sends all that is there and says goodbye. */
  async close(nowMs: number): Promise<void> {
    if (this.state === 'closed') return;
    const end = this.position(nowMs);
    for (let part = this.lanes.takeRest(end); part; part = this.lanes.takeRest(end)) {
      this.enqueue(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    }
    this.flush();
    const socket = this.socket;
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    clearTimeout(this.retry);
    if (!socket || !wasOpen || socket.readyState !== WebSocket.OPEN) {
      socket?.terminate();
      return;
    }
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        socket.terminate();
        resolve();
      }, acceptLimitMs);
      socket.once('close', () => {
        clearTimeout(late);
        resolve();
      });
      socket.close(1000);
    });
  }
}
