// Call detail events for applications that routed `cdr:attempt`, `cdr:start` or `cdr:stop`, taking turns like verbs do.
// Costs a map look-up when nobody asked.

import { type CdrEvent, cdrEnvelope } from '../control/envelopes.ts';
import type { Routes } from '../control/routes.ts';

export type CdrRole = 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas';
export type StopReason =
  | 'call-rejected'
  | 'call-canceled'
  | 'normal-release'
  | 'session-expired'
  | 'system-initiated-termination';

type Source = 'network' | 'application';

export interface CdrReporter {
  attempt(source: Source, text: string, atMs: number): void;
  start(source: Source, text: string, atMs: number, role: CdrRole): void;
  stop(source: Source, text: string, atMs: number, reason: StopReason): void;
}

export function createCdrReporter(routes: () => Routes): CdrReporter {
  function report(event: CdrEvent, source: Source, atMs: number, detail: string | undefined, text: string): void {
    routes()
      .next(`cdr:${event}`)
      ?.deliver(cdrEnvelope(event, source, atMs, detail, text));
  }
  return {
    attempt: (source, text, atMs) => report('attempt', source, atMs, undefined, text),
    start: (source, text, atMs, role) => report('start', source, atMs, role, text),
    stop: (source, text, atMs, reason) => report('stop', source, atMs, reason, text),
  };
}
