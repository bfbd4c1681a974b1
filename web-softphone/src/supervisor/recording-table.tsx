// The last recordings, sealed, to be downloaded. Whoever takes one is in the event log.

import type { RecordingView } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { useLanguage } from '../text/language.tsx';
import { Scroll } from './scroll.tsx';

export function RecordingTable({ recordings }: { recordings: RecordingView[] | undefined }) {
  const { words, language } = useLanguage();
  const { board } = words;
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <section className="card board-card" aria-labelledby="board-recordings">
      <h2 id="board-recordings">{board.recordings}</h2>
      <p className="hint">{board.sealed}</p>
      {recordings?.length === 0 && <p className="hint">{board.noRecordings}</p>}
      {recordings !== undefined && recordings.length > 0 && (
        <Scroll>
          <table>
            <thead>
              <tr>
                <th scope="col">{board.started}</th>
                <th scope="col" className="number">
                  {board.length}
                </th>
                <th scope="col" className="number">
                  {board.size}
                </th>
                <th scope="col">{board.state}</th>
                <th scope="col">
                  <span className="unseen">{board.download}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {recordings.map((recording) => (
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
                  <td className="number">
                    {recording.state !== 'open' && (
                      <a
                        className="button small"
                        href={`/api/v1/recordings/${encodeURIComponent(recording.id)}/file`}
                        download
                        aria-label={board.downloadOf(when.format(recording.startedAt))}
                      >
                        {board.download}
                      </a>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}
