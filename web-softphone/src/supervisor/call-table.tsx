// The last calls, under aliases; whoever may, and is in the centre, has a number shown.

import { useCallback, useState } from 'react';
import { Button } from 'react-aria-components';
import type { CallView } from '../../../src/api/contract.ts';
import type { RevealView } from '../../../src/api/contracts/reveal.ts';
import type { Api } from '../api/client.ts';
import { clockOf } from '../state/now.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { useRevealWords } from '../text/reveal-words.ts';
import { BoardTable } from './board-table.tsx';
import { RevealDialog } from './reveal-dialog.tsx';

const callsShown = 12;
const againMs = 15_000;

/** `readAt`: when the wallboard was read; this is read again now and then with it. */
export function CallTable({ api, readAt }: { api: Api; readAt: number }) {
  const texts = useBoardWords();
  const { words, language } = useLanguage();
  const text = useRevealWords();
  const reveal = useFetched(() => api.get<RevealView>('/number-reveals'));
  const calls = useFetched(
    async () => (await api.get<{ items: CallView[] }>(`/calls?limit=${callsShown}`)).items,
    Math.floor(readAt / againMs),
  );
  const [asked, setAsked] = useState<{ callId: string; alias: string }>();
  const close = useCallback(() => setAsked(undefined), []);
  const shows = reveal?.mayReveal === true && reveal.place === 'centre';
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: texts.board.started },
    { label: text.direction },
    { label: words.call.customer },
    { label: texts.board.queue },
    { label: text.talked, number: true },
    ...(shows ? [{ label: text.show, unseen: true }] : []),
  ];
  const rows = calls?.map(({ id, startedAt, direction, alias, queue, talkMs }) => (
    <tr key={id}>
      <td>{when.format(startedAt)}</td>
      <td>{text.directions[direction]}</td>
      <td>{alias ?? words.call.unknownCustomer}</td>
      <td>{queue ?? '–'}</td>
      <td className="number">{clockOf(talkMs)}</td>
      {shows && (
        <td className="number">
          {alias !== null && (
            <Button
              className="button small"
              aria-label={text.showOf(alias)}
              onPress={() => setAsked({ callId: id, alias })}
            >
              {text.show}
            </Button>
          )}
        </td>
      )}
    </tr>
  ));
  const elsewhere = reveal?.mayReveal === true && !shows;
  return (
    <>
      <BoardTable
        id="board-calls"
        title={text.title}
        note={elsewhere ? <p className="hint">{text.centreOnly}</p> : undefined}
        columns={columns}
        empty={text.none}
        rows={rows}
      />
      {asked && reveal && <RevealDialog api={api} {...asked} purposes={reveal.purposes} onClose={close} />}
    </>
  );
}
