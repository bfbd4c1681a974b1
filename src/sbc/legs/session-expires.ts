// Session timers as the UAS says them (RFC 4028 §9). The SIP server keeps the time; some servers take the interval only from the
// application's 200. Pure.

import type { SrfMessage } from '../link/srf-types.ts';

export function listed(header: string | undefined, option: string): boolean {
  return (header ?? '').split(',').some((one) => one.trim().toLowerCase() === option);
}

/**
 * Session timer of the 200 (RFC 4028 §9): we take what the far end proposes, at most ours, never under its Min-SE. Who
 * cannot refresh (no `timer` in Supported) leaves the refreshing to us.
 */
export function sessionTimerOf(request: SrfMessage, sessionExpiresSeconds: number): Record<string, string> {
  if (sessionExpiresSeconds === 0) return {};
  const knowsTimers = listed(request.get('Supported'), 'timer');
  const asked = /^\s*(\d+)\s*(?:;.*?refresher\s*=\s*(uac|uas))?/i.exec(request.get('Session-Expires') ?? '');
  const minimum = Math.max(90, Number.parseInt(request.get('Min-SE') ?? '0', 10) || 0);
  const seconds = Math.max(minimum, Math.min(sessionExpiresSeconds, asked ? Number(asked[1]) : sessionExpiresSeconds));
  const refresher = knowsTimers ? (asked?.[2]?.toLowerCase() ?? 'uac') : 'uas';
  return {
    'Session-Expires': `${seconds};refresher=${refresher}`,
    ...(knowsTimers ? { Require: 'timer' } : {}),
  };
}

/** For the 200 to a re-INVITE or UPDATE: the interval goes on as the request has it; nothing when it has none. */
export function refreshedTimerOf(request: SrfMessage): Record<string, string> {
  const asked = Number.parseInt(request.get('Session-Expires') ?? '', 10);
  return asked > 0 ? sessionTimerOf(request, asked) : {};
}
