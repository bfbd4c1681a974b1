// Adding a person: who, and the invitation to hand over.

import { type FormEvent, useState } from 'react';
import { Button, Form, Heading } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import type { InvitationView } from '../../../src/api/contracts/sign-in.ts';
import type { Api } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { useAct } from '../supervisor/use-act.ts';
import type { Choices } from './choices.ts';
import { ShownOnce, Text } from './fields.tsx';
import { usePeopleWords } from './use-words.ts';
import { bodyOf, newWork, WorkFields } from './work-form.tsx';

interface AddPersonProps {
  api: Api;
  choices: Choices;
  onOpen(id: string): void;
}

type Added = PersonView & { invitation?: InvitationView };

export function AddPerson({ api, choices, onOpen }: AddPersonProps) {
  const words = usePeopleWords();
  return (
    <DialogFrom trigger={<Button className="button primary">{words.add}</Button>}>
      {(close) => <Fields api={api} choices={choices} onOpen={onOpen} onClose={close} />}
    </DialogFrom>
  );
}

function Fields({ api, choices, onOpen, onClose }: AddPersonProps & { onClose(): void }) {
  const words = usePeopleWords();
  const [login, setLogin] = useState('');
  const [work, setWork] = useState(() => newWork(choices));
  const [added, setAdded] = useState<Added>();
  const { refused, act } = useAct(() => {});

  function submit(event: FormEvent): void {
    event.preventDefault();
    void act(async () => {
      const { site, scope, ...body } = bodyOf(work);
      const more = { ...(site ? { site } : {}), ...(scope ? { scope } : {}) };
      setAdded(await api.post<Added>('/users', { login: login.trim(), ...body, ...more }));
    });
  }

  if (added)
    return (
      <>
        <Heading slot="title">{added.displayName}</Heading>
        {added.invitation && <ShownOnce label={words.link} secret={added.invitation.link} />}
        <div className="row end">
          <Button className="button" onPress={onClose}>
            {words.close}
          </Button>
          <Button
            className="button primary"
            onPress={() => {
              onClose();
              onOpen(added.id);
            }}
          >
            {words.open(added.displayName)}
          </Button>
        </div>
      </>
    );
  return (
    <Form className="stack people-dialog" onSubmit={submit}>
      <Heading slot="title">{words.add}</Heading>
      <p className="hint">{words.addLead}</p>
      <Text label={words.login} value={login} onChange={setLogin} hint={words.loginHint} isRequired />
      <WorkFields work={work} choices={choices} onChange={setWork} />
      <div role="alert" className="form-problem">
        {refused}
      </div>
      <div className="row end">
        <Button className="button" onPress={onClose}>
          {words.cancel}
        </Button>
        <Button className="button primary" type="submit">
          {words.create}
        </Button>
      </div>
    </Form>
  );
}
