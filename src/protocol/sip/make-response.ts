// Builds a response to a request (RFC 3261 §8.2.6): Via, From, To, Call-ID and CSeq are copied, a To tag is added.

import { tagOf } from './address.ts';
import { headerKey, type SipHeader, type SipRequest, type SipResponse } from './message.ts';
import { reasonPhrase } from './status.ts';

export interface ResponseParts {
  status: number;
  reason?: string;
  /** Put on To when the request has none and the status is above 100. */
  toTag?: string;
  headers?: readonly SipHeader[];
  body?: Buffer | string;
}

const noBody = Buffer.alloc(0);

export function makeResponse(request: SipRequest, parts: ResponseParts): SipResponse {
  const { status, toTag, body } = parts;
  const headers: SipHeader[] = [];
  for (const header of request.headers) {
    switch (headerKey(header.name)) {
      case 'via':
      case 'from':
      case 'call-id':
      case 'cseq':
        headers.push(header);
        break;
      case 'to':
        headers.push(status > 100 && toTag !== undefined ? withTag(header, toTag) : header);
        break;
      case 'timestamp':
        if (status === 100) headers.push(header);
        break;
      default:
    }
  }
  if (parts.headers) headers.push(...parts.headers);
  return {
    kind: 'response',
    status,
    reason: parts.reason ?? reasonPhrase(status),
    headers,
    body: body === undefined ? noBody : typeof body === 'string' ? Buffer.from(body, 'utf8') : body,
  };
}

/** The header with a tag, unless it has one. */
function withTag(header: SipHeader, tag: string): SipHeader {
  if (tagOf(header.value) !== undefined) return header;
  return { name: header.name, value: `${header.value};tag=${tag}` };
}
