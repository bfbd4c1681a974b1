// Between password and session: proving the second factor, or setting up the first one.

import { type FormEvent, useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { EnrolledSession, HalfOpenView, SignInOffer, TotpStart } from '../../../src/api/contracts/sign-in.ts';
import type { Api } from '../api/client.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useWords } from '../text/language.tsx';
import { CodeField, codeTyped, PasskeyForm, RecoveryCodes, TotpForm } from './enrolment.tsx';
import { answerPasskey, passkeysSupported } from './passkey.ts';
import { SignInFrame } from './sign-in-frame.tsx';
import { useProof } from './use-proof.ts';

interface SecondFactorPageProps {
  api: Api;
  halfOpen: HalfOpenView;
  onSignedIn(session: SessionView): void;
  onBack(): void;
}

export function SecondFactorPage(given: SecondFactorPageProps) {
  const offer = useFetched(() => given.api.get<SignInOffer>('/sign-in'));
  return offer ? <Steps {...given} passkeys={offer.passkeys} /> : null;
}

/** `passkeys`: whether they can be used under this address. */
interface StepProps extends SecondFactorPageProps {
  passkeys: boolean;
}

function Steps(props: StepProps) {
  const { prove, enrol } = useWords().signInParts;
  const { halfOpen, onBack } = props;
  const [enrolled, setEnrolled] = useState<EnrolledSession>();

  function done(result: EnrolledSession): void {
    if (result.recoveryCodes) setEnrolled(result);
    else props.onSignedIn(result.session);
  }

  if (enrolled?.recoveryCodes) {
    const { session, recoveryCodes } = enrolled;
    return (
      <SignInFrame title={enrol.title}>
        <RecoveryCodes
          codes={recoveryCodes}
          login={halfOpen.person.login}
          company={session.company}
          onKept={() => props.onSignedIn(session)}
        />
      </SignInFrame>
    );
  }
  const proves = halfOpen.next === 'prove';
  return (
    <SignInFrame title={proves ? prove.title : enrol.title}>
      <p>{(proves ? prove : enrol).lead(halfOpen.person.displayName)}</p>
      {proves ? <Prove {...props} /> : <Enrol {...props} onDone={done} />}
      <Button className="button quiet small" onPress={onBack}>
        {prove.back}
      </Button>
    </SignInFrame>
  );
}

type Way = HalfOpenView['factors'][number];

function Prove({ api, halfOpen, passkeys, onSignedIn }: StepProps) {
  const { prove, stepUp } = useWords().signInParts;
  const { busy, problem, run } = useProof();
  const ways = halfOpen.factors.filter((way) => way !== 'passkey' || (passkeys && passkeysSupported()));
  const [way, setWay] = useState<Way>(ways[0] ?? 'recovery-code');

  const send = (proof: () => Promise<object>) =>
    run(async () => onSignedIn(await api.post<SessionView>('/session/second-factor', await proof())));

  const byPasskey = () =>
    send(async () => ({ passkey: await answerPasskey(await api.post<object>('/session/second-factor/options')) }));

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const recoveryCode = String(form.get('recovery') ?? '').trim();
    const code = codeTyped(form);
    if (way === 'totp' && code) void send(async () => ({ code }));
    if (way === 'recovery-code' && recoveryCode) void send(async () => ({ recoveryCode }));
  }

  return (
    <Form onSubmit={submit} className="stack">
      {way === 'totp' && <CodeField label={stepUp.code} />}
      {way === 'recovery-code' && (
        <TextField name="recovery" className="field" autoFocus>
          <Label>{prove.recovery}</Label>
          <Input autoComplete="off" autoCapitalize="characters" spellCheck="false" />
          <Text slot="description" className="hint">
            {prove.recoveryHint}
          </Text>
        </TextField>
      )}
      <div role="alert" className="form-problem">
        {problem}
      </div>
      {way === 'passkey' ? (
        <Button className="button primary large" isPending={busy} onPress={() => void byPasskey()} autoFocus>
          {busy ? stepUp.busy : stepUp.usePasskey}
        </Button>
      ) : (
        <Button type="submit" className="button primary large" isPending={busy}>
          {busy ? stepUp.busy : prove.proceed}
        </Button>
      )}
      <div className="row">
        {ways
          .filter((other) => other !== way)
          .map((other) => (
            <Button key={other} className="button small" onPress={() => setWay(other)}>
              {{ passkey: stepUp.usePasskey, totp: prove.useCode, 'recovery-code': prove.useRecovery }[other]}
            </Button>
          ))}
      </div>
    </Form>
  );
}

function Enrol({ api, passkeys, onDone }: StepProps & { onDone(done: EnrolledSession): void }) {
  const { enrol } = useWords().signInParts;
  const { problem, run } = useProof();
  const [totp, setTotp] = useState<TotpStart>();
  const [naming, setNaming] = useState(false);
  const canPasskey = passkeys && passkeysSupported();

  if (totp) {
    return (
      <TotpForm
        start={totp}
        finish={async (code) => onDone(await api.post<EnrolledSession>('/session/enrolment/totp', { code }))}
        onCancel={() => setTotp(undefined)}
      />
    );
  }
  if (naming) {
    return (
      <PasskeyForm
        begin={() => api.post<object>('/session/enrolment/passkey/options')}
        finish={async (body) => onDone(await api.post<EnrolledSession>('/session/enrolment/passkey', body))}
        onCancel={() => setNaming(false)}
      />
    );
  }
  return (
    <div className="choices">
      <section className="choice">
        <h2>{enrol.passkeyTitle}</h2>
        <p>{enrol.passkeyText}</p>
        {canPasskey ? (
          <Button className="button primary" onPress={() => setNaming(true)}>
            {enrol.addPasskey}
          </Button>
        ) : (
          <p className="hint">{enrol.noPasskeys}</p>
        )}
      </section>
      <section className="choice">
        <h2>{enrol.totpTitle}</h2>
        <p>{enrol.totpText}</p>
        <Button
          className={canPasskey ? 'button' : 'button primary'}
          onPress={() => void run(async () => setTotp(await api.post<TotpStart>('/session/enrolment/totp/options')))}
        >
          {enrol.addTotp}
        </Button>
      </section>
      <div role="alert" className="form-problem">
        {problem}
      </div>
    </div>
  );
}
