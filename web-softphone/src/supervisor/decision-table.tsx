// Why somebody was not offered a call, and who was: the last decisions, in the company's words.

import type { AgentRow } from '../../../src/api/contract.ts';
import type { DecisionView } from '../../../src/api/contracts/policy.ts';
import { Icon } from '../controls/icon.tsx';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';

interface DecisionTableProps {
  decisions: DecisionView[] | undefined;
  agents: AgentRow[] | undefined;
}

export function DecisionTable({ decisions, agents }: DecisionTableProps) {
  const { words, language } = useLanguage();
  const { board } = useBoardWords();
  const columns = [
    { label: board.at },
    { label: board.decision },
    { label: board.name },
    { label: words.call.customer },
    { label: board.because },
  ];
  const nameOf = (personId: string) =>
    agents?.find(({ person }) => person.id === personId)?.person.displayName ?? personId;
  const rows = decisions?.map(({ id, at, decision, personId, alias, because }) => (
    <tr key={id}>
      <td>{new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(new Date(at))}</td>
      <td>
        <span className="chip" data-ok={decision === 'offered'}>
          <Icon name={decision === 'offered' ? 'check' : 'shield'} />
          {board.decisions[decision]}
        </span>
      </td>
      <td>{nameOf(personId)}</td>
      <td>{alias ?? words.call.unknownCustomer}</td>
      <td>{because?.[language] ?? because?.en ?? '–'}</td>
    </tr>
  ));
  return (
    <BoardTable
      id="board-decisions"
      title={board.lastDecisions}
      columns={columns}
      empty={board.noDecisions}
      rows={rows}
    />
  );
}
