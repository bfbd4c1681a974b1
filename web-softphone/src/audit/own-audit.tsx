// Who looked at the data of the person who asks, for everybody.

import { Button } from 'react-aria-components';
import type { OwnAuditView } from '../../../src/api/contracts/audit.ts';
import type { Api } from '../api/client.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAuditWords } from '../text/audit-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import '../styles/board.css';
import './audit.css';
import { useAuditNames } from './audit-names.ts';
import { useEntries } from './use-entries.ts';

export function OwnAudit({ api }: { api: Api }) {
  const { words, language } = useLanguage();
  const text = useAuditWords();
  const { actName, byName, targetName } = useAuditNames();
  const { entries, hasMore, problem, more } = useEntries<OwnAuditView>(api, '/session/audit?limit=20');
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: text.when },
    { label: text.who },
    { label: text.act },
    { label: text.to_ },
    { label: text.why },
  ];
  const rows = entries?.map(({ id, at, by, act, target, purpose }) => (
    <tr key={id}>
      <td className="when">{when.format(at)}</td>
      <td>{byName(by)}</td>
      <td>{actName(act)}</td>
      <td className="target" data-empty={target === null}>
        {target ? targetName(target) : '–'}
      </td>
      <td className="why" data-empty={purpose === null}>
        {purpose ?? '–'}
      </td>
    </tr>
  ));
  return (
    <div className="board audit row-cards">
      <BoardTable
        id="own-audit"
        title={text.own.title}
        note={
          <>
            <p className="hint">{text.own.lead}</p>
            {problem && <p role="alert">{refusal(words, problem)}</p>}
          </>
        }
        columns={columns}
        empty={text.own.nothing}
        rows={rows}
      />
      {hasMore && (
        <Button className="button" onPress={more}>
          {text.more}
        </Button>
      )}
    </div>
  );
}
