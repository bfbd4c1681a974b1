// Whether a person may come in: the invitation, a new one, disabling. Nobody does this to themselves.

import { useCallback, useEffect, useState } from 'react';
import { Button, Heading } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import type { InvitationState, InvitationView } from '../../../src/api/contracts/sign-in.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { useLanguage } from '../text/language.tsx';
import { ShownOnce } from './fields.tsx';
import { usePeopleWords } from './use-words.ts';
import { dayAndTime } from './when.ts';

interface AccessCardProps {
  api: Api;
  person: PersonView;
  mayChange: boolean;
  onChanged(): void;
}

export function AccessCard({ api, person, mayChange, onChanged }: AccessCardProps) {
  const { language } = useLanguage();
  const text = usePeopleWords();
  const [invitation, setInvitation] = useState<InvitationState | null>();
  const [link, setLink] = useState<string>();
  const path = `/users/${person.id}`;
  const read = useCallback(async () => {
    try {
      setInvitation(await api.get<InvitationState>(`${path}/invitation`));
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown;
      setInvitation(null);
    }
  }, [api, path]);
  useEffect(() => void read(), [read]);
  const { refused, act } = useAct(() => {
    void read();
    onChanged();
  });

  const state = invitation && text.invitations[invitation.state];
  const said = typeof state === 'function' ? state(dayAndTime(invitation!.expiresAt, language)) : state;
  return (
    <section className="card" aria-labelledby="person-access">
      <h2 id="person-access">{text.access}</h2>
      <p>
        <span className="chip" data-ok={!person.disabled}>
          {person.disabled ? text.disabled : text.active}
        </span>
      </p>
      <p>
        {text.invitation}: {said ?? text.neverInvited}
      </p>
      <div role="alert" className="form-problem">
        {refused}
      </div>
      {link && <ShownOnce label={text.link} secret={link} />}
      {mayChange && (
        <div className="row">
          <Sure
            label={text.invite}
            explained={text.inviteText}
            onSure={() =>
              void act(async () => setLink((await api.post<InvitationView>(`${path}/invitation`, {})).link))
            }
          />
          {person.disabled ? (
            <Button className="button" onPress={() => void act(() => api.patch(path, { disabled: false }))}>
              {text.enable}
            </Button>
          ) : (
            <Sure
              label={text.disable}
              explained={text.disableText(person.displayName)}
              onSure={() => void act(() => api.patch(path, { disabled: true }))}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** A button for what cannot be taken back lightly. */
export function Sure({ label, explained, onSure }: { label: string; explained: string; onSure(): void }) {
  const words = usePeopleWords();
  return (
    <DialogFrom trigger={<Button className="button danger">{label}</Button>}>
      {(close) => (
        <>
          <Heading slot="title">{label}</Heading>
          <p>{explained}</p>
          <div className="row end">
            <Button className="button" onPress={close} autoFocus>
              {words.cancel}
            </Button>
            <Button
              className="button danger"
              onPress={() => {
                close();
                onSure();
              }}
            >
              {label}
            </Button>
          </div>
        </>
      )}
    </DialogFrom>
  );
}
