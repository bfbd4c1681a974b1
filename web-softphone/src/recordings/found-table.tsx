// What was found, newest first: to be listened to, and, for who may know, by whom it was, until when it is kept, what to export.

import { Button } from 'react-aria-components';
import type { HeardRecording } from '../../../src/api/contracts/playback.ts';
import type { Api } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { Tick } from '../people/fields.tsx';
import { clockOf } from '../state/now.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useLanguage } from '../text/language.tsx';
import { useRecordingLifeWords } from '../text/recording-life-words.ts';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { keptShort } from './life/kept.ts';
import type { Lives } from './life/use-lives.ts';
import { WhoHeard } from './who-heard.tsx';

interface FoundTableProps {
  api: Api;
  found: HeardRecording[] | undefined;
  /** Keys decide who opens what. */
  withKeys: boolean;
  seesWhoHeard: boolean;
  queueLabel(name: string): string;
  onOpen(recording: HeardRecording): void;
  /** Absent: who looks may not know how long recordings are kept. */
  keeping?: { lives: Lives; onOpen(recording: HeardRecording): void };
  /** Absent: who looks may not export. */
  choosing?: { chosen: ReadonlySet<string>; onChoose(id: string, on: boolean): void };
}

export function FoundTable(props: FoundTableProps) {
  const { api, found, withKeys, seesWhoHeard, queueLabel, onOpen, keeping, choosing } = props;
  const { words, language } = useLanguage();
  const text = useRecordingsWords();
  const life = useRecordingLifeWords();
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const columns = [
    ...(choosing ? [{ label: life.export, unseen: true }] : []),
    { label: text.begun },
    { label: text.length, number: true },
    { label: text.alias },
    { label: text.where },
    { label: text.reason },
    { label: text.people },
    ...(keeping ? [{ label: life.kept }] : []),
    { label: text.open, unseen: true },
  ];
  const rows = found?.map((recording) => {
    const when = format.format(recording.startedAt);
    const kept = keeping?.lives.get(recording.id);
    const gone = kept !== undefined && kept.shreddedAt !== null;
    return (
      <tr key={recording.id} data-gone={gone}>
        {choosing && (
          <td className="choose">
            <Tick
              label={life.choose(when)}
              isDisabled={gone}
              isSelected={!gone && choosing.chosen.has(recording.id)}
              onChange={(on) => choosing.onChoose(recording.id, on)}
            />
          </td>
        )}
        <td>
          <span className="chip">
            <Icon
              name={
                recording.kind === 'message' ? 'bell' : recording.direction === 'outbound' ? 'outgoing' : 'incoming'
              }
            />
            {when}
          </span>
          {recording.state === 'interrupted' && <p className="hint">{text.unfinished}</p>}
        </td>
        <td className="number" data-label={text.length}>
          {recording.durationMs === null ? '–' : clockOf(recording.durationMs)}
        </td>
        <td data-label={text.alias}>{recording.alias ?? words.call.unknownCustomer}</td>
        <td data-label={text.where}>{recording.mailbox ?? (recording.queue ? queueLabel(recording.queue) : '–')}</td>
        <td data-label={text.reason}>{recording.reason ?? '–'}</td>
        <td data-label={text.people}>{recording.people.map(({ displayName }) => displayName).join(', ') || '–'}</td>
        {keeping && (
          <td data-label={life.kept}>
            {kept && (
              <span className="chip" data-held={kept.held}>
                {kept.held && <Icon name="lock" />}
                {keptShort(kept, life, language)}
              </span>
            )}
          </td>
        )}
        <td className="number actions">
          {seesWhoHeard && (
            <DialogFrom
              trigger={
                <Button className="button small quiet" aria-label={text.heardByOf(when)}>
                  {text.heardBy}
                </Button>
              }
            >
              {(close) => <WhoHeard api={api} recordingId={recording.id} when={when} onClose={close} />}
            </DialogFrom>
          )}
          {keeping && (
            <Button
              className="button small quiet"
              aria-label={life.manageOf(when)}
              onPress={() => keeping.onOpen(recording)}
            >
              {life.manage}
            </Button>
          )}
          {recording.mayHear && !gone && (
            <>
              {withKeys && !recording.sealedToMe && (
                <span className="chip" title={text.notSealedToMe}>
                  <Icon name="lock" />
                  <span className="unseen">{text.notSealedToMe}</span>
                </span>
              )}
              <Button className="button small" aria-label={text.openOf(when)} onPress={() => onOpen(recording)}>
                <Icon name="play" />
                {text.open}
              </Button>
            </>
          )}
        </td>
      </tr>
    );
  });
  return (
    <div className="row-cards">
      <BoardTable id="recordings-found" title={text.found} columns={columns} empty={text.nothing} rows={rows} />
    </div>
  );
}
