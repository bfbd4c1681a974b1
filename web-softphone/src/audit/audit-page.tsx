// The log of who did what, for auditors and administrators: search, details, whether the chain holds, export.

import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { AuditEntryView } from '../../../src/api/contracts/audit.ts';
import type { SectionProps } from '../sections.ts';
import { useAuditWords } from '../text/audit-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import '../styles/board.css';
import './audit.css';
import { AuditFilter, everything, queryOf, type Wanted } from './audit-filter.tsx';
import { AuditTable } from './audit-table.tsx';
import { ChainCard } from './chain-card.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { useEntries } from './use-entries.ts';

export function AuditPage({ api }: SectionProps) {
  const { words } = useLanguage();
  const text = useAuditWords();
  const [wanted, setWanted] = useState<Wanted>(everything);
  const found = useEntries<AuditEntryView>(api, `/audit?${queryOf(wanted)}&sort=${wanted.sort}&limit=50`);
  const search = (next: Wanted) => {
    if (JSON.stringify(next) === JSON.stringify(wanted)) found.refresh();
    else setWanted(next);
  };
  return (
    <section className="board audit row-cards" aria-labelledby="audit-title">
      <div className="audit-head">
        <div>
          <h1 id="audit-title">{text.title}</h1>
          <p className="hint">{text.lead}</p>
        </div>
        <ExportDialog api={api} wanted={wanted} />
      </div>
      <ChainCard api={api} />
      <AuditFilter api={api} onSearch={search} />
      {found.problem && <p role="alert">{refusal(words, found.problem)}</p>}
      <AuditTable entries={found.entries} />
      {found.hasMore && (
        <Button className="button" onPress={found.more}>
          {text.more}
        </Button>
      )}
    </section>
  );
}
