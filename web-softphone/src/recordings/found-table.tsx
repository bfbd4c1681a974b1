// What was found, newest first: to be listened to, and, for who may know, by whom it was.

import { Button } from 'react-aria-components';
import type { HeardRecording } from '../../../src/api/contracts/playback.ts';
import type { Api } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useLanguage } from '../text/language.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { WhoHeard } from './who-heard.tsx';

interface FoundTableProps {
  api: Api;
  found: HeardRecording[] | undefined;
  empty: string;
  /** Keys decide who opens what. */
  withKeys: boolean;
  seesWhoHeard: boolean;
  onOpen(recording: HeardRecording): void;
}

export function FoundTable({ api, found, empty, withKeys, seesWhoHeard, onOpen }: FoundTableProps) {
  const { words, language } = useLanguage();
  const text = useRecordingsWords();
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const columns = [
    { label: text.begun },
    { label: text.length, number: true },
    { label: text.alias },
    { label: text.where },
    { label: text.reason },
    { label: text.people },
    { label: text.open, unseen: true },
  ];
  const rows = found?.map((recording) => {
    const when = format.format(recording.startedAt);
    return (
      <tr key={recording.id}>
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
        <td className="number">{recording.durationMs === null ? '–' : clockOf(recording.durationMs)}</td>
        <td>{recording.alias ?? words.call.unknownCustomer}</td>
        <td>{recording.mailbox ?? recording.queue ?? '–'}</td>
        <td>{recording.reason ?? '–'}</td>
        <td>{recording.people.map(({ displayName }) => displayName).join(', ') || '–'}</td>
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
          {recording.mayHear && (
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
  return <BoardTable id="recordings-found" title={text.found} columns={columns} empty={empty} rows={rows} />;
}
