// Asks the person to prove again to be there: with the second factor, where there is one; otherwise with the password, or at the
// company's account.

import { type FormEvent, useEffect, useState } from 'react';
import { Button, Dialog, Form, Heading, Input, Label, Modal, ModalOverlay, TextField } from 'react-aria-components';
import type { StepUpWays } from '../../../src/api/contracts/sign-in.ts';
import type { Api } from '../api/client.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useWords } from '../text/language.tsx';
import { useProof } from './use-proof.ts';

interface StepUpProps {
  api: Api;
  onDone(proven: boolean): void;
}

export function StepUpDialog({ api, onDone }: StepUpProps) {
  const { stepUp } = useWords().signInParts;
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onDone(false)} isDismissable>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{stepUp.title}</Heading>
          <p>{stepUp.lead}</p>
          <Offered api={api} onDone={onDone} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Offered(props: StepUpProps) {
  const offered = useFetched(() => props.api.get<StepUpWays>('/session/step-up'));
  if (!offered) return null;
  return offered.ways[0] === 'single-sign-on' ? <AtProvider {...props} /> : <Ways {...props} offered={offered} />;
}

type Way = 'passkey' | 'totp' | 'password';

function Ways({ api, onDone, offered }: StepUpProps & { offered: StepUpWays }) {
  const { stepUp, prove: proving } = useWords().signInParts;
  const { busy, problem, run } = useProof();
  const ways = offered.ways.filter((way): way is Way => way !== 'single-sign-on');
  const [way, setWay] = useState<Way | undefined>(ways[0]);

  const prove = (proof: () => Promise<object>) =>
    run(async () => {
      await api.post('/session/step-up', await proof());
      onDone(true);
    });

  const byPasskey = () =>
    prove(async () => {
      const { answerPasskey } = await import('./passkey.ts');
      // Those that came with the dialog were perhaps used for a try that failed, or are too old.
      const { passkeyOptions } = await api.get<StepUpWays>('/session/step-up');
      return { passkey: await answerPasskey(passkeyOptions ?? {}) };
    });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get('proof') ?? '');
    if (!typed) return;
    void prove(async () =>
      way === 'totp' ? { code: typed.normalize('NFKC').replace(/\D/g, '') } : { password: typed },
    );
  }

  return (
    <Form onSubmit={submit} className="stack">
      {way === undefined && <p>{stepUp.none}</p>}
      {way === 'totp' && (
        <TextField key="totp" name="proof" className="field" autoFocus>
          <Label>{stepUp.code}</Label>
          <Input inputMode="numeric" autoComplete="one-time-code" maxLength={12} />
        </TextField>
      )}
      {way === 'password' && (
        <TextField key="password" name="proof" type="password" className="field" autoFocus>
          <Label>{stepUp.password}</Label>
          <Input autoComplete="current-password" />
        </TextField>
      )}
      <div role="alert" className="form-problem">
        {problem}
      </div>
      <div className="row end">
        <Button className="button" onPress={() => onDone(false)}>
          {stepUp.cancel}
        </Button>
        {ways
          .filter((other) => other !== way && other !== 'password')
          .map((other) => (
            <Button key={other} className="button" onPress={() => setWay(other)}>
              {other === 'passkey' ? stepUp.usePasskey : proving.useCode}
            </Button>
          ))}
        {way === 'passkey' && (
          <Button className="button primary" isPending={busy} onPress={() => void byPasskey()} autoFocus>
            {busy ? stepUp.busy : stepUp.usePasskey}
          </Button>
        )}
        {(way === 'totp' || way === 'password') && (
          <Button type="submit" className="button primary" isPending={busy}>
            {busy ? stepUp.busy : stepUp.proceed}
          </Button>
        )}
      </div>
    </Form>
  );
}

const lookEveryMs = 1500;

/** In a window of its own, so that this page and a call in it go on. */
function AtProvider({ api, onDone }: StepUpProps) {
  const { stepUp } = useWords().signInParts;
  const [opened, setOpened] = useState(false);

  useEffect(() => {
    if (!opened) return;
    const timer = setInterval(() => {
      api.get<StepUpWays>('/session/step-up').then(
        ({ steppedUpUntil }) => steppedUpUntil !== null && onDone(true),
        () => undefined,
      );
    }, lookEveryMs);
    return () => clearInterval(timer);
  }, [api, onDone, opened]);

  function open(): void {
    window.open('/api/v1/single-sign-on?for=step-up', 'engawa-step-up', 'popup,width=520,height=680');
    setOpened(true);
  }

  return (
    <div className="stack">
      <p className="hint">{stepUp.signOnHint}</p>
      <div className="row end">
        <Button className="button" onPress={() => onDone(false)}>
          {stepUp.cancel}
        </Button>
        <Button className="button primary" onPress={open}>
          {stepUp.signOn}
        </Button>
      </div>
    </div>
  );
}
