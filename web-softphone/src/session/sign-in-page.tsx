// Sign in: login and password, a passkey alone, or the company's account. Says in words what went wrong, and never which of the two
// fields it was.

import { type FormEvent, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { HalfOpenView, SignInOffer } from '../../../src/api/contracts/sign-in.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { useFetched } from '../state/use-fetched.ts';
import { refusal, useLanguage, useWords, type Words } from '../text/language.tsx';
import { SignInFrame } from './sign-in-frame.tsx';

interface SignInPageProps {
  api: Api;
  wasSignedOut: boolean;
  /** Why single sign-on did not lead here, as the server says it. */
  signedOn: string | undefined;
  onSignedIn(session: SessionView): void;
  onHalfOpen(halfOpen: HalfOpenView): void;
}

type Problem = ((words: Words) => string) | undefined;

export function SignInPage({ api, wasSignedOut, signedOn, onSignedIn, onHalfOpen }: SignInPageProps) {
  const words = useWords();
  const offer = useFetched(() => api.get<SignInOffer>('/sign-in'));
  const [problem, setProblem] = useState<Problem>(() => (signedOn ? saysSignedOn(signedOn) : undefined));
  const [busy, setBusy] = useState(false);

  async function attempt(signIn: () => Promise<SessionView | HalfOpenView>): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await signIn();
      if ('next' in answer) onHalfOpen(answer);
      else onSignedIn(answer);
    } catch (thrown) {
      setProblem(() => wordsFor(thrown));
      setBusy(false);
    }
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const login = String(form.get('login') ?? '').trim();
    const password = String(form.get('password') ?? '');
    if (!login || !password) return setProblem(() => (all: Words) => all.signIn.missing);
    void attempt(() => api.post('/session', { login, password }));
  }

  const byPasskey = () =>
    attempt(async () => {
      const { answerPasskey } = await import('./passkey.ts');
      const options = await api.post<object>('/session/passkey/options');
      return api.post<SessionView>('/session/passkey', { passkey: await answerPasskey(options) });
    });

  return (
    <SignInFrame title={words.signIn.title}>
      {wasSignedOut && !problem && <p className="hint">{words.signIn.signedOut}</p>}
      {offer?.singleSignOn && <SingleSignOn label={offer.singleSignOn.label} />}
      {!offer?.singleSignOn?.only && (
        <Form onSubmit={submit} className="stack">
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
          {offer?.passkeys && 'PublicKeyCredential' in window && (
            <Button className="button large" onPress={() => void byPasskey()}>
              {words.signInParts.passkey}
            </Button>
          )}
        </Form>
      )}
      {offer?.singleSignOn?.only && (
        <div role="alert" className="form-problem">
          {problem?.(words)}
        </div>
      )}
    </SignInFrame>
  );
}

/** A navigation, not a request: the provider has pages of its own. */
function SingleSignOn({ label }: { label: { ja: string; en: string } }) {
  const { language } = useLanguage();
  return (
    <Button className="button large wide" onPress={() => location.assign('/api/v1/single-sign-on')}>
      {label[language]}
    </Button>
  );
}

const saysSignedOn =
  (because: string): Problem =>
  ({ signInParts: { signedOn } }) =>
    signedOn[because] ?? signedOn['failed'] ?? '';

function wordsFor(thrown: unknown): (words: Words) => string {
  if (!(thrown instanceof ApiProblem)) return ({ signInParts }) => signInParts.stepUp.passkeyFailed;
  const { status, code, retryAfterSeconds } = thrown;
  if (status === 0) return ({ signIn }) => signIn.unreachable;
  if (code === 'proof-wrong') return ({ signInParts }) => signInParts.stepUp.passkeyFailed;
  if (code === 'first-factor-over') return (words) => refusal(words, code);
  if (status === 401) return ({ signIn }) => signIn.refused;
  if (status === 429) return ({ signIn }) => signIn.throttled(retryAfterSeconds ?? 60);
  return ({ signIn }) => signIn.failed;
}
