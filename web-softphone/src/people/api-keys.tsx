// Keys of programs: which there are, when each was last used; made (shown once), limited, revoked.

import { type FormEvent, useCallback, useEffect, useState } from 'react';
import { Button, Form, Heading } from 'react-aria-components';
import type { ApiKeyView } from '../../../src/api/contracts/people.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { useLanguage } from '../text/language.tsx';
import { Sure } from './access-card.tsx';
import type { Choices } from './choices.ts';
import { Many, ShownOnce, Text } from './fields.tsx';
import { usePeopleWords } from './use-words.ts';
import { day, dayAndTime, fromInputDay } from './when.ts';

interface ApiKeysProps {
  api: Api;
  choices: Choices;
  mayChange: boolean;
}

export function ApiKeys({ api, choices, mayChange }: ApiKeysProps) {
  const { language } = useLanguage();
  const text = usePeopleWords();
  const [keys, setKeys] = useState<ApiKeyView[]>();
  const read = useCallback(async () => {
    try {
      setKeys((await api.get<{ items: ApiKeyView[] }>('/api-keys')).items);
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown;
    }
  }, [api]);
  useEffect(() => void read(), [read]);
  const { refused, act } = useAct(() => void read());

  const limitsOf = ({ scope }: ApiKeyView) =>
    scope ? [...(scope.queues ?? []).map(choices.queueLabel), ...(scope.sites ?? [])].join(', ') : text.everything;
  const columns = [
    { label: text.keyName },
    { label: text.role },
    { label: text.limits },
    { label: text.lastUsed },
    { label: text.expires },
    { label: text.actions, unseen: true },
  ];
  return (
    <div className="people-table">
      <BoardTable
        id="api-keys"
        title={text.keys}
        columns={columns}
        empty={text.noKeys}
        note={
          <>
            <p className="hint">{text.keysLead}</p>
            <div role="alert" className="form-problem">
              {refused}
            </div>
          </>
        }
        rows={keys?.map((key) => (
          <tr key={key.id} data-off={key.revokedAt !== null}>
            <td>{key.name}</td>
            <td>{text.roles[key.role]}</td>
            <td>{limitsOf(key)}</td>
            <td>{key.lastUsedAt === null ? text.unused : dayAndTime(key.lastUsedAt, language)}</td>
            <td>
              {key.revokedAt === null ? (key.expiresAt ? day(key.expiresAt, language) : text.never) : text.revoked}
            </td>
            <td className="number">
              {mayChange && key.revokedAt === null && (
                <Sure
                  label={text.revoke}
                  explained={text.revokeText(key.name)}
                  onSure={() => void act(() => api.delete(`/api-keys/${key.id}`))}
                />
              )}
            </td>
          </tr>
        ))}
      />
      {mayChange && (
        <DialogFrom trigger={<Button className="button">{text.makeKey}</Button>}>
          {(close) => <MakeKey api={api} choices={choices} onMade={() => void read()} onClose={close} />}
        </DialogFrom>
      )}
    </div>
  );
}

interface MakeKeyProps {
  api: Api;
  choices: Choices;
  onMade(): void;
  onClose(): void;
}

const roles = ['integrator', 'auditor', 'supervisor', 'administrator'] as const;

function MakeKey({ api, choices, onMade, onClose }: MakeKeyProps) {
  const { language } = useLanguage();
  const text = usePeopleWords();
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('integrator');
  const [queues, setQueues] = useState<string[]>([]);
  const [sites, setSites] = useState<string[]>([]);
  const [until, setUntil] = useState('');
  const [made, setMade] = useState<ApiKeyView>();
  const { refused, act } = useAct(onMade);

  function submit(event: FormEvent): void {
    event.preventDefault();
    const scope = { ...(queues.length > 0 ? { queues } : {}), ...(sites.length > 0 ? { sites } : {}) };
    const expiresAt = fromInputDay(until);
    void act(async () =>
      setMade(
        await api.post<ApiKeyView>('/api-keys', {
          ...{ name, role },
          ...(Object.keys(scope).length > 0 ? { scope } : {}),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        }),
      ),
    );
  }

  if (made?.key)
    return (
      <>
        <Heading slot="title">{made.name}</Heading>
        <ShownOnce label={text.keyShown} secret={made.key} />
        <div className="row end">
          <Button className="button primary" onPress={onClose}>
            {text.close}
          </Button>
        </div>
      </>
    );
  return (
    <Form className="stack people-dialog" onSubmit={submit}>
      <Heading slot="title">{text.makeKey}</Heading>
      <Text label={text.keyName} value={name} onChange={setName} isRequired />
      <ChooseOne
        label={text.role}
        options={roles.map((id) => ({ id, label: text.roles[id] }))}
        chosen={role}
        onChoose={setRole}
      />
      <Many
        label={text.limitQueues}
        options={choices.queues.map(({ id, label }) => ({ id, label: label[language] }))}
        chosen={queues}
        onChange={setQueues}
      />
      {choices.sites.length > 0 && (
        <Many
          label={text.limitSites}
          options={choices.sites.map((id) => ({ id, label: id }))}
          chosen={sites}
          onChange={setSites}
        />
      )}
      <Text label={text.expires} type="date" value={until} onChange={setUntil} />
      <div role="alert" className="form-problem">
        {refused}
      </div>
      <div className="row end">
        <Button className="button" onPress={onClose}>
          {text.cancel}
        </Button>
        <Button className="button primary" type="submit">
          {text.makeKey}
        </Button>
      </div>
    </Form>
  );
}
