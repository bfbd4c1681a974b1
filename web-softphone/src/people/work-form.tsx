// The fields of a person's work: role, place, queues, clearance, limits. For adding and for changing.

import type { NewPerson, PersonView } from '../../../src/api/contract.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { useLanguage } from '../text/language.tsx';
import type { Choices } from './choices.ts';
import { Many, Text } from './fields.tsx';
import { usePeopleWords } from './use-words.ts';

export type Work = Pick<NewPerson, 'displayName' | 'role' | 'place' | 'clearance' | 'queues' | 'language'> & {
  site: string | null;
  limitedTo: { queues: string[]; sites: string[] };
};

export const newWork = (choices: Choices): Work => ({
  displayName: '',
  role: 'agent',
  place: 'home',
  clearance: choices.classes[0]?.id ?? 'none',
  queues: [],
  language: 'ja',
  site: null,
  limitedTo: { queues: [], sites: [] },
});

export const workOf = (person: PersonView): Work => ({
  displayName: person.displayName,
  role: person.role,
  place: person.place,
  clearance: person.clearance,
  queues: person.queues,
  language: person.language,
  site: person.site ?? null,
  limitedTo: { queues: person.scope?.queues ?? [], sites: person.scope?.sites ?? [] },
});

/** As the server takes it: a list without a choice is no limit. */
export function bodyOf({ limitedTo, ...work }: Work) {
  const { queues, sites } = limitedTo;
  const scope = { ...(queues.length > 0 ? { queues } : {}), ...(sites.length > 0 ? { sites } : {}) };
  return { ...work, scope: work.role === 'administrator' || Object.keys(scope).length === 0 ? null : scope };
}

const roles = ['agent', 'supervisor', 'administrator', 'auditor', 'integrator'] as const;
const places = ['centre', 'home', 'unknown'] as const;

interface WorkFieldsProps {
  work: Work;
  choices: Choices;
  onChange(work: Work): void;
}

export function WorkFields({ work, choices, onChange }: WorkFieldsProps) {
  const { words, language } = useLanguage();
  const text = usePeopleWords();
  const set = (change: Partial<Work>) => onChange({ ...work, ...change });
  const queues = choices.queues.map(({ id, label }) => ({ id, label: label[language] }));
  const sites = choices.sites.map((id) => ({ id, label: id }));
  return (
    <>
      <div className="people-fields">
        <Text label={text.name} value={work.displayName} onChange={(displayName) => set({ displayName })} isRequired />
        <ChooseOne
          label={text.role}
          options={roles.map((id) => ({ id, label: text.roles[id] }))}
          chosen={work.role}
          onChoose={(role) => set({ role: role as Work['role'] })}
        />
        <ChooseOne
          label={text.place}
          options={places.map((id) => ({ id, label: words.shell.places[id] }))}
          chosen={work.place}
          onChoose={(place) => set({ place: place as Work['place'] })}
        />
        <ChooseOne
          label={text.clearance}
          options={choices.classes.map(({ id, label }) => ({ id, label: label[language] }))}
          chosen={work.clearance}
          onChoose={(clearance) => set({ clearance })}
        />
        <ChooseOne
          label={text.language}
          options={(['ja', 'en'] as const).map((id) => ({ id, label: text.languages[id] }))}
          chosen={work.language}
          onChoose={(chosen) => set({ language: chosen as Work['language'] })}
        />
        {sites.length > 0 && (
          <ChooseOne
            label={text.site}
            options={[{ id: '-', label: text.noSite }, ...sites]}
            chosen={work.site ?? '-'}
            onChoose={(site) => set({ site: site === '-' ? null : site })}
          />
        )}
      </div>
      <Many label={text.queues} options={queues} chosen={work.queues} onChange={(chosen) => set({ queues: chosen })} />
      {work.role !== 'administrator' && (
        <fieldset className="people-limits">
          <legend>{text.limits}</legend>
          <p className="hint">{text.limitsHint}</p>
          <Many
            label={text.limitQueues}
            options={queues}
            chosen={work.limitedTo.queues}
            onChange={(chosen) => set({ limitedTo: { ...work.limitedTo, queues: chosen } })}
          />
          {sites.length > 0 && (
            <Many
              label={text.limitSites}
              options={sites}
              chosen={work.limitedTo.sites}
              onChange={(chosen) => set({ limitedTo: { ...work.limitedTo, sites: chosen } })}
            />
          )}
        </fieldset>
      )}
    </>
  );
}
