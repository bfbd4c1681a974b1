// Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3), as strings for a Map.
// Peers that predate RFC 3261 send no magic cookie; for them the key is made of what RFC 2543 compared. The To tag is left
// out of that: an ACK carries the one of the response.

import type { ParsedMessage } from '../../../protocol/sip/parse.ts';
import { branchCookie } from '../../../protocol/sip/tokens.ts';

/** The server transaction of a request. `method` stands in for its own: an ACK or CANCEL looks for the INVITE. */
export function serverKey(parsed: ParsedMessage, method: string): string {
  const { via, cseq, callId, fromTag, message } = parsed;
  const { branch } = via;
  // A bare cookie identifies nothing (RFC 4475 §3.2.1).
  if (branch !== undefined && branch.length > branchCookie.length && branch.startsWith(branchCookie)) {
    return `${branch}|${via.host}:${via.port ?? ''}|${method}`;
  }
  const uri = message.kind === 'request' ? message.uri : '';
  return `2543|${callId}|${fromTag ?? ''}|${cseq.number}|${uri}|${via.host}:${via.port ?? ''}|${branch ?? ''}|${method}`;
}

/** The client transaction of a response, and of our own requests: the branch is ours, so it says it all but CANCEL. */
export function clientKey(branch: string, method: string): string {
  return method === 'CANCEL' ? `${branch}|CANCEL` : branch;
}

/** The INVITE server transaction whose 2xx an ACK acknowledges: the To tag is ours and new for every dialog. */
export function acceptedKey(callId: string, cseq: number, toTag: string | undefined): string {
  return `${callId}|${cseq}|${toTag ?? ''}`;
}
