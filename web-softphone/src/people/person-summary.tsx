// A person for those who may read and not change: a supervisor, an auditor.

import type { PersonView } from '../../../src/api/contract.ts';
import { useLanguage } from '../text/language.tsx';
import type { Choices } from './choices.ts';
import { usePeopleWords } from './use-words.ts';
import { day } from './when.ts';

export function PersonSummary({ person, choices }: { person: PersonView; choices: Choices }) {
  const { words, language } = useLanguage();
  const text = usePeopleWords();
  const { facts = {}, scope } = person;
  const clearance = choices.classes.find(({ id }) => id === person.clearance)?.label[language] ?? person.clearance;
  const limits = [...(scope?.queues ?? []).map(choices.queueLabel), ...(scope?.sites ?? [])];
  const named = (values: Readonly<Record<string, number>> = {}, show: (value: number) => string) =>
    Object.entries(values)
      .map(([name, value]) => `${name} (${show(value)})`)
      .join(', ');
  const rows = [
    [text.role, text.roles[person.role]],
    [text.place, words.shell.places[person.place]],
    [text.clearance, clearance],
    [text.queues, person.queues.map(choices.queueLabel).join(', ')],
    [text.site, person.site ?? ''],
    [text.limits, limits.join(', ') || text.everything],
    [text.employment, facts.employment ? text.employments[facts.employment] : text.unknown],
    [text.employedSince, facts.employedSince === undefined ? text.unknown : day(facts.employedSince, language)],
    [text.trainings, named(facts.trainings, (at) => day(at, language))],
    [text.skills, named(facts.skills, String)],
    [text.pledge, facts.pledge ? `${facts.pledge.version}, ${day(facts.pledge.signedAt, language)}` : text.notSigned],
  ] as const;
  return (
    <section className="card" aria-labelledby="person-work">
      <h2 id="person-work">{text.work}</h2>
      <dl className="people-facts">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value || '–'}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
