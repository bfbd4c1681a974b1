// What a softphone needs besides its session to open a WebSocket for SIP: a ticket that was minted for exactly this session, on this
// device, a moment ago, and was not used before. A cookie alone opens none, and a ticket that leaked (addresses get into logs) opens
// none without the cookie. Nothing is stored: the ticket carries its end and a MAC; that it was used is counted over all nodes, and
// on this node besides, should they not be reached.

import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import type { LiveState } from '../store/live-state.ts';
import type { Session } from '../store/records.ts';
import { isSame } from './tokens.ts';

export interface SoftphoneTickets {
  mint(session: TicketOwner): { ticket: string; expiresAt: number };
  /** True once per ticket: it is of this session and device, and its time is not up. */
  redeem(ticket: string, session: TicketOwner): Promise<boolean>;
}

type TicketOwner = Pick<Session, 'id' | 'deviceId'>;

export const ticketLastsMs = 30_000;
const mostRemembered = 50_000;

export function createSoftphoneTickets(needs: {
  clock: Clock;
  /** 32 bytes, the same on all nodes; a fresh one unless given. */
  key?: Buffer;
  overNodes?: Pick<LiveState, 'takeToken'> | undefined;
}): SoftphoneTickets {
  const { clock, key = randomBytes(32), overNodes } = needs;
  const used = new Map<string, number>();

  const macOf = (expiresAt: number, nonce: string, { id, deviceId = '' as never }: TicketOwner) =>
    createHmac('sha256', key).update(`${expiresAt} ${nonce} ${id} ${deviceId}`).digest('base64url');

  function firstHere(nonce: string, expiresAt: number): boolean {
    const now = clock.now();
    for (const [old, until] of used) {
      if (until > now && used.size <= mostRemembered) break;
      used.delete(old);
    }
    if (used.has(nonce)) return false;
    used.set(nonce, expiresAt);
    return true;
  }

  return {
    mint(session) {
      const expiresAt = clock.now() + ticketLastsMs;
      const nonce = randomBytes(16).toString('base64url');
      return { ticket: `${expiresAt}.${nonce}.${macOf(expiresAt, nonce, session)}`, expiresAt };
    },
    async redeem(ticket, session) {
      const [, end = '', nonce = '', mac = ''] = /^(\d{13,16})\.([\w-]{22})\.([\w-]{43})$/.exec(ticket) ?? [];
      const expiresAt = Number(end);
      if (!nonce || !isSame(mac, macOf(expiresAt, nonce, session)) || expiresAt <= clock.now()) return false;
      if (!firstHere(nonce, expiresAt)) return false;
      if (!overNodes) return true;
      return (await overNodes.takeToken(`softphone-ticket ${nonce}`, 1, 2 * ticketLastsMs)).allowed;
    },
  };
}
