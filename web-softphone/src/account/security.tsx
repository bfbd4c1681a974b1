// By what somebody proves who they are: password, passkeys, authenticator app, recovery codes. The server asks for a step-up where it
// is needed, and the api client sees to it.

import { type FormEvent, useState } from 'react';
import { Button, Form, Heading, Input, Label, Text, TextField } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { Enrolled, RecoveryCodesView, SecurityView, TotpStart } from '../../../src/api/contracts/sign-in.ts';
import type { Api } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { PasskeyForm, RecoveryCodes, TotpForm } from '../session/enrolment.tsx';
import { FormFoot } from '../session/form-foot.tsx';
import { passkeysSupported } from '../session/passkey.ts';
import { useProof } from '../session/use-proof.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useLanguage, useWords } from '../text/language.tsx';

export function Security({ api, session }: { api: Api; session: SessionView }) {
  const { security } = useWords().signInParts;
  const [version, setVersion] = useState(0);
  const [codes, setCodes] = useState<readonly string[]>();
  const view = useFetched(() => api.get<SecurityView>('/security'), version);
  const look = () => setVersion((before) => before + 1);

  function added({ recoveryCodes }: Enrolled): void {
    if (recoveryCodes) setCodes(recoveryCodes);
    look();
  }

  if (codes) {
    return (
      <section className="card security-card">
        <RecoveryCodes
          codes={codes}
          login={session.person.login}
          company={session.company}
          onKept={() => setCodes(undefined)}
        />
      </section>
    );
  }
  if (!view) return null;
  const part = { api, view, look, added };
  return (
    <section className="security" aria-label={security.title}>
      <h2>{security.title}</h2>
      {view.required && <p className="hint">{security.required}</p>}
      <div className="security-cards">
        <Passkeys {...part} />
        <Totp {...part} />
        <Codes {...part} />
        <Password {...part} login={session.person.login} />
      </div>
    </section>
  );
}

interface PartProps {
  api: Api;
  view: SecurityView;
  look(): void;
  added(enrolled: Enrolled): void;
}

function useDate(): (at: number) => string {
  const { language } = useLanguage();
  return (at) => new Date(at).toLocaleDateString(language, { dateStyle: 'medium' });
}

function Passkeys({ api, view, look, added }: PartProps) {
  const { security } = useWords().signInParts;
  const [adding, setAdding] = useState(false);
  const canAdd = view.passkeysPossible && passkeysSupported();
  const { enrol } = useWords().signInParts;
  return (
    <section className="card security-card" aria-labelledby="security-passkeys">
      <h2 id="security-passkeys">{security.passkeys}</h2>
      <p className="hint">{view.passkeys.length > 0 ? security.passkeysText : security.noPasskeys}</p>
      {view.passkeys.length > 0 && (
        <ul className="security-list">
          {view.passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} api={api} passkey={passkey} look={look} />
          ))}
        </ul>
      )}
      {!canAdd && <p className="hint">{enrol.noPasskeys}</p>}
      {canAdd && !adding && (
        <div className="row">
          <Button className="button" onPress={() => setAdding(true)}>
            {security.addPasskey}
          </Button>
        </div>
      )}
      {adding && (
        <PasskeyForm
          begin={() => api.post<object>('/security/passkeys/options')}
          finish={async (body) => {
            added(await api.post<Enrolled>('/security/passkeys', body));
            setAdding(false);
          }}
          onCancel={() => setAdding(false)}
        />
      )}
    </section>
  );
}

interface RowProps {
  api: Api;
  passkey: SecurityView['passkeys'][number];
  look(): void;
}

function PasskeyRow({ api, passkey, look }: RowProps) {
  const { security } = useWords().signInParts;
  const date = useDate();
  const { id, name, createdAt, lastUsedAt, backedUp } = passkey;
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <p className="facts">
          {security.added} {date(createdAt)} · {security.used} {lastUsedAt === null ? security.never : date(lastUsedAt)}
          {backedUp && ` · ${security.wanders}`}
        </p>
      </div>
      <div className="row">
        <Rename api={api} id={id} name={name} look={look} />
        <Sure
          small
          trigger={security.remove}
          label={security.removeOf(name)}
          question={security.removeSure(name)}
          act={() => api.delete(`/security/passkeys/${id}`)}
          done={look}
        />
      </div>
    </li>
  );
}

function Rename({ api, id, name, look }: { api: Api; id: string; name: string; look(): void }) {
  const { security, enrol } = useWords().signInParts;
  const { problem, run } = useProof();
  return (
    <DialogFrom
      trigger={
        <Button className="button small quiet" aria-label={security.renameOf(name)}>
          {security.rename}
        </Button>
      }
    >
      {(close) => (
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            const given = String(new FormData(event.currentTarget).get('name') ?? '').trim();
            void run(() => api.patch(`/security/passkeys/${id}`, { name: given || name })).then((done) => {
              if (!done) return;
              close();
              look();
            });
          }}
        >
          <Heading slot="title">{security.rename}</Heading>
          <TextField name="name" className="field" defaultValue={name} maxLength={64} autoFocus>
            <Label>{enrol.passkeyName}</Label>
            <Input autoComplete="off" />
          </TextField>
          <div role="alert" className="form-problem">
            {problem}
          </div>
          <div className="row end">
            <Button className="button" onPress={close}>
              {security.cancel}
            </Button>
            <Button type="submit" className="button primary">
              {security.save}
            </Button>
          </div>
        </Form>
      )}
    </DialogFrom>
  );
}

interface SureProps {
  small?: boolean;
  trigger: string;
  label?: string;
  question: string;
  act(): Promise<unknown>;
  done(): void;
}

/** Asks before something that cannot be taken back. */
function Sure({ small = false, trigger, label, question, act, done }: SureProps) {
  const { security } = useWords().signInParts;
  const { busy, problem, run } = useProof();
  return (
    <DialogFrom
      trigger={
        <Button className={small ? 'button small' : 'button'} aria-label={label ?? trigger}>
          {trigger}
        </Button>
      }
    >
      {(close) => (
        <>
          <Heading slot="title">{trigger}</Heading>
          <p>{question}</p>
          <div role="alert" className="form-problem">
            {problem}
          </div>
          <div className="row end">
            <Button className="button" onPress={close} autoFocus>
              {security.cancel}
            </Button>
            <Button
              className="button danger"
              isPending={busy}
              onPress={() =>
                void run(async () => void (await act())).then((worked) => {
                  if (!worked) return;
                  close();
                  done();
                })
              }
            >
              {trigger}
            </Button>
          </div>
        </>
      )}
    </DialogFrom>
  );
}

function Totp({ api, view, look, added }: PartProps) {
  const { security } = useWords().signInParts;
  const { problem, run } = useProof();
  const [start, setStart] = useState<TotpStart>();
  const date = useDate();
  return (
    <section className="card security-card" aria-labelledby="security-totp">
      <h2 id="security-totp">{security.totp}</h2>
      <p className="hint">{view.totpSince === null ? security.noTotp : security.totpSince(date(view.totpSince))}</p>
      {start ? (
        <TotpForm
          start={start}
          finish={async (code) => {
            added(await api.post<Enrolled>('/security/totp', { code }));
            setStart(undefined);
          }}
          onCancel={() => setStart(undefined)}
        />
      ) : (
        <div className="row">
          {view.totpSince === null ? (
            <Button
              className="button"
              onPress={() => void run(async () => setStart(await api.post<TotpStart>('/security/totp/options')))}
            >
              {security.addTotp}
            </Button>
          ) : (
            <Sure
              trigger={security.removeTotp}
              question={security.removeTotpSure}
              act={() => api.delete('/security/totp')}
              done={look}
            />
          )}
        </div>
      )}
      <div role="alert" className="form-problem">
        {problem}
      </div>
    </section>
  );
}

function Codes({ api, view, added }: PartProps) {
  const { security } = useWords().signInParts;
  const hasFactor = view.passkeys.length > 0 || view.totpSince !== null;
  return (
    <section className="card security-card" aria-labelledby="security-codes">
      <h2 id="security-codes">{security.codes}</h2>
      <p className="hint">{hasFactor ? security.codesLeft(view.recoveryCodesLeft) : security.needsFactor}</p>
      {hasFactor && (
        <div className="row">
          <Sure
            trigger={security.newCodes}
            question={security.newCodesSure}
            act={async () => added(await api.post<RecoveryCodesView>('/security/recovery-codes'))}
            done={() => undefined}
          />
        </div>
      )}
    </section>
  );
}

function Password({ api, view, login }: PartProps & { login: string }) {
  const { invitation, security } = useWords().signInParts;
  const { busy, problem, run } = useProof();
  const [changing, setChanging] = useState(false);
  const [changed, setChanged] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = { old: String(form.get('old') ?? ''), new: String(form.get('new') ?? '') };
    if (!body.old || !body.new) return;
    void run(() => api.put('/security/password', body)).then((done) => {
      if (!done) return;
      setChanging(false);
      setChanged(true);
    });
  }

  return (
    <section className="card security-card" aria-labelledby="security-password">
      <h2 id="security-password">{security.password}</h2>
      <p className="hint">{view.passwordSet ? security.passwordText : security.noPassword}</p>
      <p role="status" className="done">
        {changed && security.changed}
      </p>
      {view.passwordSet && !changing && (
        <div className="row">
          <Button
            className="button"
            onPress={() => {
              setChanging(true);
              setChanged(false);
            }}
          >
            {security.changePassword}
          </Button>
        </div>
      )}
      {changing && (
        <Form onSubmit={submit} className="stack">
          <input type="text" name="username" autoComplete="username" value={login} readOnly hidden />
          <TextField name="old" type="password" className="field" autoFocus>
            <Label>{security.oldPassword}</Label>
            <Input autoComplete="current-password" />
          </TextField>
          <TextField name="new" type="password" className="field">
            <Label>{invitation.password}</Label>
            <Input autoComplete="new-password" />
            <Text slot="description" className="hint">
              {invitation.hint(view.minimumPasswordCharacters)}
            </Text>
          </TextField>
          <FormFoot problem={problem} busy={busy} label={security.changePassword} onCancel={() => setChanging(false)} />
        </Form>
      )}
    </section>
  );
}
