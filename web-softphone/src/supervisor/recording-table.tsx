// The last recordings, sealed. They are heard on their own page.

import type { RecordingView } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';

export function RecordingTable({ recordings }: { recordings: RecordingView[] | undefined }) {
  const { language } = useLanguage();
  const { board } = useBoardWords();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const columns = [
    { label: board.started },
    { label: board.length, number: true },
    { label: board.size, number: true },
    { label: board.state },
  ];
  const rows = recordings?.map((recording) => (
    <tr key={recording.id}>
      <td>{when.format(recording.startedAt)}</td>
      <td className="number">{recording.durationMs === null ? '–' : clockOf(recording.durationMs)}</td>
      <td className="number">
        {recording.bytes === null ? '–' : `${Math.max(1, Math.round(recording.bytes / 1024))} KB`}
      </td>
      <td>
        <span className="chip">
          <Icon name={recording.state === 'open' ? 'record' : 'lock'} />
          {board.recordingStates[recording.state]}
        </span>
      </td>
    </tr>
  ));
  return (
    <BoardTable
      id="board-recordings"
      title={board.recordings}
      note={<p className="hint">{board.sealed}</p>}
      columns={columns}
      empty={board.noRecordings}
      rows={rows}
    />
  );
}
