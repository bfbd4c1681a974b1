// Everybody's checks before shifts, for supervisors: newest first, by person, each with what was found and its report.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { AgentRow } from '../../../src/api/contract.ts';
import type { EnvironmentCheckView } from '../../../src/api/contracts/environment.ts';
import { ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import type { SectionProps } from '../sections.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/board.css';
import '../styles/environment.css';
import { CheckFigures, CheckItems } from './check-result.tsx';

interface Page {
  items: EnvironmentCheckView[];
  nextCursor: string | null;
}

const everybody = 'everybody';

export function ChecksPage({ api }: SectionProps) {
  const { words } = useLanguage();
  const text = words.environment;
  const [agents, setAgents] = useState<AgentRow[]>([]);
  const [personId, setPersonId] = useState(everybody);
  const [checks, setChecks] = useState<EnvironmentCheckView[]>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<Refused>();

  const read = useCallback(
    async (after: string | null) => {
      const query = new URLSearchParams({ limit: '20' });
      if (personId !== everybody) query.set('personId', personId);
      if (after) query.set('cursor', after);
      try {
        const page = await api.get<Page>(`/environment-checks?${query}`);
        setChecks((before) => (after ? [...(before ?? []), ...page.items] : page.items));
        setCursor(page.nextCursor);
        setProblem(undefined);
      } catch (thrown) {
        setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
      }
    },
    [api, personId],
  );

  useEffect(() => {
    void read(null);
  }, [read]);
  useEffect(() => {
    api.get<{ items: AgentRow[] }>('/agents').then(
      ({ items }) => setAgents(items),
      () => undefined,
    );
  }, [api]);

  const nameOf = (id: string) => agents.find(({ person }) => person.id === id)?.person.displayName ?? '—';
  return (
    <section className="board" aria-labelledby="checks-title">
      <div className="check-head">
        <h1 id="checks-title">{words.sections.environment}</h1>
        <div className="row">
          <ChooseOne
            label={text.person}
            chosen={personId}
            options={[
              { id: everybody, label: text.everybody },
              ...agents.map(({ person }) => ({ id: person.id, label: person.displayName })),
            ]}
            onChoose={setPersonId}
          />
          <Button className="button" onPress={() => void read(null)}>
            {text.refresh}
          </Button>
        </div>
      </div>
      {problem && <p role="alert">{refusal(words, problem)}</p>}
      {checks?.length === 0 && <p className="hint">{text.none}</p>}
      {checks?.map((check) => (
        <CheckDetails key={check.id} check={check} name={nameOf(check.personId)} />
      ))}
      {cursor && (
        <Button className="button" onPress={() => void read(cursor)}>
          {text.older}
        </Button>
      )}
    </section>
  );
}

function CheckDetails({ check, name }: { check: EnvironmentCheckView; name: string }) {
  const { words, language } = useLanguage();
  const text = words.environment;
  const report = `/api/v1/environment-checks/${check.id}/report?language=${language}`;
  return (
    <details className="card check-found">
      <summary>
        <strong>{name}</strong>
        <span className="chip" data-ok={check.state === 'passed'}>
          <Icon name={check.state === 'passed' ? 'check' : 'warning'} />
          {text.states[check.state]}
        </span>
        <span>{text.madeAt(new Date(check.at))}</span>
        <small>{check.network.words[language]}</small>
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
      </div>
    </details>
  );
}
