// One person: work and limits, facts for the rules, own telephone, access, sessions.

import { useCallback, useEffect, useState } from 'react';
import { Button, Form } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { useAct } from '../supervisor/use-act.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { AccessCard } from './access-card.tsx';
import type { Choices } from './choices.ts';
import { FactsCard } from './facts-card.tsx';
import { PersonSummary } from './person-summary.tsx';
import { SessionTable } from './session-table.tsx';
import { TelephoneCard } from './telephone-card.tsx';
import { usePeopleWords } from './use-words.ts';
import { bodyOf, WorkFields, workOf } from './work-form.tsx';

interface PersonPageProps {
  api: Api;
  personId: string;
  own: boolean;
  choices: Choices;
  mayChange: boolean;
  onBack(): void;
}

export function PersonPage({ api, personId, own, choices, mayChange, onBack }: PersonPageProps) {
  const { words } = useLanguage();
  const text = usePeopleWords();
  const [person, setPerson] = useState<PersonView>();
  const [problem, setProblem] = useState<Refused>();
  const path = `/users/${personId}`;
  const read = useCallback(async () => {
    try {
      setPerson(await api.get<PersonView>(path));
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }, [api, path]);
  useEffect(() => void read(), [read]);

  return (
    <div className="board">
      <div className="page-head">
        <div>
          <Button className="button quiet" onPress={onBack}>
            ‹ {text.back}
          </Button>
          <h1>{person?.displayName}</h1>
          <p className="hint">{person?.login}</p>
        </div>
      </div>
      <div role="alert" className="form-problem">
        {problem && refusal(words, problem)}
      </div>
      {person && (
        <>
          <div className="people-cards">
            {mayChange ? (
              <>
                <WorkCard api={api} person={person} choices={choices} onChanged={setPerson} />
                <FactsCard api={api} person={person} onChanged={setPerson} />
              </>
            ) : (
              <PersonSummary person={person} choices={choices} />
            )}
            <TelephoneCard api={api} personId={personId} mayChange={mayChange} />
            <AccessCard api={api} person={person} mayChange={mayChange && !own} onChanged={() => void read()} />
          </div>
          <SessionTable
            api={api}
            path={`${path}/sessions`}
            title={text.sessions}
            mayEnd={mayChange}
            endAllLabel={text.endAll}
          />
        </>
      )}
    </div>
  );
}

interface CardProps {
  api: Api;
  person: PersonView;
  onChanged(person: PersonView): void;
}

function WorkCard({ api, person, choices, onChanged }: CardProps & { choices: Choices }) {
  const text = usePeopleWords();
  const [work, setWork] = useState(() => workOf(person));
  const [saved, setSaved] = useState(false);
  const { refused, act } = useAct(() => setSaved(true));
  return (
    <section className="card" aria-labelledby="person-work">
      <h2 id="person-work">{text.work}</h2>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void act(async () => onChanged(await api.patch<PersonView>(`/users/${person.id}`, bodyOf(work))));
        }}
      >
        <WorkFields
          work={work}
          choices={choices}
          onChange={(changed) => {
            setSaved(false);
            setWork(changed);
          }}
        />
        <SaveRow refused={refused} saved={saved} />
      </Form>
    </section>
  );
}

export function SaveRow(props: { refused: string | undefined; saved: boolean }) {
  const text = usePeopleWords();
  return (
    <>
      <div role="alert" className="form-problem">
        {props.refused}
      </div>
      <div className="row end">
        <span role="status" className="hint">
          {props.saved && !props.refused && text.saved}
        </span>
        <Button className="button primary" type="submit">
          {text.save}
        </Button>
      </div>
    </>
  );
}
