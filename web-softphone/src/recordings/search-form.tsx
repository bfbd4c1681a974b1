// What is looked for: by time, kind, queue, agent, customer's alias and reason.

import { type FormEvent, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import type { QueueView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { useLanguage } from '../text/language.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';

const any = '*';

export interface Wanted {
  kind: string;
  from: string;
  to: string;
  queue: string;
  personId: string;
  alias: string;
  reason: string;
}

export const everything: Wanted = { kind: any, from: '', to: '', queue: any, personId: any, alias: '', reason: '' };

/** As the API wants it. Days are the browser's, the last one included. */
export function queryOf({ kind, from, to, queue, personId, alias, reason }: Wanted): URLSearchParams {
  const query = new URLSearchParams({ limit: '25' });
  const set = (name: string, value: string) => value !== '' && value !== any && query.set(name, value);
  set('kind', kind);
  set('queue', queue);
  set('personId', personId);
  set('alias', alias.trim().toUpperCase());
  set('reason', reason.trim());
  const dayOf = (text: string, daysLater: number) => {
    const [year, month, day] = text.split('-').map(Number);
    return String(new Date(year!, month! - 1, day! + daysLater).getTime());
  };
  if (from !== '') query.set('from', dayOf(from, 0));
  if (to !== '') query.set('to', dayOf(to, 1));
  return query;
}

interface SearchFormProps {
  api: Api;
  queues: readonly QueueView[] | undefined;
  /** Who may see whom. */
  seesAgents: boolean;
  onSearch(wanted: Wanted): void;
}

export function SearchForm({ api, queues, seesAgents, onSearch }: SearchFormProps) {
  const { language } = useLanguage();
  const text = useRecordingsWords();
  const [wanted, setWanted] = useState(everything);
  const agents = useFetched(async () =>
    seesAgents ? (await api.get<{ items: { personId: string; displayName: string }[] }>('/agents')).items : [],
  );
  const set = (change: Partial<Wanted>) => setWanted((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(wanted);
  };
  return (
    <Form className="card search-form" onSubmit={submit}>
      <ChooseOne
        label={text.kind}
        options={[any, 'call', 'message'].map((id) => ({ id, label: text.kinds[id === any ? 'all' : (id as 'call')] }))}
        chosen={wanted.kind}
        onChoose={(kind) => set({ kind })}
      />
      <TextField className="field" type="date" value={wanted.from} onChange={(from) => set({ from })}>
        <Label>{text.from}</Label>
        <Input />
      </TextField>
      <TextField className="field" type="date" value={wanted.to} onChange={(to) => set({ to })}>
        <Label>{text.to}</Label>
        <Input />
      </TextField>
      <ChooseOne
        label={text.queue}
        options={[
          { id: any, label: text.anyQueue },
          ...(queues ?? []).map(({ name, label }) => ({ id: name, label: label[language] })),
        ]}
        chosen={wanted.queue}
        onChoose={(queue) => set({ queue })}
      />
      {seesAgents && (
        <ChooseOne
          label={text.agentField}
          options={[
            { id: any, label: text.anyAgent },
            ...(agents ?? []).map(({ personId, displayName }) => ({ id: personId, label: displayName })),
          ]}
          chosen={wanted.personId}
          onChoose={(personId) => set({ personId })}
        />
      )}
      <TextField className="field" value={wanted.alias} onChange={(alias) => set({ alias })} autoComplete="off">
        <Label>{text.alias}</Label>
        <Input spellCheck="false" autoCapitalize="characters" />
      </TextField>
      <TextField className="field" value={wanted.reason} onChange={(reason) => set({ reason })} autoComplete="off">
        <Label>{text.reason}</Label>
        <Input spellCheck="false" />
      </TextField>
      <Button type="submit" className="button primary">
        {text.search}
      </Button>
    </Form>
  );
}
