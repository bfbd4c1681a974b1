// The table of recordings in memory, and a switch that takes the "database" away.

import type { CallId, RecordingId } from '../../../src/shared/ids.ts';
import type { RecordingRow, Recordings } from '../../../src/store/records.ts';

export interface MemoryRecordings extends Recordings {
  rows: Map<RecordingId, RecordingRow>;
  away: boolean;
}

export function createMemoryRecordings(): MemoryRecordings {
  const rows = new Map<RecordingId, RecordingRow>();
  const present = async () => {
    if (memory.away) throw new Error('the database is away');
  };
  const memory: MemoryRecordings = {
    rows,
    away: false,
    async create(row) {
      await present();
      if (!rows.has(row.id)) rows.set(row.id, row);
    },
    async update(id, change) {
      await present();
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, ...change });
    },
    async byId(id) {
      await present();
      return rows.get(id);
    },
    async list({ before, limit = 50, callId }: { before?: RecordingId; limit?: number; callId?: CallId }) {
      await present();
      return [...rows.values()]
        .filter((row) => (before === undefined || row.id < before) && (callId === undefined || row.callId === callId))
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit);
    },
  };
  return memory;
}
