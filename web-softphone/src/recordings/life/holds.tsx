// Who asked that a recording be kept, for what, and what ended it. Supervisors place a hold, administrators end one.

import { useState } from 'react';
import { Button, Input, Label, TextField } from 'react-aria-components';
import type { RecordingHoldView, RecordingLifeView } from '../../../../src/api/contracts/recording-life.ts';
import type { Api } from '../../api/client.ts';
import { Icon } from '../../controls/icon.tsx';
import { WhyForm } from '../../controls/why-form.tsx';
import { dayAndTime } from '../../people/when.ts';
import { useLanguage } from '../../text/language.tsx';
import { useRecordingLifeWords } from '../../text/recording-life-words.ts';

interface HoldsProps {
  api: Api;
  /** Of the recording. */
  path: string;
  life: RecordingLifeView;
  mayRelease: boolean;
  onChanged(): void;
}

export function Holds({ api, path, life, mayRelease, onChanged }: HoldsProps) {
  const text = useRecordingLifeWords();
  /** `new`, or the id of the hold that is to end. */
  const [asks, setAsks] = useState<string>();
  const [matter, setMatter] = useState('');
  const done = () => {
    setAsks(undefined);
    setMatter('');
    onChanged();
  };
  return (
    <section aria-labelledby="life-holds">
      <h3 id="life-holds">{text.holds}</h3>
      {life.holds.length === 0 && <p className="hint">{text.noHolds}</p>}
      <ul className="hold-list">
        {life.holds.map((hold) => (
          <li key={hold.id} data-ended={hold.releasedAt !== null}>
            <Hold hold={hold} />
            {mayRelease && hold.releasedAt === null && asks !== hold.id && (
              <Button
                className="button small"
                aria-label={text.releaseOf(hold.matter)}
                onPress={() => setAsks(hold.id)}
              >
                {text.release}
              </Button>
            )}
            {asks === hold.id && (
              <WhyForm
                {...{ why: text.whyRelease, send: text.releaseNow, cancel: text.cancel }}
                onCancel={() => setAsks(undefined)}
                onSend={async (purpose) => {
                  await api.post(`/recording-holds/${encodeURIComponent(hold.id)}/commands/release`, { purpose });
                  done();
                }}
              >
                <p className="hint">{text.releaseLead}</p>
              </WhyForm>
            )}
          </li>
        ))}
      </ul>
      {!mayRelease && life.held && <p className="hint">{text.onlyAdministrators}</p>}
      {life.shreddedAt === null && asks !== 'new' && (
        <Button className="button" onPress={() => setAsks('new')}>
          <Icon name="lock" />
          {text.place}
        </Button>
      )}
      {asks === 'new' && (
        <WhyForm
          {...{ why: text.whyHold, send: text.placeNow, cancel: text.cancel, isIncomplete: matter.trim() === '' }}
          onCancel={() => setAsks(undefined)}
          onSend={async (purpose) => {
            await api.post(`${path}/holds`, { matter: matter.trim(), purpose });
            done();
          }}
        >
          <TextField className="field" value={matter} onChange={setMatter} isRequired maxLength={200} autoFocus>
            <Label>{text.matter}</Label>
            <Input autoComplete="off" />
          </TextField>
        </WhyForm>
      )}
    </section>
  );
}

function Hold({ hold }: { hold: RecordingHoldView }) {
  const { language } = useLanguage();
  const text = useRecordingLifeWords();
  const { matter, purpose, placedAt, placedByName, releasedAt, releasedByName, releasePurpose } = hold;
  return (
    <div>
      <strong>{matter}</strong>
      <p>{purpose}</p>
      <p className="hint">{text.by(placedByName ?? text.program, dayAndTime(placedAt, language))}</p>
      {releasedAt !== null && (
        <p className="hint">
          {text.released(releasedByName ?? text.program, dayAndTime(releasedAt, language))}
          {releasePurpose && ` · ${releasePurpose}`}
        </p>
      )}
    </div>
  );
}
