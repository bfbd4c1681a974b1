// The dialogs of the page of devices: letting in, shutting out, a one-time code.

import { type FormEvent, useState } from 'react';
import { Button, Form, Heading, Input, Label, TextField } from 'react-aria-components';
import type { PersonView } from '../../../src/api/contract.ts';
import type { DeviceCode, DeviceView } from '../../../src/api/contracts/device.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';

type Standing = 'enrolled' | 'managed';

function StandingChoice({ chosen, onChoose }: { chosen: Standing; onChoose(standing: Standing): void }) {
  const { words } = useLanguage();
  const { approveAs, states } = words.devices;
  const options = (['enrolled', 'managed'] as const).map((id) => ({ id, label: states[id] }));
  return <ChooseOne label={approveAs} options={options} chosen={chosen} onChoose={(id) => onChoose(id as Standing)} />;
}

export function Approve({
  device,
  onApprove,
}: {
  device: DeviceView;
  onApprove(body: { state: Standing }): Promise<void>;
}) {
  const { words } = useLanguage();
  const text = words.devices;
  const [state, setState] = useState<Standing>('enrolled');
  return (
    <DialogFrom trigger={<Button className="button small primary">{text.approve}</Button>}>
      {(close) => (
        <div className="stack">
          <Heading slot="title">{text.approveTitle(device.name)}</Heading>
          <p className="hint">{[device.requestedBy ?? '', device.system].filter(Boolean).join(' · ')}</p>
          <StandingChoice chosen={state} onChoose={setState} />
          <div className="row end">
            <Button className="button" onPress={close}>
              {text.cancel}
            </Button>
            <Button
              className="button primary"
              onPress={() => {
                close();
                void onApprove({ state });
              }}
            >
              {text.approve}
            </Button>
          </div>
        </div>
      )}
    </DialogFrom>
  );
}

export function Revoke({ device, onRevoke }: { device: DeviceView; onRevoke(why: string): Promise<void> }) {
  const { words } = useLanguage();
  const text = words.devices;
  return (
    <DialogFrom trigger={<Button className="button small danger">{text.revoke}</Button>}>
      {(close) => (
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            const why = String(new FormData(event.currentTarget).get('why') ?? '').trim();
            close();
            void onRevoke(why);
          }}
        >
          <Heading slot="title">{text.revokeTitle(device.name)}</Heading>
          <p>{text.revokeText}</p>
          <TextField name="why" className="field" maxLength={300}>
            <Label>{text.why}</Label>
            <Input />
          </TextField>
          <div className="row end">
            <Button className="button" onPress={close}>
              {text.cancel}
            </Button>
            <Button type="submit" className="button danger" autoFocus>
              {text.revoke}
            </Button>
          </div>
        </Form>
      )}
    </DialogFrom>
  );
}

export function MakeCode({ api }: { api: Api }) {
  const { words } = useLanguage();
  return (
    <DialogFrom trigger={<Button className="button">{words.devices.makeCode}</Button>}>
      {(close) => <CodeForm api={api} onClose={close} />}
    </DialogFrom>
  );
}

const anybody = 'anybody';

function CodeForm({ api, onClose }: { api: Api; onClose(): void }) {
  const { words, language } = useLanguage();
  const text = words.devices;
  const people = useFetched(async () => (await api.get<{ items: PersonView[] }>('/users?limit=200')).items);
  const [personId, setPersonId] = useState(anybody);
  const [state, setState] = useState<Standing>('enrolled');
  const [made, setMade] = useState<DeviceCode>();
  const [problem, setProblem] = useState<Refused>();

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    try {
      setMade(await api.post<DeviceCode>('/device-codes', { state, ...(personId === anybody ? {} : { personId }) }));
      setProblem(undefined);
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }

  const until = new Intl.DateTimeFormat(language, { timeStyle: 'short', dateStyle: 'medium' });
  if (made) {
    return (
      <div className="stack">
        <Heading slot="title">{text.makeCodeTitle}</Heading>
        <p role="status">
          <code className="device-code">{made.code}</code>
        </p>
        <p className="hint">{text.code(until.format(made.expiresAt))}</p>
        <div className="row end">
          <Button className="button primary" onPress={onClose}>
            {text.done}
          </Button>
        </div>
      </div>
    );
  }
  const options = (people ?? []).map(({ id, displayName }) => ({ id, label: displayName }));
  return (
    <Form className="stack" onSubmit={(event) => void submit(event)}>
      <Heading slot="title">{text.makeCodeTitle}</Heading>
      <ChooseOne
        label={text.forWhom}
        options={[{ id: anybody, label: text.anybody }, ...options]}
        chosen={personId}
        onChoose={setPersonId}
      />
      <StandingChoice chosen={state} onChoose={setState} />
      <div role="alert" className="form-problem">
        {problem && refusal(words, problem)}
      </div>
      <div className="row end">
        <Button className="button" onPress={onClose}>
          {text.cancel}
        </Button>
        <Button type="submit" className="button primary">
          {text.make}
        </Button>
      </div>
    </Form>
  );
}
