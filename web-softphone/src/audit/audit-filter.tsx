// What is looked for in the log: who, whose data, what, outcome, target, time, order.

import { type FormEvent, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { useAuditWords } from '../text/audit-words.ts';
import { useLanguage } from '../text/language.tsx';

const any = '*';

export interface Wanted {
  personId: string;
  concerning: string;
  act: string;
  outcome: 'any' | 'done' | 'refused';
  targetId: string;
  from: string;
  to: string;
  sort: 'newest' | 'oldest';
}

export const everything: Wanted = {
  ...{ personId: any, concerning: any, act: any, outcome: 'any', targetId: '', from: '', to: '', sort: 'newest' },
};

/** As the API wants it. Days are the browser's, the last one included. */
export function filterOf({
  personId,
  concerning,
  act,
  outcome,
  targetId,
  from,
  to,
}: Wanted): Record<string, string | number> {
  const day = (text: string, later: number) => {
    const [year, month, date] = text.split('-').map(Number);
    return new Date(year!, month! - 1, date! + later).getTime();
  };
  const given = { personId, concerning, act, outcome, targetId: targetId.trim() };
  return {
    ...Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== any && value !== 'any' && value !== ''),
    ),
    ...(from === '' ? {} : { from: day(from, 0) }),
    ...(to === '' ? {} : { to: day(to, 1) }),
  };
}

export const queryOf = (wanted: Wanted): string =>
  new URLSearchParams(Object.entries(filterOf(wanted)).map(([name, value]) => [name, String(value)])).toString();

export function AuditFilter({ api, onSearch }: { api: Api; onSearch(wanted: Wanted): void }) {
  const { language } = useLanguage();
  const text = useAuditWords();
  const [wanted, setWanted] = useState(everything);
  const people = useFetched(async () => (await api.get<{ items: PersonView[] }>('/users?limit=200')).items);
  const set = (change: Partial<Wanted>) => setWanted((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(wanted);
  };
  const persons = [
    { id: any, label: text.anybody },
    ...(people ?? []).map(({ id, displayName }) => ({ id, label: displayName })),
  ];
  const acts = Object.entries(text.acts)
    .map(([id, label]) => ({ id, label }))
    .sort((a, b) => a.label.localeCompare(b.label, language));
  return (
    <Form className="card audit-filter" onSubmit={submit} aria-label={text.filters}>
      <ChooseOne
        label={text.who}
        options={persons}
        chosen={wanted.personId}
        onChoose={(personId) => set({ personId })}
      />
      <ChooseOne
        label={text.act}
        options={[{ id: any, label: text.anything }, ...acts]}
        chosen={wanted.act}
        onChoose={(act) => set({ act })}
      />
      <ChooseOne
        label={text.concerning}
        options={persons}
        chosen={wanted.concerning}
        onChoose={(concerning) => set({ concerning })}
      />
      <ChooseOne
        label={text.outcome}
        options={(['any', 'done', 'refused'] as const).map((id) => ({ id, label: text.outcomes[id] }))}
        chosen={wanted.outcome}
        onChoose={(outcome) => set({ outcome: outcome as Wanted['outcome'] })}
      />
      <TextField className="field" type="date" value={wanted.from} onChange={(from) => set({ from })}>
        <Label>{text.from}</Label>
        <Input />
      </TextField>
      <TextField className="field" type="date" value={wanted.to} onChange={(to) => set({ to })}>
        <Label>{text.to}</Label>
        <Input />
      </TextField>
      <TextField
        className="field"
        value={wanted.targetId}
        onChange={(targetId) => set({ targetId })}
        autoComplete="off"
      >
        <Label>{text.targetId}</Label>
        <Input spellCheck="false" maxLength={64} />
      </TextField>
      <ChooseOne
        label={text.sort}
        options={(['newest', 'oldest'] as const).map((id) => ({ id, label: text.sorts[id] }))}
        chosen={wanted.sort}
        onChoose={(sort) => set({ sort: sort as Wanted['sort'] })}
      />
      <div className="row">
        <Button type="submit" className="button primary">
          {text.search}
        </Button>
        <Button
          className="button"
          onPress={() => {
            setWanted(everything);
            onSearch(everything);
          }}
        >
          {text.clear}
        </Button>
      </div>
    </Form>
  );
}
