// Opens a recording off the page's thread. What it is given and what it makes are in memory, and gone when the worker ends.

import { createIdentities, openParts } from '../../../src/recording/open-parts.ts';
import { AppError } from '../../../src/shared/errors.ts';

export interface ToOpen {
  parts: { name: string; bytes: Uint8Array }[];
  /** Private keys. */
  identities: string[];
}

export type Opened =
  | { kind: 'opened'; ogg: ArrayBuffer; durationMs: number; state: 'complete' | 'interrupted'; notes: number }
  /** `other-key`: it was sealed to others. `unreadable`: nothing of it could be read. */
  | { kind: 'failed'; because: 'other-key' | 'unreadable' };

const port = self as unknown as {
  onmessage: ((event: MessageEvent<ToOpen>) => void) | null;
  postMessage(message: Opened, transfer?: Transferable[]): void;
};

port.onmessage = ({ data }) => void open(data);

async function open({ parts, identities }: ToOpen): Promise<void> {
  try {
    const read = async (name: string) => parts.find((part) => part.name === name)!.bytes;
    const names = parts.map(({ name }) => name);
    const { ogg, durationMs, state, notes } = await openParts({ names, read }, createIdentities(identities));
    const { buffer } = ogg;
    port.postMessage({ kind: 'opened', ogg: buffer, durationMs, state, notes: notes.length }, [buffer]);
  } catch (thrown) {
    const otherKey = thrown instanceof AppError && thrown.code === 'forbidden';
    port.postMessage({ kind: 'failed', because: otherKey ? 'other-key' : 'unreadable' });
  }
}
