// Sign in. Says in words what went wrong, and never which of the two fields it was.

import { type FormEvent, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { Scene } from '../controls/scene.tsx';
import { useWords, type Words } from '../text/language.tsx';
import { LanguageSwitch } from './language-switch.tsx';

interface SignInPageProps {
  api: Api;
  wasSignedOut: boolean;
  onSignedIn(session: SessionView): void;
}

export function SignInPage({ api, wasSignedOut, onSignedIn }: SignInPageProps) {
  const words = useWords();
  const [problem, setProblem] = useState<((words: Words) => string) | undefined>();
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const login = String(form.get('login') ?? '').trim();
    const password = String(form.get('password') ?? '');
    if (!login || !password) return setProblem(() => (all: Words) => all.signIn.missing);
    setBusy(true);
    setProblem(undefined);
    try {
      onSignedIn(await api.post<SessionView>('/session', { login, password }));
    } catch (thrown) {
      setProblem(() => wordsFor(thrown));
      setBusy(false);
    }
  }

  return (
    <div className="sign-in">
      <main className="sign-in-card" id="main">
        <div className="sign-in-head">
          <p className="brand">
            縁側 <span lang="en">Engawa</span>
          </p>
          <LanguageSwitch />
        </div>
        <p className="brand-line">{words.productLine}</p>
        <h1>{words.signIn.title}</h1>
        {wasSignedOut && !problem && <p className="hint">{words.signIn.signedOut}</p>}
        <Form onSubmit={(event) => void submit(event)} className="stack">
          <TextField name="login" autoComplete="username" className="field" autoFocus>
            <Label>{words.signIn.login}</Label>
            <Input autoCapitalize="none" spellCheck="false" />
          </TextField>
          <TextField name="password" type="password" autoComplete="current-password" className="field">
            <Label>{words.signIn.password}</Label>
            <Input />
          </TextField>
          <div role="alert" className="form-problem">
            {problem?.(words)}
          </div>
          <Button type="submit" className="button primary large" isPending={busy}>
            {busy ? words.signIn.busy : words.signIn.button}
          </Button>
        </Form>
      </main>
      <Scene className="sign-in-scene" />
    </div>
  );
}

function wordsFor(thrown: unknown): (words: Words) => string {
  if (!(thrown instanceof ApiProblem)) return ({ signIn }) => signIn.failed;
  const { status, retryAfterSeconds } = thrown;
  if (status === 0) return ({ signIn }) => signIn.unreachable;
  if (status === 401) return ({ signIn }) => signIn.refused;
  if (status === 429) return ({ signIn }) => signIn.throttled(retryAfterSeconds ?? 60);
  return ({ signIn }) => signIn.failed;
}
