// What is in the log, in words: acts, who did it, to what. What has no word is shown as it is.

import type { AuditEntryView } from '../../../src/api/contracts/audit.ts';
import { useAuditWords } from '../text/audit-words.ts';

type By = AuditEntryView['by'];

export function useAuditNames() {
  const audit = useAuditWords();
  return {
    actName: (act: string): string => audit.acts[act] ?? act,
    byName({ kind, id, name }: By): string {
      if (kind === 'engawa') return audit.by.engawa;
      if (kind === 'unknown') return audit.by.unknown;
      if (kind === 'command') return audit.by.command(name ?? '');
      if (kind === 'key') return `${audit.by.key}: ${name ?? id}`;
      return name ?? id ?? '–';
    },
    targetName({ kind, id, name }: { kind: string; id: string; name?: string }): string {
      return `${audit.kinds[kind] ?? kind}: ${name ?? id}`;
    },
  };
}
