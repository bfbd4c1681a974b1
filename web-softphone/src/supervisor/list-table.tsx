// Outbound call lists: how far they are, and starting or pausing them.

import { Button } from 'react-aria-components';
import type { Api } from '../api/client.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';
import { useAct } from './use-act.ts';

export interface ListRow {
  id: string;
  label: { ja: string; en: string };
  state: 'paused' | 'running' | 'ended';
  figures?: { entries: number; closed: number; attempts: number; answerRate: number | null } | undefined;
}

interface ListTableProps {
  api: Api;
  lists: ListRow[] | undefined;
  /** A supervisor; others only look. */
  mayChange: boolean;
  onChanged(): void;
}

export function ListTable({ api, lists, mayChange, onChanged }: ListTableProps) {
  const { language } = useLanguage();
  const { board } = useBoardWords();
  const { refused, act } = useAct(onChanged);
  const columns = [
    { label: board.list },
    { label: board.state },
    { label: board.listDone, number: true },
    { label: board.attempts, number: true },
    { label: board.answerRate, number: true },
    ...(mayChange ? [{ label: board.change, unseen: true }] : []),
  ];
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const turn = ({ id, state }: ListRow) =>
    act(() => api.patch(`/call-lists/${id}`, { state: state === 'running' ? 'paused' : 'running' }));
  const rows = lists?.map((list) => (
    <tr key={list.id}>
      <td>{list.label[language]}</td>
      <td>
        <span className="chip" data-ok={list.state === 'running' || undefined}>
          {board.listStates[list.state]}
        </span>
      </td>
      <td className="number">{list.figures ? `${list.figures.closed} / ${list.figures.entries}` : '–'}</td>
      <td className="number">{list.figures?.attempts ?? '–'}</td>
      <td className="number">{list.figures?.answerRate == null ? '–' : percent.format(list.figures.answerRate)}</td>
      {mayChange && (
        <td className="number">
          {list.state !== 'ended' && (
            <Button
              className="button small"
              aria-label={`${list.state === 'running' ? board.pause : board.start}: ${list.label[language]}`}
              onPress={() => void turn(list)}
            >
              {list.state === 'running' ? board.pause : board.start}
            </Button>
          )}
        </td>
      )}
    </tr>
  ));
  const note = (
    <p role="status" className="hint">
      {refused}
    </p>
  );
  return (
    <BoardTable id="board-lists" title={board.lists} note={note} columns={columns} empty={board.noLists} rows={rows} />
  );
}
