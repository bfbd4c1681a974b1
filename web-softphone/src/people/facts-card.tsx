// What the company's rules read of a person (docs/policy.md): employment, trainings, skills. The pledge is signed by the person alone.

import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { useLanguage } from '../text/language.tsx';
import { Pairs, Text } from './fields.tsx';
import { SaveRow } from './person-page.tsx';
import { usePeopleWords } from './use-words.ts';
import { day, fromInputDay, inputDay } from './when.ts';

interface FactsCardProps {
  api: Api;
  person: PersonView;
  onChanged(person: PersonView): void;
}

const employments = ['regular', 'temporary', 'outsourced'] as const;
const texts = (numbers: Readonly<Record<string, number>> = {}, show: (value: number) => string = String) =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, show(value)]));

export function FactsCard({ api, person, onChanged }: FactsCardProps) {
  const { language } = useLanguage();
  const text = usePeopleWords();
  const { facts = {} } = person;
  const [employment, setEmployment] = useState<string>(facts.employment ?? '-');
  const [since, setSince] = useState(inputDay(facts.employedSince));
  const [trainings, setTrainings] = useState(() => texts(facts.trainings, inputDay));
  const [skills, setSkills] = useState(() => texts(facts.skills));
  const [saved, setSaved] = useState(false);
  const { refused, act } = useAct(() => setSaved(true));

  const body = () => ({
    employment: employment === '-' ? null : employment,
    employedSince: fromInputDay(since) ?? null,
    trainings: Object.fromEntries(Object.entries(trainings).map(([name, passed]) => [name, fromInputDay(passed)])),
    skills: Object.fromEntries(
      Object.entries(skills).map(([name, level]) => [name, Math.min(100, Math.max(1, Math.round(Number(level))))]),
    ),
  });
  return (
    <section className="card" aria-labelledby="person-facts">
      <h2 id="person-facts">{text.facts}</h2>
      <p className="hint">{text.factsHint}</p>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void act(async () => onChanged(await api.patch<PersonView>(`/users/${person.id}`, { facts: body() })));
        }}
      >
        <div className="people-fields">
          <ChooseOne
            label={text.employment}
            options={[
              { id: '-', label: text.unknown },
              ...employments.map((id) => ({ id, label: text.employments[id] })),
            ]}
            chosen={employment}
            onChoose={setEmployment}
          />
          <Text label={text.employedSince} type="date" value={since} onChange={setSince} />
        </div>
        <Pairs
          label={text.trainings}
          names={{ key: text.training, value: text.passedOn }}
          type="date"
          pairs={trainings}
          show={(value) => day(fromInputDay(value) ?? 0, language)}
          onChange={setTrainings}
        />
        <Pairs
          label={text.skills}
          names={{ key: text.skill, value: text.level }}
          type="number"
          pairs={skills}
          show={(value) => value}
          onChange={setSkills}
        />
        <p>
          {text.pledge}:{' '}
          {facts.pledge ? `${facts.pledge.version}, ${day(facts.pledge.signedAt, language)}` : text.notSigned}
        </p>
        <SaveRow refused={refused} saved={saved} />
      </Form>
    </section>
  );
}
