// The one table between SIP and our causes of an end.
// Status → cause for what far ends answer (RFC 3261 §21, RFC 3398 §8.2.6), cause → status for what we refuse with,
// and the Reason header both ways (RFC 3326), where a Q.850 cause says more than a vague status.
// Knows nothing of sides; that is call/ending/termination.ts.

import type { EndCause } from '../shared/events.ts';

const byStatus: Readonly<Record<number, EndCause>> = {
  400: 'fault',
  401: 'forbidden',
  402: 'rejected',
  403: 'forbidden',
  404: 'not-found',
  405: 'fault',
  406: 'incompatible-media',
  407: 'forbidden',
  408: 'no-answer',
  410: 'not-found',
  413: 'fault',
  414: 'fault',
  415: 'incompatible-media',
  416: 'fault',
  420: 'fault',
  421: 'fault',
  422: 'fault',
  480: 'no-answer',
  481: 'fault',
  482: 'fault',
  483: 'fault',
  484: 'not-found',
  485: 'not-found',
  486: 'busy',
  487: 'cancelled',
  488: 'incompatible-media',
  491: 'fault',
  493: 'incompatible-media',
  500: 'unreachable',
  501: 'fault',
  502: 'unreachable',
  503: 'overload',
  504: 'unreachable',
  505: 'fault',
  513: 'fault',
  580: 'incompatible-media',
  600: 'busy',
  603: 'rejected',
  604: 'not-found',
  606: 'incompatible-media',
  607: 'rejected',
  608: 'rejected',
};

const byQ850: Readonly<Record<number, EndCause>> = {
  1: 'not-found',
  2: 'unreachable',
  3: 'unreachable',
  16: 'normal',
  17: 'busy',
  18: 'no-answer',
  19: 'no-answer',
  20: 'unreachable',
  21: 'rejected',
  22: 'not-found',
  27: 'unreachable',
  28: 'not-found',
  31: 'normal',
  34: 'overload',
  38: 'unreachable',
  41: 'unreachable',
  42: 'overload',
  44: 'overload',
  47: 'overload',
  55: 'forbidden',
  57: 'forbidden',
  65: 'incompatible-media',
  79: 'incompatible-media',
  88: 'incompatible-media',
  102: 'unreachable',
  127: 'fault',
};

interface Refusal {
  status: number;
  q850: number;
  text: string;
}

const refusals: Readonly<Record<EndCause, Refusal>> = {
  normal: { status: 480, q850: 16, text: 'Normal call clearing' },
  cancelled: { status: 487, q850: 16, text: 'Cancelled' },
  busy: { status: 486, q850: 17, text: 'User busy' },
  'no-answer': { status: 480, q850: 19, text: 'No answer' },
  rejected: { status: 603, q850: 21, text: 'Call rejected' },
  'not-found': { status: 404, q850: 1, text: 'Unallocated number' },
  forbidden: { status: 403, q850: 57, text: 'Not authorized' },
  unreachable: { status: 480, q850: 20, text: 'Unreachable' },
  'incompatible-media': { status: 488, q850: 88, text: 'Incompatible destination' },
  'media-timeout': { status: 500, q850: 41, text: 'Media timeout' },
  'media-lost': { status: 500, q850: 41, text: 'Media server lost' },
  overload: { status: 503, q850: 42, text: 'Congestion' },
  'session-expired': { status: 408, q850: 102, text: 'Session expired' },
  'time-limit': { status: 480, q850: 31, text: 'Time limit reached' },
  transferred: { status: 480, q850: 16, text: 'Call transferred' },
  'shutting-down': { status: 503, q850: 41, text: 'Out of service' },
  fault: { status: 500, q850: 127, text: 'Internal error' },
};

/** Statuses so vague that a Q.850 cause in Reason is better evidence. */
const vague = new Set([400, 408, 480, 488, 500, 502, 503, 504, 600, 603]);

/** The Q.850 cause of a Reason header (all instances joined), or undefined. */
export function q850Of(reasonHeader: string | undefined): number | undefined {
  const match = reasonHeader && /(?:^|,)\s*q\.850\s*(?:;[^,]*?)?;\s*cause\s*=\s*(\d{1,3})/i.exec(reasonHeader);
  return match ? Number(match[1]) : undefined;
}

/** The quoted text of a Reason header, as SIP servers write it into the BYEs that they make themselves. */
export function reasonText(reasonHeader: string | undefined): string | undefined {
  return reasonHeader === undefined ? undefined : (/text\s*=\s*"([^"]*)"/i.exec(reasonHeader)?.[1] ?? undefined);
}

/**
 * Why an INVITE of ours failed. `alerted` is whether the far end was ever heard of: a 408 or 480 after ringing is nobody
 * answering, before it nobody there.
 */
export function causeOfStatus(status: number, options: { reason?: string; alerted?: boolean } = {}): EndCause {
  const q850 = q850Of(options.reason);
  if (q850 !== undefined && vague.has(status)) {
    const told = byQ850[q850];
    // "Normal clearing" on a failed INVITE says nothing about why it failed.
    if (told !== undefined && told !== 'normal') return told;
  }
  if (status === 408 && !options.alerted) return 'unreachable';
  if (status >= 300 && status < 400) return 'rejected';
  const exact = byStatus[status];
  if (exact) return exact;
  if (status >= 600) return 'rejected';
  return status >= 500 ? 'unreachable' : 'rejected';
}

/** Why the far end sent BYE or CANCEL: normal unless its Reason says otherwise. */
export function causeOfBye(reason: string | undefined): EndCause {
  const q850 = q850Of(reason);
  return q850 === undefined ? 'normal' : (byQ850[q850] ?? 'normal');
}

/** What we refuse an INVITE with. 503 always comes with Retry-After (RFC 3261 §21.5.4). */
export function refusalOf(cause: EndCause): { status: number; headers: Record<string, string> } {
  const refusal = refusals[cause];
  const headers: Record<string, string> = { Reason: reasonOf(cause) };
  if (refusal.status === 503) headers['Retry-After'] = '10';
  return { status: refusal.status, headers };
}

/** Reason header for BYE, CANCEL and refusals. Fixed texts only: it must not say anything about the other party. */
export function reasonOf(cause: EndCause): string {
  const refusal = refusals[cause];
  return `Q.850;cause=${refusal.q850};text="${refusal.text}"`;
}

/**
 * As `causeOfStatus`, for softphones: 480 is what SIP.js says when the user declines. Our SIP server says 503 when the WebSocket
 * is gone, drachtio-server 410; 430 is RFC 5626's word for it.
 */
export function causeOfSoftphoneStatus(status: number, options: { alerted?: boolean } = {}): EndCause {
  if (status === 480) return 'rejected';
  if (status === 410 || status === 430 || status === 503) return 'unreachable';
  return causeOfStatus(status, options);
}
