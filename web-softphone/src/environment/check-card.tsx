// The check before a shift, for whoever makes it: where one stands, the button, what is going on, what was found, the report. A chunk
// of its own, so that a desk that needs no check does not load it.

import { useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import type {
  DeskEnvironment,
  EnvironmentCheckView,
  EnvironmentStanding,
  SentReport,
} from '../../../src/api/contracts/environment.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { useDesk } from '../desk/desk-context.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/environment.css';
import { CheckFigures, CheckItems } from './check-result.tsx';
import { runCheck } from './run-check.ts';

interface CheckCardProps {
  standing: EnvironmentStanding | undefined;
}

export function CheckCard({ standing }: CheckCardProps) {
  const { words, language } = useLanguage();
  const text = words.environment;
  const desk = useDesk();
  const { api } = desk;
  const [settings, setSettings] = useState<DeskEnvironment>();
  const [made, setMade] = useState<EnvironmentCheckView>();
  const [isFirst] = useState(standing?.required === true && standing.state !== 'passed');
  const [step, setStep] = useState<{ share: number; hearing: boolean }>();
  const [problem, setProblem] = useState<Refused>();
  const heard = useRef<boolean | null>(null);
  const [answered, setAnswered] = useState<boolean | null>(null);

  useEffect(() => {
    api.get<DeskEnvironment>('/desk/environment').then(setSettings, (thrown) => setProblem(codeOf(thrown)));
  }, [api]);

  if (!settings) return problem ? <p role="alert">{refusal(words, problem)}</p> : null;
  if (settings.check === 'off') return null;
  const check = made ?? settings.latest ?? undefined;
  const now = standing ?? settings.standing;

  function answer(yes: boolean): void {
    heard.current = yes;
    setAnswered(yes);
  }

  async function begin(asked: DeskEnvironment): Promise<void> {
    setProblem(undefined);
    answerNothing();
    setStep({ share: 0, hearing: false });
    const borrowed = desk.borrowPhone();
    try {
      await desk.sounds.unlock();
      const phone = () => borrowed.ready;
      const { devices } = desk;
      const result = await runCheck({
        api,
        devices,
        settings: asked,
        phone,
        progress: setStep,
        heard: () => heard.current,
      });
      setMade(result);
    } catch (thrown) {
      setProblem(codeOf(thrown));
    } finally {
      borrowed.giveBack();
      setStep(undefined);
    }
  }

  function answerNothing(): void {
    heard.current = null;
    setAnswered(null);
  }

  return (
    <section
      className={isFirst ? 'card check-card check-first' : 'card check-card'}
      aria-labelledby="check-title"
      data-state={now.state}
    >
      <div className="check-head">
        <div>
          <h2 id="check-title">{text.title}</h2>
          <p role="status">{standingWords(now, text, language)}</p>
        </div>
        <Button
          className={now.state === 'passed' ? 'button' : 'button primary'}
          isDisabled={step !== undefined}
          onPress={() => void begin(settings)}
        >
          <Icon name="signal" />
          {check ? text.again : text.begin}
        </Button>
      </div>
      {step && <Running step={step} seconds={settings.seconds} answered={answered} onAnswer={answer} />}
      {problem && (
        <p role="alert" className="problem">
          <Icon name="warning" />
          {refusal(words, problem)}
        </p>
      )}
      {!step && check && (
        <Found key={check.id} check={check} helpDesk={settings.helpDesk} api={api} fresh={made === check} />
      )}
    </section>
  );
}

interface RunningProps {
  step: { share: number; hearing: boolean };
  seconds: number;
  answered: boolean | null;
  onAnswer(yes: boolean): void;
}

function Running({ step, seconds, answered, onAnswer }: RunningProps) {
  const { environment: text } = useLanguage().words;
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => bar.current?.style.setProperty('--share', String(step.share)), [step.share]);
  return (
    <div className="check-running">
      <div
        className="check-bar"
        ref={bar}
        role="progressbar"
        aria-label={text.measuring(seconds)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(step.share * 100)}
      />
      <p role="status">{step.hearing ? text.speak : text.connecting}</p>
      {step.hearing && answered === null && (
        <div className="row">
          <span>{text.hearMusic}</span>
          <Button className="button small" onPress={() => onAnswer(true)}>
            {text.yes}
          </Button>
          <Button className="button small" onPress={() => onAnswer(false)}>
            {text.no}
          </Button>
        </div>
      )}
    </div>
  );
}

interface FoundProps {
  check: EnvironmentCheckView;
  helpDesk: DeskEnvironment['helpDesk'];
  api: Api;
  /** It was made just now: open. */
  fresh: boolean;
}

function Found({ check, helpDesk, api, fresh }: FoundProps) {
  const { words, language } = useLanguage();
  const text = words.environment;
  const [sent, setSent] = useState<SentReport>();
  const [problem, setProblem] = useState<Refused>();
  const report = `/api/v1/environment-checks/${check.id}/report?language=${language}`;

  async function send(): Promise<void> {
    try {
      setSent(await api.post<SentReport>(`/environment-checks/${check.id}/send`, { language }));
    } catch (thrown) {
      setProblem(codeOf(thrown));
    }
  }

  async function mail(to: string): Promise<void> {
    const body = await fetch(`${report}&format=text`).then((answer) => answer.text());
    location.href = `mailto:${to}?subject=${encodeURIComponent(text.title)}&body=${encodeURIComponent(body)}`;
  }

  return (
    <details className="check-found" open={fresh || !check.passed}>
      <summary>
        <span className="chip" data-ok={check.passed} data-testid="check-outcome">
          <Icon name={check.passed ? 'check' : 'warning'} />
          {check.passed ? text.passed : text.failed}
        </span>
        <span>{text.madeAt(new Date(check.at))}</span>
      </summary>
      <CheckItems check={check} />
      <CheckFigures check={check} />
      <div className="row check-report">
        <a className="button small" href={`${report}&format=html`} download>
          {text.downloadHtml}
        </a>
        <a className="button small" href={`${report}&format=json`} download>
          {text.downloadJson}
        </a>
        {helpDesk.post && (
          <Button className="button small" onPress={() => void send()}>
            {text.send}
          </Button>
        )}
        {helpDesk.mail !== null && (
          <Button className="button small" onPress={() => void mail(helpDesk.mail ?? '')}>
            {text.mail}
          </Button>
        )}
      </div>
      {problem && <p role="alert">{refusal(words, problem)}</p>}
      {sent && (
        <div role="status" className="check-sent">
          <p>{sent.sent ? text.sent : text.notSent}</p>
          <pre>{sent.text}</pre>
        </div>
      )}
    </details>
  );
}

type Text = ReturnType<typeof useLanguage>['words']['environment'];

function standingWords(standing: EnvironmentStanding, text: Text, language: 'ja' | 'en'): string {
  const { state, required, byTelephone, countsUntil } = standing;
  if (byTelephone) return text.byTelephone;
  if (state === 'passed') {
    const until = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
    return text.counts(until.format(countsUntil ?? 0));
  }
  return required ? text.needed[state] : text.advised[state];
}

const codeOf = (thrown: unknown): Refused => (thrown instanceof ApiProblem ? thrown.code : 'page-fault');
