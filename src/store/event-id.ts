// Event ids that only grow within one process (RFC 9562 §6.2, method 1: rand_a is a counter), also when the wall clock
// steps back. Ids of two processes interleave by time; nothing here orders them more finely than a millisecond.

import { randomBytes, randomInt } from 'node:crypto';
import type { EventId } from '../shared/ids.ts';

/** A maker of ids; `next(nowMs)` is greater, as a string, than all that this maker gave before. */
export function createEventIds(): { next(nowMs: number): EventId } {
  let lastMs = 0;
  let counter = 0;

  return {
    next(nowMs) {
      if (nowMs > lastMs) {
        lastMs = nowMs;
        counter = randomInt(0x400);
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      const bytes = randomBytes(16);
      bytes.writeUIntBE(lastMs, 0, 6);
      bytes.writeUInt16BE(0x7000 | counter, 6);
      bytes[8] = (bytes[8]! & 0x3f) | 0x80;
      return `v_${bytes.toString('hex')}` as EventId;
    },
  };
}

/** True for what looks like one of our event ids; a resume token from outside must pass this. */
export function isEventId(text: string): text is EventId {
  return /^v_[0-9a-f]{32}$/.test(text);
}
