// May I work from home, what is missing, and the pledge: read in either language, and signed, for which the person proves to be there.

import { useState } from 'react';
import { Button, Checkbox } from 'react-aria-components';
import type { OwnHomeWork } from '../../../src/api/contracts/device.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/devices.css';
import { PledgeText } from './pledge-text.tsx';

export function OwnPledge({ api }: { api: Api }) {
  const { words, language } = useLanguage();
  const [reading, setReading] = useState(0);
  const own = useFetched(() => api.get<OwnHomeWork>('/home-work'), reading);
  const [signedNow, setSignedNow] = useState(false);
  if (!own?.standing) return null;
  const { standing, pledge } = own;
  const text = words.homeWork;
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'long' });
  const asksToSign = pledge && (standing.pledge === null || standing.remind);
  return (
    <section className="card stack" aria-labelledby="own-home-work">
      <h2 id="own-home-work">{text.mine}</h2>
      {standing.eligible ? (
        <p>{text.eligible}</p>
      ) : (
        <div className="stack">
          <p>{text.notEligible}</p>
          <ul className="missing-list">
            {standing.missing.map((each) => (
              <li key={each.words.en}>{each.words[language]}</li>
            ))}
          </ul>
          <p className="hint">
            {standing.inForce ? text.offered : text.from(day.format(new Date(`${standing.from}T00:00`)))}
          </p>
        </div>
      )}
      {standing.pledge && (
        <p>{text.signed(day.format(standing.pledge.signedAt), day.format(standing.pledge.expiresAt))}</p>
      )}
      {standing.remind && <p className="device-waiting">{text.remind}</p>}
      {signedNow && <p role="status">{text.signedNow}</p>}
      {asksToSign && (
        <SignPledge
          api={api}
          pledge={pledge}
          onSigned={() => {
            setSignedNow(true);
            setReading((before) => before + 1);
          }}
        />
      )}
    </section>
  );
}

function SignPledge({
  api,
  pledge,
  onSigned,
}: {
  api: Api;
  pledge: NonNullable<OwnHomeWork['pledge']>;
  onSigned(): void;
}) {
  const { words, language } = useLanguage();
  const text = words.homeWork;
  const [chosen, setChosen] = useState(language);
  const [agreed, setAgreed] = useState(false);
  const [problem, setProblem] = useState<Refused>();
  const shown = pledge.texts.find((one) => one.language === chosen) ?? pledge.texts[0];
  if (!shown) return null;

  async function sign(hash: string): Promise<void> {
    try {
      await api.post('/home-work/pledge', { hash });
      onSigned();
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }

  const languages = [
    { id: 'ja', label: '日本語' },
    { id: 'en', label: 'English' },
  ];
  return (
    <div className="stack">
      <div className="page-head">
        <h3>{text.read(pledge.number)}</h3>
        <ChooseOne
          label={text.textLanguage}
          options={languages}
          chosen={shown.language}
          onChoose={(id) => {
            setChosen(id as 'ja' | 'en');
            setAgreed(false);
          }}
        />
      </div>
      <PledgeText text={shown.text} language={shown.language} />
      <Checkbox className="check" isSelected={agreed} onChange={setAgreed}>
        <span className="check-box">
          <Icon name="check" />
        </span>
        {text.agree}
      </Checkbox>
      <div role="alert" className="form-problem">
        {problem && refusal(words, problem)}
      </div>
      <div className="row">
        <Button className="button primary" isDisabled={!agreed} onPress={() => void sign(shown.hash)}>
          {text.sign}
        </Button>
      </div>
    </div>
  );
}
