// A media server's side of a tap: sends tones to a recorder, in real time or as fast as it can.

import { WebSocket } from 'ws';

export const tapRateHz = 8000;

export interface Sound {
  /** 0: silence. */
  leftHz: number;
  rightHz: number;
  ms: number;
}

/** Both sides as 16-bit little-endian stereo. Phase runs on from `fromMs`. */
export function stereo({ leftHz, rightHz, ms }: Sound, fromMs = 0): Buffer {
  const samples = Math.round((ms * tapRateHz) / 1000);
  const pcm = Buffer.alloc(samples * 4);
  for (let i = 0; i < samples; i++) {
    const at = i + Math.round((fromMs * tapRateHz) / 1000);
    const value = (hz: number) => (hz ? Math.round(9000 * Math.sin((2 * Math.PI * hz * at) / tapRateHz)) : 0);
    pcm.writeInt16LE(value(leftHz), i * 4);
    pcm.writeInt16LE(value(rightHz), i * 4 + 2);
  }
  return pcm;
}

export interface TapClient {
  readonly sentMs: number;
  readonly closed: boolean;
  /** As fast as the connection takes it. */
  send(sound: Sound): Promise<void>;
  /** In real time, in frames of 20 ms. */
  play(sound: Sound): Promise<void>;
  /** Raw bytes, for what is not a whole frame. */
  sendRaw(bytes: Buffer | string): void;
  close(): Promise<void>;
  terminate(): void;
}

export async function connectTap(
  url: string,
  {
    metadata = '{"callId":"c_test"}',
    protocol = 'audio.drachtio.org',
  }: { metadata?: string | null; protocol?: string } = {},
): Promise<TapClient> {
  const socket = new WebSocket(url, protocol, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  socket.on('error', () => {}); // A recorder that is killed resets the connection; `closed` tells.
  if (metadata !== null) socket.send(metadata);
  let sentMs = 0;

  const write = (bytes: Buffer) =>
    new Promise<void>((resolve, reject) => socket.send(bytes, (error) => (error ? reject(error) : resolve())));

  return {
    get sentMs() {
      return sentMs;
    },
    get closed() {
      return socket.readyState !== WebSocket.OPEN;
    },
    async send(sound) {
      const pcm = stereo(sound, sentMs);
      for (let at = 0; at < pcm.length; at += 640) await write(pcm.subarray(at, at + 640));
      sentMs += sound.ms;
    },
    async play(sound) {
      const pcm = stereo(sound, sentMs);
      const startedAt = performance.now();
      for (let at = 0; at < pcm.length; at += 640) {
        const due = startedAt + (at / 640) * 20 - performance.now();
        if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
        await write(pcm.subarray(at, at + 640));
        sentMs += 20;
      }
    },
    sendRaw: (bytes) => socket.send(bytes),
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.close(1000);
      await closed;
    },
    terminate: () => socket.terminate(),
  };
}
