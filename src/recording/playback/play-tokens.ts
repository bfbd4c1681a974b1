// What lets one session have the bytes of one recording for a while: signed, so that every node knows it and none keeps a list.
// It names the play that is in the audit log. Without the session's cookie it is worth nothing.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PlayId, RecordingId, SessionId } from '../../shared/ids.ts';

export interface Play {
  playId: PlayId;
  recordingId: RecordingId;
  sessionId: SessionId;
  /** Epoch milliseconds. */
  expiresAt: number;
}

export interface PlayTokens {
  make(play: Play): string;
  /** Undefined: not ours, or its time is over. */
  read(token: string, nowMs: number): Play | undefined;
}

export const playTokenMaxLength = 400;

export function createPlayTokens(key: Buffer): PlayTokens {
  const sign = (body: string) => createHmac('sha256', key).update(body).digest();
  return {
    make({ playId, recordingId, sessionId, expiresAt }) {
      const body = [playId, recordingId, sessionId, expiresAt].join('.');
      return `${body}.${sign(body).toString('base64url')}`;
    },
    read(token, nowMs) {
      if (token.length > playTokenMaxLength) return undefined;
      const at = token.lastIndexOf('.');
      const body = token.slice(0, Math.max(0, at));
      const given = Buffer.from(token.slice(at + 1), 'base64url');
      const signature = sign(body);
      if (given.length !== signature.length || !timingSafeEqual(given, signature)) return undefined;
      const [playId, recordingId, sessionId, expires] = body.split('.') as [PlayId, RecordingId, SessionId, string];
      const expiresAt = Number(expires);
      return expiresAt > nowMs ? { playId, recordingId, sessionId, expiresAt } : undefined;
    },
  };
}
