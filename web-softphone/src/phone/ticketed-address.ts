// Where the softphone's WebSocket is opened: with a ticket that the server mints for this session and that is good once.

import type { SoftphoneSettings } from '../../../src/api/contract.ts';
import type { SoftphoneTicket } from '../../../src/api/contracts/people.ts';
import type { Api } from '../api/client.ts';

/** `takesOver`: the desk comes here from another computer. Each call of what this returns asks for a ticket. */
export function ticketedAddress(
  api: Api,
  { webSocketPath }: Pick<SoftphoneSettings, 'webSocketPath'>,
  takesOver: () => boolean = () => false,
): () => Promise<string> {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return async () => {
    const body = takesOver() ? { takeOver: true } : {};
    const { ticket } = await api.post<SoftphoneTicket>('/desk/softphone/ticket', body);
    return `${scheme}://${location.host}${webSocketPath}?ticket=${encodeURIComponent(ticket)}`;
  };
}
