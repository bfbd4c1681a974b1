// Customers who are parked: where, since when, about what.

import { clockOf, useServerNow } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';

export interface ParkedRow {
  callId: string;
  slot: string;
  since: number;
  alias: string | null;
}

export function ParkedTable({ parked }: { parked: ParkedRow[] | undefined }) {
  const texts = useBoardWords();
  const { words } = useLanguage();
  const now = useServerNow();
  if (!parked || parked.length === 0) return null;
  const columns = [
    { label: texts.board.slot },
    { label: words.call.customer },
    { label: texts.board.since, number: true },
  ];
  const rows = parked.map(({ callId, slot, since, alias }) => (
    <tr key={callId}>
      <td>{slot}</td>
      <td>{alias ?? words.call.unknownCustomer}</td>
      <td className="number">{clockOf(now - since)}</td>
    </tr>
  ));
  return <BoardTable id="board-parked" title={texts.board.parked} columns={columns} rows={rows} />;
}
