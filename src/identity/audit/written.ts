// What was written to the audit log while a request was served: what promises to write, and does not, is found out.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditAct } from './audit.ts';

export type Written = Set<AuditAct>;

const acts = new AsyncLocalStorage<Written>();

/** Everything that `run` begins adds to `written` what it writes. */
export function followWritten<T>(written: Written, run: () => T): T {
  return acts.run(written, run);
}

export function noteWritten(act: AuditAct): void {
  acts.getStore()?.add(act);
}
