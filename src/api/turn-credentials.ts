// Credentials for a TURN server that live for minutes: the user name is when they end and whose they are, the password its
// HMAC-SHA1 under a secret that the server knows, too (coturn's use-auth-secret, draft-uberti-behave-turn-rest-00 §2.2).
// Nothing is kept: the TURN server computes the same. Whose they are is the session's id; no name or number is in them.

import { createHmac } from 'node:crypto';
import type { IceSettings } from './contract.ts';

export interface TurnSettings {
  /** stun:, turn: and turns: URLs (RFC 7064, RFC 7065). */
  urls: readonly string[];
  /** coturn's static-auth-secret. Needed when there is a turn: or turns: URL. */
  secret?: string;
  credentialMinutes: number;
  relayOnly: boolean;
}

export interface TurnCredential {
  username: string;
  credential: string;
}

/** `bearer` may hold no colon: coturn reads what is before the first one as the time. */
export function turnCredential(secret: string, bearer: string, expiresAtMs: number): TurnCredential {
  const username = `${Math.floor(expiresAtMs / 1000)}:${bearer}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/** What a desk's RTCPeerConnection is given (RFC 8825, W3C RTCConfiguration). */
export function iceSettings(turn: TurnSettings | undefined, bearer: string, nowMs: number): IceSettings {
  const urls = turn?.urls ?? [];
  const open = urls.filter((url) => url.startsWith('stun:'));
  const relays = urls.filter((url) => !url.startsWith('stun:'));
  const iceServers: IceSettings['iceServers'] = open.length > 0 ? [{ urls: open }] : [];
  if (!turn?.secret || relays.length === 0)
    return { iceServers, iceTransportPolicy: 'all', iceServersExpireAt: null, serverTime: nowMs };
  const expiresAt = nowMs + turn.credentialMinutes * 60_000;
  return {
    iceServers: [...iceServers, { urls: relays, ...turnCredential(turn.secret, bearer, expiresAt) }],
    iceTransportPolicy: turn.relayOnly ? 'relay' : 'all',
    iceServersExpireAt: Math.floor(expiresAt / 1000) * 1000,
    serverTime: nowMs,
  };
}
