// What waits for customers who did not: call backs that were promised, and messages that were left.

import { Button } from 'react-aria-components';
import type { Api } from '../api/client.ts';
import { clockOf } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';
import { useAct } from './use-act.ts';

export interface CallbackRow {
  callId: string;
  alias: string;
  queue: string;
  requestedAt: number;
  attempts: number;
}

export interface MessageRow {
  recordingId: string;
  alias: string | null;
  mailbox: string;
  leftAt: number;
  durationMs: number;
}

interface TableProps<Row> {
  api: Api;
  rows: Row[] | undefined;
  /** Whoever may do something about it. */
  mayChange: boolean;
  onChanged(): void;
}

const noteOf = (refused: string | undefined) => (
  <p role="status" className="hint">
    {refused}
  </p>
);

export function CallbackTable({ api, rows, mayChange, onChanged }: TableProps<CallbackRow>) {
  const { words, language } = useLanguage();
  const { board } = useBoardWords();
  const { refused, act } = useAct(onChanged);
  if (!rows || rows.length === 0) return null;
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: board.promised },
    { label: words.call.customer },
    { label: board.queue },
    { label: board.attempts, number: true },
    ...(mayChange ? [{ label: board.cancel, unseen: true }] : []),
  ];
  const lines = rows.map(({ callId, alias, queue, requestedAt, attempts }) => (
    <tr key={callId}>
      <td>{when.format(requestedAt)}</td>
      <td>{alias}</td>
      <td>{queue}</td>
      <td className="number">{attempts}</td>
      {mayChange && (
        <td className="number">
          <Button
            className="button small"
            aria-label={`${board.cancel}: ${alias}`}
            onPress={() => void act(() => api.delete(`/callbacks/${callId}`))}
          >
            {board.cancel}
          </Button>
        </td>
      )}
    </tr>
  ));
  return (
    <BoardTable id="board-callbacks" title={board.callbacks} note={noteOf(refused)} columns={columns} rows={lines} />
  );
}

export function MessageTable({ api, rows, mayChange, onChanged }: TableProps<MessageRow>) {
  const { words, language } = useLanguage();
  const { board } = useBoardWords();
  const { refused, act } = useAct(onChanged);
  if (!rows || rows.length === 0) return null;
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: board.left },
    { label: words.call.customer },
    { label: board.mailbox },
    { label: board.length, number: true },
    ...(mayChange ? [{ label: board.seenTo, unseen: true }] : []),
  ];
  const lines = rows.map(({ recordingId, alias, mailbox, leftAt, durationMs }) => (
    <tr key={recordingId}>
      <td>{when.format(leftAt)}</td>
      <td>{alias ?? words.call.unknownCustomer}</td>
      <td>{mailbox}</td>
      <td className="number">{clockOf(durationMs)}</td>
      {mayChange && (
        <td className="number">
          <Button
            className="button small"
            aria-label={`${board.seenTo}: ${when.format(leftAt)}`}
            onPress={() => void act(() => api.post(`/voicemails/${recordingId}/commands/done`))}
          >
            {board.seenTo}
          </Button>
        </td>
      )}
    </tr>
  ));
  return (
    <BoardTable id="board-messages" title={board.messages} note={noteOf(refused)} columns={columns} rows={lines} />
  );
}
