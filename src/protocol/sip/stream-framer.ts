// Finds messages in a byte stream: Content-Length (RFC 3261 §18.3) and keep-alives (RFC 5626 §4.4.1). Pure: bytes in,
// frames out. After `broken` the stream has lost its framing and the connection must be closed.
// Does not parse messages; a `broken` frame carries what was there, so that a 400 can be answered.

export type Frame =
  | { kind: 'message'; bytes: Buffer }
  /** Double CRLF: to be answered with a single one. */
  | { kind: 'ping' }
  | { kind: 'pong' }
  | { kind: 'broken'; because: string; status: 400 | 513; bytes: Buffer };

export interface FramerLimits {
  maxHeadBytes: number;
  maxBodyBytes: number;
}

export interface StreamFramer {
  push(chunk: Buffer): Frame[];
  /** Bytes of a message that has not ended. */
  readonly pendingBytes: number;
}

const defaultFramerLimits: FramerLimits = { maxHeadBytes: 32_768, maxBodyBytes: 65_536 };

const empty = Buffer.alloc(0);
const headEnd = Buffer.from('\r\n\r\n');
const lengthLine = /^(?:content-length|l)[ \t]*:\s*([^\r\n]*)/gim;

export function createStreamFramer(limits: FramerLimits = defaultFramerLimits): StreamFramer {
  let pending: Buffer = empty;
  /** Where the search for the end of the head goes on; a slow sender must not cost a search from the start each time. */
  let searched = 0;
  /** Whole size of the message at the front, once its head is there. */
  let size: number | undefined;
  let broken = false;

  function breakOff(because: string, frames: Frame[], status: 400 | 513): Frame[] {
    frames.push({ kind: 'broken', because, status, bytes: pending });
    broken = true;
    pending = empty;
    return frames;
  }

  /** Takes keep-alives off the front; false when it must wait for more bytes. */
  function takeKeepalives(frames: Frame[]): boolean {
    while (pending.length > 0 && (pending[0] === 0x0d || pending[0] === 0x0a)) {
      if (startsWith(pending, '\r\n\r\n')) {
        frames.push({ kind: 'ping' });
        pending = pending.subarray(4);
      } else if ('\r\n\r\n'.startsWith(pending.toString('latin1', 0, 4))) {
        // One CRLF alone is a pong, unless the other half of a ping is still on its way: a pong is never waited for.
        if (pending.length === 2) {
          frames.push({ kind: 'pong' });
          pending = empty;
        }
        return false;
      } else {
        pending = pending.subarray(1);
      }
    }
    return pending.length > 0;
  }

  function push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    if (broken) return frames;
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      if (size === undefined) {
        if (searched === 0 && !takeKeepalives(frames)) return frames;
        const end = pending.indexOf(headEnd, searched);
        if ((end < 0 ? pending.length : end) > limits.maxHeadBytes)
          return breakOff('the headers are too long', frames, 513);
        if (end < 0) {
          searched = Math.max(1, pending.length - 3);
          return frames;
        }
        const length = contentLength(pending.toString('latin1', 0, end));
        if (length === undefined) return breakOff('Content-Length is not one number', frames, 400);
        if (length > limits.maxBodyBytes) return breakOff('the body is too large', frames, 513);
        size = end + 4 + length;
      }
      if (pending.length < size) return frames;
      frames.push({ kind: 'message', bytes: pending.subarray(0, size) });
      pending = pending.subarray(size);
      searched = 0;
      size = undefined;
    }
  }

  return {
    push,
    get pendingBytes() {
      return pending.length;
    },
  };
}

/** 0 when it is not there, which RFC 3261 §20.14 forbids on streams but harms nobody; undefined when it is no number. */
function contentLength(head: string): number | undefined {
  let found: number | undefined;
  lengthLine.lastIndex = 0;
  for (let match = lengthLine.exec(head); match; match = lengthLine.exec(head)) {
    const text = match[1]!.trim();
    if (found !== undefined || !/^\d{1,10}$/.test(text)) return undefined;
    found = Number(text);
  }
  return found ?? 0;
}

function startsWith(bytes: Buffer, text: string): boolean {
  return bytes.length >= text.length && bytes.toString('latin1', 0, text.length) === text;
}
