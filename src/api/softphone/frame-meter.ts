// Watches WebSocket frames go by (RFC 6455 §5.2) without taking them apart: how large a message is, how many there are.
// A browser's frames are masked and, because we offer no extension, have no reserved bit set. Pure.

export interface FrameLimits {
  messageBytes: number;
  /** On average, over ten seconds. */
  messagesPerSecond: number;
}

/** Why the connection must end, as the status of a close frame (RFC 6455 §7.4.1). */
export type FrameFault = { status: 1002 | 1008 | 1009; because: string };

export interface FrameMeter {
  /** Bytes in the order they came; they need not end where frames do. */
  see(bytes: Uint8Array, nowMs: number): FrameFault | undefined;
}

const rateOverMs = 10_000;
const maxHeader = 14;

interface Header {
  length: number;
  payload: number;
  fault?: FrameFault;
  isControl: boolean;
  isLast: boolean;
}

export function createFrameMeter({ messageBytes, messagesPerSecond }: FrameLimits): FrameMeter {
  const burst = messagesPerSecond * (rateOverMs / 1000);
  let tokens = burst;
  let filledAt: number | undefined;
  let header = Buffer.alloc(0);
  let payloadLeft = 0;
  let messageSoFar = 0;

  function count(nowMs: number): FrameFault | undefined {
    tokens = Math.min(burst, tokens + ((nowMs - (filledAt ?? nowMs)) / 1000) * messagesPerSecond);
    filledAt = nowMs;
    tokens -= 1;
    return tokens < 0 ? { status: 1008, because: 'too many messages' } : undefined;
  }

  function begin({ payload, isControl, isLast, fault }: Header, nowMs: number): FrameFault | undefined {
    if (fault) return fault;
    payloadLeft = payload;
    if (isControl) return count(nowMs);
    messageSoFar += payload;
    if (messageSoFar > messageBytes) return { status: 1009, because: 'a message is too large' };
    if (!isLast) return messageSoFar === 0 ? count(nowMs) : undefined;
    messageSoFar = 0;
    return count(nowMs);
  }

  return {
    see(bytes, nowMs) {
      let at = 0;
      while (at < bytes.length) {
        if (payloadLeft > 0) {
          const taken = Math.min(payloadLeft, bytes.length - at);
          payloadLeft -= taken;
          at += taken;
          continue;
        }
        const before = header.length;
        header = Buffer.concat([header, bytes.subarray(at, at + maxHeader - before)]);
        const parsed = parseHeader(header);
        if (!parsed) return undefined;
        at += parsed.length - before;
        header = Buffer.alloc(0);
        const fault = begin(parsed, nowMs);
        if (fault) return fault;
      }
      return undefined;
    },
  };
}

/** Undefined while there are too few bytes. */
function parseHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0]!, bytes[1]!];
  const opcode = first & 0x0f;
  const isControl = opcode >= 8;
  const isLast = (first & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const length = 2 + lengthBytes + 4;
  const fault = (because: string): Header => ({
    length: 2,
    payload: 0,
    isControl,
    isLast,
    fault: { status: 1002, because },
  });
  if ((first & 0x70) !== 0) return fault('a reserved bit is set');
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) return fault('an unknown kind of frame');
  if ((second & 0x80) === 0) return fault('a frame is not masked');
  if (isControl && (short > 125 || !isLast)) return fault('a control frame is too long or in pieces');
  if (bytes.length < length) return undefined;
  const payload =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { length, payload, isControl, isLast };
}

/** A close frame as a server sends it. */
export function closeFrame({ status, because }: FrameFault): Buffer {
  const reason = Buffer.from(because);
  const frame = Buffer.alloc(4 + reason.length);
  frame[0] = 0x88;
  frame[1] = 2 + reason.length;
  frame.writeUInt16BE(status, 2);
  reason.copy(frame, 4);
  return frame;
}
