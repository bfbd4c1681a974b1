// Microphone and speaker: chosen before the shift, and changed at any time, in a call too.

import { Button, Disclosure, DisclosurePanel, Heading } from 'react-aria-components';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { useStore } from '../state/store.ts';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

const byDefault = 'default';

export function MicrophoneChoice() {
  const { prepare: words } = useWords();
  const { devices } = useDesk();
  const { microphones, chosen } = useStore(devices.store);
  return (
    <ChooseOne
      label={words.microphone}
      options={[{ id: byDefault, label: words.browserDefault }, ...named(microphones, words.microphone)]}
      chosen={chosen.microphoneId ?? byDefault}
      onChoose={(id) => devices.choose({ microphoneId: id === byDefault ? undefined : id })}
    />
  );
}

export function SpeakerChoice() {
  const { prepare: words } = useWords();
  const { devices } = useDesk();
  const { speakers, chosen, speakerChoosable } = useStore(devices.store);
  if (!speakerChoosable) return <p className="hint">{words.speakerFixed}</p>;
  return (
    <ChooseOne
      label={words.speaker}
      options={[{ id: byDefault, label: words.browserDefault }, ...named(speakers, words.speaker)]}
      chosen={chosen.speakerId ?? byDefault}
      onChoose={(id) => devices.choose({ speakerId: id === byDefault ? undefined : id })}
    />
  );
}

/** Before a microphone was allowed, browsers tell no names. */
function named(choices: readonly { id: string; label: string }[], kind: string) {
  return choices.map(({ id, label }, index) => ({ id, label: label || `${kind} ${index + 1}` }));
}

export function DeviceDisclosure() {
  const { prepare: words } = useWords();
  return (
    <Disclosure className="disclosure">
      <Heading level={2} className="disclosure-head">
        <Button slot="trigger" className="button quiet small">
          <Icon name="microphone" />
          {words.devices}
        </Button>
      </Heading>
      <DisclosurePanel className="disclosure-panel">
        <div className="stack">
          <MicrophoneChoice />
          <SpeakerChoice />
        </div>
      </DisclosurePanel>
    </Disclosure>
  );
}
