// Frames of the drachtio control protocol: `<length>#<payload>`, where length counts the payload's bytes in decimal.
// Pure. Knows nothing of what a payload says. Unlike drachtio-server, a payload may have up to `maxPayloadBytes`.

export type FrameResult = { kind: 'frames'; payloads: string[] } | { kind: 'malformed'; because: string };

export interface FrameReader {
  /** Takes what the socket gave; returns the payloads that are complete. After `malformed` the connection is of no use. */
  push(chunk: Buffer): FrameResult;
}

const hash = 0x23;
const maxDigits = 8;

export function createFrameReader({ maxPayloadBytes = 4 * 1024 * 1024 } = {}): FrameReader {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let wantedBytes = 0;

  /** The length before `#` at `offset`; undefined while it is still coming. */
  function readLength(bytes: Buffer, offset: number): { length: number; start: number } | undefined | string {
    let length = 0;
    for (let at = offset; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte === hash) return at === offset ? 'no length before #' : { length, start: at + 1 };
      if (byte < 0x30 || byte > 0x39) return 'length is not a number';
      if (at - offset >= maxDigits) return 'length has too many digits';
      length = length * 10 + (byte - 0x30);
    }
    return undefined;
  }

  return {
    push(chunk) {
      rest.push(chunk);
      restBytes += chunk.length;
      if (restBytes < wantedBytes) return { kind: 'frames', payloads: [] };
      const bytes = rest.length === 1 ? chunk : Buffer.concat(rest, restBytes);
      const payloads: string[] = [];
      let offset = 0;
      wantedBytes = 0;
      while (offset < bytes.length) {
        const header = readLength(bytes, offset);
        if (typeof header === 'string') return { kind: 'malformed', because: header };
        if (!header) break;
        if (header.length > maxPayloadBytes) return { kind: 'malformed', because: 'payload is too large' };
        const end = header.start + header.length;
        if (end > bytes.length) {
          wantedBytes = end - offset;
          break;
        }
        payloads.push(bytes.toString('utf8', header.start, end));
        offset = end;
      }
      rest = offset < bytes.length ? [bytes.subarray(offset)] : [];
      restBytes = bytes.length - offset;
      return { kind: 'frames', payloads };
    },
  };
}

export function encodeFrame(payload: string): string {
  return `${Buffer.byteLength(payload)}#${payload}`;
}
