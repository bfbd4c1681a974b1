// What the audit log was told of a recording's files: its seal when it was completed, rotated, deleted. Oldest first.

import type { RecordingId } from '../../shared/ids.ts';
import type { AuditLog } from './audit-log.ts';

export const sealActs = ['recording-sealed', 'recording-rotated', 'recording-shredded'] as const;

export interface SealEntry {
  act: (typeof sealActs)[number];
  seal: string | null;
  sealBefore: string | null;
}

const mostEntries = 1000;

export async function sealEntriesOf(audit: Pick<AuditLog, 'search'>, id: RecordingId): Promise<SealEntry[]> {
  const found = await audit.search({
    target: { kind: 'recording', id },
    acts: sealActs,
    outcome: 'done',
    oldestFirst: true,
    limit: mostEntries,
  });
  return found.map(({ act, details }) => ({
    act: act as SealEntry['act'],
    seal: textOf(details?.more?.['seal']),
    sealBefore: textOf(details?.more?.['sealBefore']),
  }));
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
