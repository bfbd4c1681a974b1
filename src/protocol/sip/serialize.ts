// A SIP message as it goes on the wire (RFC 3261 §7). Content-Length is always written from the body: what the headers say
// about it is ignored. Line breaks inside a name or value are taken out, so that no caller's text can add a header.

import { headerKey, type SipMessage } from './message.ts';

/** Head and body as text; a body that is not UTF-8 is damaged here, so use `serialize` for sending. */
export function serializeText(message: SipMessage): string {
  const head = serializeHead(message);
  return message.body.length === 0 ? head : head + message.body.toString('utf8');
}

export function serialize(message: SipMessage): Buffer {
  return withBody(serializeHead(message), message.body);
}

/** Start line, headers and the empty line. */
export function serializeHead(message: SipMessage): string {
  let text =
    message.kind === 'request'
      ? `${message.method} ${clean(message.uri)} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${clean(message.reason)}\r\n`;
  for (const { name, value } of message.headers) {
    if (headerKey(name) === 'content-length') continue;
    text += `${clean(name)}: ${clean(value)}\r\n`;
  }
  return `${text}Content-Length: ${message.body.length}\r\n\r\n`;
}

export function withBody(head: string, body: Buffer): Buffer {
  if (body.length === 0) return Buffer.from(head, 'utf8');
  const headBytes = Buffer.byteLength(head, 'utf8');
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  bytes.write(head, 0, headBytes, 'utf8');
  body.copy(bytes, headBytes);
  return bytes;
}

function clean(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text;
}
