// Session timers (RFC 4028) in both roles, without the application: it only hears the BYE of a session that ran out.
//   armed by a 2xx to INVITE or UPDATE with Session-Expires; every later one arms it anew
//   we refresh:   at half the interval (session-refresh.ts); no success until the end of the interval ends the session
//   they refresh: a third of the interval, at most 32 s, before it runs out we send BYE
// A request that names no refresher gets one named in our answer: the far end if it supports timers, else us. An offer or
// answer without Session-Expires keeps a timer that runs.

import {
  header,
  headerKey,
  headerLines,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../../protocol/sip/message.ts';
import { paramValue, parseParams } from '../../../protocol/sip/params.ts';
import type { Dialog } from './records.ts';
import { refreshSession } from './session-refresh.ts';
import type { Stack } from './stack.ts';
import { endDialog } from './unsolicited.ts';

interface SessionExpires {
  seconds: number;
  /** `uac` is who sent the request, `uas` who answered it. */
  refresher: 'uac' | 'uas' | undefined;
}

function sessionExpires(message: SipMessage): SessionExpires | undefined {
  const value = header(message, 'session-expires');
  const seconds = Number.parseInt(value ?? '', 10);
  if (value === undefined || !(seconds > 0)) return undefined;
  const semicolon = value.indexOf(';');
  const params = semicolon < 0 ? [] : (parseParams(value, semicolon) ?? []);
  const refresher = paramValue(params, 'refresher')?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

function supportsTimer(message: SipMessage): boolean {
  return [...headerLines(message, 'supported'), ...headerLines(message, 'require')].some((line) =>
    /(^|,)\s*timer\s*(,|$)/i.test(line),
  );
}

/** The Min-SE to refuse with (422), when a request asks for less than we allow. */
export function refusesInterval(stack: Stack, request: SipRequest): number | undefined {
  const asked = sessionExpires(request);
  const { minSeconds } = stack.sessionTimers;
  return asked && asked.seconds < minSeconds && supportsTimer(request) ? minSeconds : undefined;
}

/** Our 2xx to an INVITE or UPDATE: says how long, and who refreshes, and starts the clock. */
export function answerSessionTimer(stack: Stack, dialog: Dialog, request: SipRequest, response: SipResponse): void {
  if (request.method !== 'INVITE' && request.method !== 'UPDATE') return;
  noteUpdate(dialog, request);
  const asked = sessionExpires(request);
  const given = sessionExpires(response);
  const theyCan = supportsTimer(request);
  const running = dialog.sessionTimer?.intervalSeconds ?? 0;
  const wanted = theyCan ? stack.sessionTimers.offerSeconds : 0;
  const seconds = given?.seconds ?? asked?.seconds ?? (running || wanted);
  if (!seconds) {
    arm(stack, dialog, undefined);
    return;
  }
  const refresher = given?.refresher ?? asked?.refresher ?? (theyCan ? 'uac' : 'uas');
  const value = `${seconds};refresher=${refresher}`;
  setHeader(response, 'Session-Expires', value);
  if (refresher === 'uac' && theyCan) addOption(response, 'Require');
  arm(stack, dialog, { seconds, weRefresh: refresher === 'uas' });
}

/** A 2xx to an INVITE or UPDATE of ours. */
export function takeSessionTimer(stack: Stack, dialog: Dialog, request: SipRequest, response: SipResponse): void {
  noteUpdate(dialog, response);
  const given = sessionExpires(response);
  if (given) {
    arm(stack, dialog, { seconds: given.seconds, weRefresh: given.refresher !== 'uas' });
    return;
  }
  // The far end knows no timers; if we asked for one we can still keep it (RFC 4028 §7.2).
  const asked = sessionExpires(request);
  arm(stack, dialog, asked && { seconds: asked.seconds, weRefresh: true });
}

/** Whether the far end can be refreshed by UPDATE (RFC 4028 §7.4). Who says nothing keeps what was known. */
function noteUpdate(dialog: Dialog, message: SipMessage): void {
  const allow = headerLines(message, 'allow');
  if (allow.length > 0) dialog.farTakesUpdate = /(^|,)\s*UPDATE\s*(,|$)/i.test(allow.join(','));
}

/** A new INVITE of an application. */
export function offerSessionTimer(stack: Stack, request: SipRequest): void {
  const { offerSeconds, minSeconds } = stack.sessionTimers;
  if (sessionExpires(request) === undefined) {
    if (offerSeconds === 0) return;
    setHeader(request, 'Session-Expires', String(offerSeconds));
    setHeader(request, 'Min-SE', String(minSeconds));
  }
  if (!supportsTimer(request)) addOption(request, 'Supported');
}

/** An INVITE or UPDATE of ours inside a dialog: goes on with the timer that runs. */
export function keepSessionTimer(dialog: Dialog, request: SipRequest): void {
  const { sessionTimer } = dialog;
  if (!sessionTimer) return;
  if (sessionExpires(request) === undefined) {
    const refresher = sessionTimer.weRefresh ? 'uac' : 'uas';
    setHeader(request, 'Session-Expires', `${sessionTimer.intervalSeconds};refresher=${refresher}`);
  }
  if (!supportsTimer(request)) addOption(request, 'Supported');
}

function arm(stack: Stack, dialog: Dialog, wanted: { seconds: number; weRefresh: boolean } | undefined): void {
  dialog.sessionTimer?.timer.cancel();
  dialog.sessionTimer = undefined;
  if (!wanted || dialog.state === 'terminated') return;
  const { seconds, weRefresh } = wanted;
  const intervalMs = seconds * 1000;
  const waitMs = weRefresh ? intervalMs / 2 : intervalMs - Math.min(32_000, intervalMs / 3);
  const timer = stack.clock.after(waitMs, () => {
    if (weRefresh) refresh(stack, dialog, seconds);
    else expire(stack, dialog);
  });
  dialog.sessionTimer = { intervalSeconds: seconds, weRefresh, timer };
}

function expire(stack: Stack, dialog: Dialog): void {
  stack.count('session-expired');
  endDialog(stack, dialog, { cause: 'Session timer expired', cdr: 'session-expired' });
}

function refresh(stack: Stack, dialog: Dialog, seconds: number): void {
  // Should nothing come of it, the session ends when it would have run out.
  const remainingMs = (seconds * 1000) / 2 - Math.min(32_000, (seconds * 1000) / 3);
  const timer = stack.clock.after(Math.max(remainingMs, 1000), () => expire(stack, dialog));
  dialog.sessionTimer = { intervalSeconds: seconds, weRefresh: true, timer };
  const request = refreshSession(stack, dialog, {
    prepare: (invite, leastSeconds) => {
      if (leastSeconds) dialog.sessionTimer!.intervalSeconds = Math.max(leastSeconds, seconds);
      keepSessionTimer(dialog, invite);
    },
    succeeded: (invite, response) => takeSessionTimer(stack, dialog, invite, response),
    gone: () => expire(stack, dialog),
  });
  if (!request) stack.count('session-refresh-postponed');
}

function setHeader(message: SipMessage, name: string, value: string): void {
  const key = headerKey(name);
  const found = message.headers.find((each) => headerKey(each.name) === key);
  if (found) found.value = value;
  else message.headers.push({ name, value });
}

function addOption(message: SipMessage, name: 'Supported' | 'Require'): void {
  const key = headerKey(name);
  const at = message.headers.findIndex((each) => headerKey(each.name) === key);
  const found = message.headers[at];
  if (!found) message.headers.push({ name, value: 'timer' });
  else if (!/(^|,)\s*timer\s*(,|$)/i.test(found.value)) {
    message.headers[at] = { name: found.name, value: `${found.value}, timer` };
  }
}
