// People and API keys: the list with search and paging, one person's page, keys. A supervisor and an auditor read; an administrator
// changes, and is asked to prove to be there again where the server wants that.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { PageHead } from '../controls/page-head.tsx';
import type { SectionProps } from '../sections.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { AddPerson } from './add-person.tsx';
import { ApiKeys } from './api-keys.tsx';
import { type Choices, readChoices } from './choices.ts';
import { Text } from './fields.tsx';
import { PersonPage } from './person-page.tsx';
import '../styles/board.css';
import '../styles/people.css';
import { usePeopleWords } from './use-words.ts';

const roles = ['agent', 'supervisor', 'administrator', 'auditor', 'integrator'] as const;
const pageSize = 50;
const typingMs = 250;

export function PeoplePage({ api, session }: SectionProps) {
  const text = usePeopleWords();
  const [opened, setOpened] = useState<string>();
  const [choices, setChoices] = useState<Choices>();
  const { role } = session.person;
  const mayChange = role === 'administrator';
  useEffect(() => {
    void readChoices(api).then(setChoices);
  }, [api]);

  if (!choices) return null;
  if (opened)
    return (
      <PersonPage
        key={opened}
        api={api}
        personId={opened}
        own={opened === session.person.id}
        choices={choices}
        mayChange={mayChange}
        onBack={() => setOpened(undefined)}
      />
    );
  return (
    <div className="board">
      <PageHead title={text.title} lead={text.lead}>
        {mayChange && <AddPerson api={api} choices={choices} onOpen={setOpened} />}
      </PageHead>
      <PeopleList api={api} choices={choices} onOpen={setOpened} />
      {(mayChange || role === 'auditor') && <ApiKeys api={api} choices={choices} mayChange={mayChange} />}
    </div>
  );
}

interface Found {
  items: PersonView[];
  nextCursor: string | null;
}

function usePeople(api: Api, search: string, role: string) {
  const [found, setFound] = useState<Found>();
  const [problem, setProblem] = useState<Refused>();
  const read = useCallback(
    async (cursor?: string) => {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (search) query.set('search', search);
      if (role !== 'any') query.set('role', role);
      if (cursor) query.set('cursor', cursor);
      const page = await api.get<Found>(`/users?${query}`);
      setFound((before) => (cursor && before ? { ...page, items: [...before.items, ...page.items] } : page));
    },
    [api, search, role],
  );
  const failed = (thrown: unknown) => setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `failed` is the same whenever it is made
  useEffect(() => {
    const timer = setTimeout(() => void read().catch(failed), typingMs);
    return () => clearTimeout(timer);
  }, [read]);
  const { nextCursor = null } = found ?? {};
  return { found, problem, more: nextCursor === null ? undefined : () => void read(nextCursor).catch(failed) };
}

function PeopleList({ api, choices, onOpen }: { api: Api; choices: Choices; onOpen(id: string): void }) {
  const { words } = useLanguage();
  const text = usePeopleWords();
  const [search, setSearch] = useState('');
  const [role, setRole] = useState('any');
  const { found, problem, more } = usePeople(api, search.trim(), role);
  const columns = [
    { label: text.name },
    { label: text.login },
    { label: text.role },
    { label: text.queues },
    { label: text.place },
    { label: text.state },
  ];
  return (
    <>
      <search className="people-search">
        <Text label={text.search} value={search} onChange={setSearch} />
        <ChooseOne
          label={text.role}
          options={[{ id: 'any', label: text.anyRole }, ...roles.map((id) => ({ id, label: text.roles[id] }))]}
          chosen={role}
          onChoose={setRole}
        />
      </search>
      <div role="alert" className="form-problem">
        {problem && refusal(words, problem)}
      </div>
      <div className="people-table">
        <BoardTable
          id="people"
          title={text.title}
          columns={columns}
          empty={text.none}
          rows={found?.items.map((person) => (
            <tr key={person.id} data-off={person.disabled}>
              <td>
                <Button
                  className="button quiet small"
                  aria-label={text.open(person.displayName)}
                  onPress={() => onOpen(person.id)}
                >
                  {person.displayName}
                </Button>
              </td>
              <td>{person.login}</td>
              <td>{text.roles[person.role]}</td>
              <td>{person.queues.map(choices.queueLabel).join(', ')}</td>
              <td>{words.shell.places[person.place]}</td>
              <td>
                <span className="chip" data-ok={!person.disabled}>
                  {person.disabled ? text.disabled : text.active}
                </span>
              </td>
            </tr>
          ))}
        />
      </div>
      {more && (
        <Button className="button" onPress={more}>
          {text.more}
        </Button>
      )}
    </>
  );
}
