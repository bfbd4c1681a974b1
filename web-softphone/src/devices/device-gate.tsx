// What is before the pages while this computer has to prove itself: nothing when it does so by itself; otherwise why not, and how it is
// let in.

import { type FormEvent, useEffect, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import type { Blocked, OwnDevice } from '../../../src/api/contracts/device.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { refusal, useWords } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { BlockedPage } from './blocked-page.tsx';
import { canHaveKey, enrolDevice, proveDevice } from './device-key.ts';

const pollMs = 3000;

/** `onDone(true)`: it has proven itself. */
export function DeviceGate({ api, onDone }: { api: Api; onDone(proven: boolean): void }) {
  const [blocked, setBlocked] = useState<Blocked>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it comes up
  useEffect(() => {
    let wanted = true;
    open().catch(() => wanted && onDone(false));
    return () => {
      wanted = false;
    };

    async function open(): Promise<void> {
      if (await proveDevice(api)) return onDone(true);
      const why = await api.post<Blocked>('/session/device/refusal');
      if (wanted) setBlocked(why);
    }
  }, [api]);

  if (!blocked) return null;
  return (
    <BlockedPage blocked={blocked} onTryAgain={() => onDone(false)}>
      <LetIn api={api} onLetIn={() => onDone(true)} />
    </BlockedPage>
  );
}

function LetIn({ api, onLetIn }: { api: Api; onLetIn(): void }) {
  const all = useWords();
  const words = all.devices;
  const [own, setOwn] = useState<OwnDevice['device']>(null);
  const [problem, setProblem] = useState<Refused>();
  const [busy, setBusy] = useState(false);
  const waiting = own?.state === 'requested';

  useEffect(() => {
    if (!waiting) return undefined;
    const timer = setInterval(() => void look(), pollMs);
    return () => clearInterval(timer);

    async function look(): Promise<void> {
      try {
        const { device } = await api.get<OwnDevice>('/session/device');
        if (device?.state === 'enrolled' || device?.state === 'managed') {
          if (await proveDevice(api)) onLetIn();
        } else setOwn(device);
      } catch {
        // Asked again in three seconds.
      }
    }
  }, [api, waiting, onLetIn]);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get('name') ?? '').trim() || words.thisComputer;
    const code = String(form.get('code') ?? '').trim();
    setBusy(true);
    setProblem(undefined);
    try {
      const { device, proven } = await enrolDevice(api, name.slice(0, 80), code || undefined);
      setOwn(device);
      if (proven && (await proveDevice(api))) onLetIn();
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
    setBusy(false);
  }

  if (!canHaveKey()) return <p className="hint">{words.noSecureContext}</p>;
  if (waiting) {
    return (
      <p className="device-waiting" role="status">
        {words.waiting(own?.name ?? '')}
      </p>
    );
  }
  return (
    <Form onSubmit={(event) => void submit(event)} className="stack">
      <h2>{words.letInTitle}</h2>
      {own?.state === 'declined' && <p className="form-problem">{words.declined}</p>}
      <TextField name="name" className="field" maxLength={80}>
        <Label>{words.deviceName}</Label>
        <Input placeholder={words.thisComputer} />
      </TextField>
      <TextField name="code" className="field" maxLength={32}>
        <Label>{words.codeIfAny}</Label>
        <Input autoCapitalize="characters" autoComplete="off" spellCheck="false" />
      </TextField>
      <div role="alert" className="form-problem">
        {problem && refusal(all, problem)}
      </div>
      <Button type="submit" className="button primary" isPending={busy}>
        {words.letIn}
      </Button>
    </Form>
  );
}
