// Whether something was written to the audit log while a request was served: what promises to write, and does not, is found out.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditAct } from './audit.ts';

const acts = new AsyncLocalStorage<Set<AuditAct>>();

/** Follows what is written from here on, in everything that this request begins. */
export function followWritten(): ReadonlySet<AuditAct> {
  const written = new Set<AuditAct>();
  acts.enterWith(written);
  return written;
}

export function noteWritten(act: AuditAct): void {
  acts.getStore()?.add(act);
}
