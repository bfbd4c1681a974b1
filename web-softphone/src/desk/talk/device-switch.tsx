// Where calls are taken: in this browser, or on the own telephone. A live call moves over without the customer noticing.

import { useState } from 'react';
import { Button, ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { DeskCall, DeskView } from '../../../../src/api/contract.ts';
import { Icon } from '../../controls/icon.tsx';
import { useFetched } from '../../state/use-fetched.ts';
import { useWords } from '../../text/language.tsx';
import { useDesk } from '../desk-context.ts';
import type { Device } from './talk-commands.ts';

/** Only for people who may work by telephone. */
export function DeviceSwitch({ view }: { view: DeskView }) {
  const words = useWords();
  const { talk } = useDesk().commands;
  const choice = useFetched(talk.device, view.device);
  const [asked, setAsked] = useState<Device>();
  if (!choice?.telephone.usable) return null;
  return (
    <section className="card" aria-labelledby="device-title">
      <h2 id="device-title" className="eyebrow">
        {words.device.title}
      </h2>
      <ToggleButtonGroup
        className="segments"
        aria-labelledby="device-title"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[asked ?? view.device]}
        onSelectionChange={(keys) => {
          const device = [...keys][0] as Device;
          setAsked(device);
          void talk.chooseDevice(device).then(() => setAsked(undefined));
        }}
      >
        <ToggleButton id="browser" className="segment">
          {words.device.browser}
        </ToggleButton>
        <ToggleButton id="telephone" className="segment">
          {words.device.telephone}
        </ToggleButton>
      </ToggleButtonGroup>
      <p className="hint">
        {view.device === 'telephone'
          ? words.device.telephoneHint(choice.telephone.masked ?? '')
          : words.device.browserHint}
      </p>
    </section>
  );
}

export function MoveCall({ call }: { call: DeskCall }) {
  const words = useWords();
  const { talk } = useDesk().commands;
  const choice = useFetched(talk.device);
  if (!choice?.telephone.usable || call.device === null || call.role === 'consulted') return null;
  const to: Device = call.device === 'browser' ? 'telephone' : 'browser';
  return (
    <Button
      className="button control"
      isDisabled={call.movingTo !== null}
      onPress={() => void talk.moveTo(call.id, to)}
    >
      <Icon name="phone" />
      {call.movingTo === null ? words.device.moveTo[to] : words.device.moving}
    </Button>
  );
}
