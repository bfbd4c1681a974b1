// What waits for customers who did not: call backs that were promised, and messages that were left.

import { useState } from 'react';
import { Button } from 'react-aria-components';
import { type Api, ApiProblem } from '../api/client.ts';
import { clockOf } from '../state/now.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { BoardTable } from './board-table.tsx';

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

/** Runs a request and keeps what was refused, to be shown. */
function useAct(onChanged: () => void) {
  const { words } = useLanguage();
  const [problem, setProblem] = useState<Refused>();
  return {
    note: (
      <p role="status" className="hint">
        {problem && refusal(words, problem)}
      </p>
    ),
    async act(change: () => Promise<unknown>): Promise<void> {
      try {
        await change();
        setProblem(undefined);
        onChanged();
      } catch (thrown) {
        setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
      }
    },
  };
}

export function CallbackTable({ api, rows, mayChange, onChanged }: TableProps<CallbackRow>) {
  const { words, language } = useLanguage();
  const { board } = words;
  const { note, act } = useAct(onChanged);
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
  return <BoardTable id="board-callbacks" title={board.callbacks} note={note} columns={columns} rows={lines} />;
}

export function MessageTable({ api, rows, mayChange, onChanged }: TableProps<MessageRow>) {
  const { words, language } = useLanguage();
  const { board } = words;
  const { note, act } = useAct(onChanged);
  if (!rows || rows.length === 0) return null;
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: board.left },
    { label: words.call.customer },
    { label: board.mailbox },
    { label: board.length, number: true },
    { label: board.download, unseen: true },
  ];
  const lines = rows.map(({ recordingId, alias, mailbox, leftAt, durationMs }) => (
    <tr key={recordingId}>
      <td>{when.format(leftAt)}</td>
      <td>{alias ?? words.call.unknownCustomer}</td>
      <td>{mailbox}</td>
      <td className="number">{clockOf(durationMs)}</td>
      <td className="number actions">
        <a
          className="button small"
          href={`/api/v1/recordings/${encodeURIComponent(recordingId)}/file`}
          download
          aria-label={board.downloadOf(when.format(leftAt))}
        >
          {board.download}
        </a>
        {mayChange && (
          <Button
            className="button small"
            aria-label={`${board.seenTo}: ${when.format(leftAt)}`}
            onPress={() => void act(() => api.post(`/voicemails/${recordingId}/commands/done`))}
          >
            {board.seenTo}
          </Button>
        )}
      </td>
    </tr>
  ));
  return <BoardTable id="board-messages" title={board.messages} note={note} columns={columns} rows={lines} />;
}
