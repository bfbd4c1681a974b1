// Asks the person to prove again to be there: with the second factor, where there is one; otherwise with the password.

import { type FormEvent, useState } from 'react';
import { Button, Dialog, Form, Heading, Input, Label, Modal, ModalOverlay, TextField } from 'react-aria-components';
import type { StepUpWays } from '../../../src/api/sign-in-contract.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { useFetched } from '../state/use-fetched.ts';
import { refusal, useWords } from '../text/language.tsx';

export function StepUpDialog({ api, onDone }: { api: Api; onDone(proven: boolean): void }) {
  const words = useWords();
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onDone(false)} isDismissable>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{words.signInParts.stepUp.title}</Heading>
          <p>{words.signInParts.stepUp.lead}</p>
          <Ways api={api} onDone={onDone} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Ways({ api, onDone }: { api: Api; onDone(proven: boolean): void }) {
  const all = useWords();
  const words = all.signInParts.stepUp;
  const offered = useFetched(() => api.get<StepUpWays>('/session/step-up'));
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function prove(proof: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setProblem('');
    try {
      await api.post('/session/step-up', await proof());
      onDone(true);
    } catch (thrown) {
      setProblem(wordsOf(thrown));
      setBusy(false);
    }
  }

  function wordsOf(thrown: unknown): string {
    if (!(thrown instanceof ApiProblem)) return words.passkeyFailed;
    if (thrown.status === 429) return all.signIn.throttled(thrown.retryAfterSeconds ?? 60);
    return refusal(all, thrown.code);
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get('proof') ?? '');
    if (typed) void prove(async () => (byCode ? { code: typed.replace(/\s/g, '') } : { password: typed }));
  }

  if (!offered) return null;
  const byCode = offered.ways.includes('totp');
  const typed = byCode || offered.ways.includes('password');
  return (
    <Form onSubmit={submit} className="stack">
      {typed && (
        <TextField
          name="proof"
          type={byCode ? 'text' : 'password'}
          autoComplete={byCode ? 'one-time-code' : 'current-password'}
          className="field"
          autoFocus
        >
          <Label>{byCode ? words.code : words.password}</Label>
          <Input {...(byCode ? { inputMode: 'numeric' as const } : {})} />
        </TextField>
      )}
      <div role="alert" className="form-problem">
        {problem}
      </div>
      <div className="row end">
        <Button className="button" onPress={() => onDone(false)}>
          {words.cancel}
        </Button>
        {typed && (
          <Button type="submit" className="button primary" isPending={busy}>
            {busy ? words.busy : words.proceed}
          </Button>
        )}
      </div>
    </Form>
  );
}
