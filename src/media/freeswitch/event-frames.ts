// The framing of FreeSWITCH's event socket (mod_event_socket): a block of headers, an empty line, and as many bytes of body as
// Content-Length says. An event in the plain format is such a frame whose body is headers again, their values percent-encoded.
// Pure: bytes in, frames out. Knows nothing of commands and replies.

export interface EventFrame {
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** An event of FreeSWITCH. Values are decoded when asked for: an event of a channel has two hundred of them. */
export interface FreeswitchEvent {
  readonly name: string;
  /** Of a CUSTOM event. */
  readonly subclass: string | undefined;
  header(name: string): string | undefined;
  readonly body: string;
}

/** More than any answer to a command of ours; a peer that announces more is not FreeSWITCH. */
const maxBodyBytes = 16 * 1024 * 1024;
const maxHeaderBytes = 64 * 1024;

function headersOf(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

export class EventFrameReader {
  private pending: Buffer = Buffer.alloc(0);

  /** The frames that these bytes complete. Throws when they cannot be the event socket's. */
  push(bytes: Buffer): EventFrame[] {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    const frames: EventFrame[] = [];
    for (;;) {
      const end = this.pending.indexOf('\n\n');
      if (end < 0) {
        if (this.pending.length > maxHeaderBytes) throw new Error('headers without an end');
        return frames;
      }
      const headers = headersOf(this.pending.toString('utf8', 0, end));
      const length = Number(headers.get('Content-Length') ?? 0);
      if (!Number.isInteger(length) || length < 0 || length > maxBodyBytes)
        throw new Error('unreadable Content-Length');
      const bodyAt = end + 2;
      if (this.pending.length < bodyAt + length) return frames;
      frames.push({ headers, body: this.pending.toString('utf8', bodyAt, bodyAt + length) });
      this.pending = this.pending.subarray(bodyAt + length);
    }
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // FreeSWITCH passes on bytes that are no UTF-8 as they came.
    return value;
  }
}

/** The event in the body of a text/event-plain frame. */
export function readEvent(body: string): FreeswitchEvent {
  const end = body.indexOf('\n\n');
  const headers = headersOf(end < 0 ? body : body.slice(0, end));
  const header = (name: string) => {
    const value = headers.get(name);
    return value === undefined ? undefined : decoded(value);
  };
  return {
    name: header('Event-Name') ?? '',
    subclass: header('Event-Subclass'),
    header,
    body: end < 0 ? '' : body.slice(end + 2),
  };
}
