// Who heard a recording, when, for what and from where, as the audit log has it.

import { Button, Heading } from 'react-aria-components';
import type { PlayedView } from '../../../src/api/contracts/playback.ts';
import type { Api } from '../api/client.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useLanguage } from '../text/language.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';

interface WhoHeardProps {
  api: Api;
  recordingId: string;
  when: string;
  onClose(): void;
}

export function WhoHeard({ api, recordingId, when, onClose }: WhoHeardProps) {
  const { language } = useLanguage();
  const text = useRecordingsWords();
  const played = useFetched(
    async () => (await api.get<{ items: PlayedView[] }>(`/recordings/${encodeURIComponent(recordingId)}/plays`)).items,
    recordingId,
  );
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <>
      <Heading slot="title">{text.heardByOf(when)}</Heading>
      {played?.length === 0 && <p>{text.nobodyHeard}</p>}
      <ul className="who-heard">
        {played?.map(({ at, displayName, personId, outcome, purpose, note, address }) => (
          <li key={`${at} ${personId}`}>
            <strong>{displayName ?? personId ?? '–'}</strong> · {format.format(at)} · {text.outcomes[outcome]}
            <p className="hint">{[purpose, note, address].filter((part) => part !== null).join(' · ')}</p>
          </li>
        ))}
      </ul>
      <div className="row end">
        <Button className="button" onPress={onClose} autoFocus>
          {text.close}
        </Button>
      </div>
    </>
  );
}
