// Enrolling a passkey or an authenticator app, and the recovery codes that come with the first of them. The QR code is made here: the
// secret goes to nobody else.

import { type FormEvent, useId, useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import { encode } from 'uqr';
import type { TotpStart } from '../../../src/api/contracts/sign-in.ts';
import { useWords } from '../text/language.tsx';
import { FormFoot } from './form-foot.tsx';
import { createPasskey, nameOfThisComputer } from './passkey.ts';
import { useProof } from './use-proof.ts';
import '../styles/security.css';

interface PasskeyFormProps {
  begin(): Promise<object>;
  finish(body: { name: string; passkey: object }): Promise<void>;
  onCancel?(): void;
}

export function PasskeyForm({ begin, finish, onCancel }: PasskeyFormProps) {
  const words = useWords();
  const { enrol } = words.signInParts;
  const { busy, problem, run } = useProof();

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name') ?? '').trim() || nameOfThisComputer();
    void run(async () => finish({ name, passkey: await createPasskey(await begin()) }));
  }

  return (
    <Form onSubmit={submit} className="stack">
      <TextField name="name" className="field" defaultValue={nameOfThisComputer()} maxLength={64}>
        <Label>{enrol.passkeyName}</Label>
        <Input autoComplete="off" />
        <Text slot="description" className="hint">
          {enrol.passkeyNameHint}
        </Text>
      </TextField>
      <FormFoot problem={problem} busy={busy} label={enrol.addPasskey} onCancel={onCancel} />
    </Form>
  );
}

interface TotpFormProps {
  start: TotpStart;
  finish(code: string): Promise<void>;
  onCancel?(): void;
}

export function TotpForm({ start, finish, onCancel }: TotpFormProps) {
  const { enrol } = useWords().signInParts;
  const { busy, problem, run } = useProof();

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const code = codeTyped(new FormData(event.currentTarget));
    if (code) void run(() => finish(code));
  }

  return (
    <Form onSubmit={submit} className="stack">
      <p>{enrol.scan}</p>
      <QrCode text={start.uri} label={enrol.qr} />
      <p>
        {enrol.orType} <code className="secret">{start.secret.match(/.{1,4}/g)?.join(' ')}</code>
      </p>
      <CodeField label={enrol.firstCode} />
      <FormFoot problem={problem} busy={busy} label={enrol.confirm} onCancel={onCancel} />
    </Form>
  );
}

export function CodeField({ label }: { label: string }) {
  return (
    <TextField name="code" className="field" autoFocus>
      <Label>{label}</Label>
      <Input className="code-input" inputMode="numeric" autoComplete="one-time-code" maxLength={12} />
    </TextField>
  );
}

/** As it may be typed: with a space in the middle, or in full width. */
export const codeTyped = (form: FormData): string =>
  String(form.get('code') ?? '')
    .normalize('NFKC')
    .replace(/\D/g, '');

/** Dark on light, whatever the colours of the page: cameras want it so. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} className="qr-ground" />
      <path d={path} className="qr-dots" />
    </svg>
  );
}

interface RecoveryCodesProps {
  codes: readonly string[];
  login: string;
  company: string;
  onKept(): void;
}

export function RecoveryCodes({ codes, login, company, onKept }: RecoveryCodesProps) {
  const { enrol } = useWords().signInParts;
  const title = useId();
  const [printed] = useState(() => new Date().toLocaleDateString());
  return (
    <section className="stack recovery" aria-labelledby={title}>
      <h2 id={title}>{enrol.codesTitle}</h2>
      <p className="not-printed">{enrol.codesLead}</p>
      <p className="printed-only">
        {enrol.codesOf(login, company)} · {printed}
      </p>
      <ol className="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="row end not-printed">
        <Button className="button" onPress={() => window.print()}>
          {enrol.print}
        </Button>
        <Button className="button primary" onPress={onKept}>
          {enrol.kept}
        </Button>
      </div>
    </section>
  );
}
