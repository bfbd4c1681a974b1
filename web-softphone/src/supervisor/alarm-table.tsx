// What is unusual, for whoever watches: caps, emergency calls, guessed passwords, servers in trouble.

import type { AgentRow } from '../../../src/api/contract.ts';
import type { AlarmView } from '../../../src/api/contracts/alarms.ts';
import { Icon } from '../controls/icon.tsx';
import { useAlarmWords } from '../text/alarm-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';

interface AlarmTableProps {
  alarms: AlarmView[] | undefined;
  agents: AgentRow[] | undefined;
}

export function AlarmTable({ alarms, agents }: AlarmTableProps) {
  const { language } = useLanguage();
  const words = useAlarmWords();
  const when = new Intl.DateTimeFormat(language, { timeStyle: 'short', dateStyle: 'short' });
  const nameOf = (personId: string) =>
    agents?.find(({ person }) => person.id === personId)?.person.displayName ?? personId;
  const rows = alarms?.map(({ id, at, kind, subject, personId, because }) => (
    <tr key={id}>
      <td>{when.format(at)}</td>
      <td>
        <span className="with-icon">
          <Icon name="warning" />
          {words.kinds[kind]}
        </span>
      </td>
      <td>
        {personId ? nameOf(personId) : (subject ?? '')} {because && <span className="hint">{because}</span>}
      </td>
    </tr>
  ));
  const columns = [{ label: words.at }, { label: words.what }, { label: words.about }];
  return <BoardTable id="board-alarms" title={words.title} columns={columns} empty={words.none} rows={rows} />;
}
