// The two requests that the transaction layer makes by itself, from an INVITE it sent: ACK to a final response other than
// 2xx (RFC 3261 §17.1.1.3) and CANCEL (§9.1). ACK to a 2xx belongs to the dialog.

import { header, headerKey, type SipHeader, type SipRequest, type SipResponse } from './message.ts';

const noBody = Buffer.alloc(0);

/** ACK in the INVITE's transaction: its top Via, its Route set, the To of the response. */
export function makeAck(invite: SipRequest, response: SipResponse): SipRequest {
  return inTransaction(invite, 'ACK', header(response, 'to'), []);
}

/** CANCEL of the INVITE; `extra` may carry Reason (RFC 3326). */
export function makeCancel(invite: SipRequest, extra: readonly SipHeader[] = []): SipRequest {
  return inTransaction(invite, 'CANCEL', undefined, extra);
}

function inTransaction(
  invite: SipRequest,
  method: string,
  to: string | undefined,
  extra: readonly SipHeader[],
): SipRequest {
  const headers: SipHeader[] = [];
  let via = false;
  for (const one of invite.headers) {
    switch (headerKey(one.name)) {
      case 'via':
        if (!via) headers.push({ name: one.name, value: one.value });
        via = true;
        break;
      case 'max-forwards':
        headers.push({ name: one.name, value: '70' });
        break;
      case 'from':
      case 'call-id':
      case 'route':
        headers.push(one);
        break;
      case 'to':
        headers.push(to === undefined ? one : { name: one.name, value: to });
        break;
      case 'cseq':
        headers.push({ name: one.name, value: `${Number.parseInt(one.value, 10)} ${method}` });
        break;
      default:
    }
  }
  headers.push(...extra);
  return { kind: 'request', method, uri: invite.uri, headers, body: noBody };
}
