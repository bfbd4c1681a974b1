// Accepting an invitation: the person whom the link is for sets a password, and goes on as after signing in with it.

import { type FormEvent, useEffect, useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { HalfOpenView, InvitedPerson } from '../../../src/api/contracts/sign-in.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { refusal, useLanguage, useWords } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { SignInFrame } from './sign-in-frame.tsx';
import { useProof } from './use-proof.ts';

interface InvitationPageProps {
  api: Api;
  token: string;
  onSignedIn(session: SessionView): void;
  onHalfOpen(halfOpen: HalfOpenView): void;
  onBack(): void;
}

export function InvitationPage({ api, token, onSignedIn, onHalfOpen, onBack }: InvitationPageProps) {
  const words = useWords();
  const { invitation } = words.signInParts;
  const { prefer } = useLanguage();
  const [invited, setInvited] = useState<InvitedPerson>();
  const [over, setOver] = useState<Refused>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for a link
  useEffect(() => {
    let wanted = true;
    api.post<InvitedPerson>('/invitation', { token }).then(
      (person) => {
        if (!wanted) return;
        prefer(person.language);
        setInvited(person);
      },
      (thrown: unknown) => wanted && setOver(thrown instanceof ApiProblem ? thrown.code : 'page-fault'),
    );
    return () => {
      wanted = false;
    };
  }, [token]);

  async function accept(password: string): Promise<void> {
    const answer = await api.post<SessionView | HalfOpenView>('/invitation/acceptance', { token, password });
    if ('next' in answer) onHalfOpen(answer);
    else onSignedIn(answer);
  }

  if (over) {
    return (
      <SignInFrame title={invitation.over}>
        <p role="alert">{refusal(words, over)}</p>
        <Button className="button" onPress={onBack}>
          {invitation.toSignIn}
        </Button>
      </SignInFrame>
    );
  }
  if (!invited) return null;
  return (
    <SignInFrame title={invitation.title}>
      <p>{invitation.lead(invited.displayName, invited.company)}</p>
      <NewPassword login={invited.login} minimum={invited.minimumPasswordCharacters} accept={accept} />
    </SignInFrame>
  );
}

interface NewPasswordProps {
  login: string;
  minimum: number;
  accept(password: string): Promise<void>;
}

function NewPassword({ login, minimum, accept }: NewPasswordProps) {
  const { invitation, stepUp } = useWords().signInParts;
  const { busy, problem, run } = useProof();
  const [differs, setDiffers] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get('password') ?? '');
    const same = password === String(form.get('again') ?? '');
    setDiffers(!same);
    if (same && password) void run(() => accept(password));
  }

  return (
    <Form onSubmit={submit} className="stack">
      <TextField name="login" className="field" value={login} isReadOnly>
        <Label>{invitation.login}</Label>
        <Input autoComplete="username" />
      </TextField>
      <TextField name="password" type="password" className="field" autoFocus>
        <Label>{invitation.password}</Label>
        <Input autoComplete="new-password" />
        <Text slot="description" className="hint">
          {invitation.hint(minimum)}
        </Text>
      </TextField>
      <TextField name="again" type="password" className="field">
        <Label>{invitation.again}</Label>
        <Input autoComplete="new-password" />
      </TextField>
      <div role="alert" className="form-problem">
        {differs ? invitation.differs : problem}
      </div>
      <Button type="submit" className="button primary large" isPending={busy}>
        {busy ? stepUp.busy : invitation.accept}
      </Button>
    </Form>
  );
}
