// Before the shift: be heard, hear, allow notifications. The click on "Start shift" also unlocks the browser's sound
// (field.md b32), so that the first call of the day rings.

import { lazy, Suspense, useState } from 'react';
import { Button } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { Scene } from '../controls/scene.tsx';
import { useStore } from '../state/store.ts';
import { useWords } from '../text/language.tsx';
import { Banners } from './banners.tsx';
import { useDesk, useDeskState } from './desk-context.ts';
import { MicrophoneChoice, SpeakerChoice } from './device-choice.tsx';
import { MicrophoneTest } from './microphone-test.tsx';

const CheckCard = lazy(async () => ({ default: (await import('../environment/check-card.tsx')).CheckCard }));

export function PreparePage({ name }: { name: string }) {
  const words = useWords();
  const desk = useDesk();
  const { shift, phone, view, measuring } = useDeskState();
  const { problem } = useStore(desk.devices.store);
  const starting = shift === 'starting';

  return (
    <div className="prepare">
      <Banners />
      <section className="card prepare-card">
        <div className="prepare-head">
          <div>
            <p className="eyebrow">{words.prepare.title}</p>
            <h1>{words.prepare.greeting(name)}</h1>
            <p>{words.prepare.lead}</p>
          </div>
        </div>
        <div className="prepare-grid">
          <div className="prepare-part">
            <MicrophoneChoice />
            <MicrophoneTest />
            {problem && (
              <p role="alert" className="problem">
                <Icon name="warning" />
                {words.microphone[problem]}
              </p>
            )}
          </div>
          <div className="prepare-part">
            <SpeakerChoice />
            <SpeakerTest />
          </div>
        </div>
        <NotificationChoice />
        <div className="prepare-start">
          <Button
            className="button primary huge"
            isPending={starting}
            isDisabled={measuring}
            onPress={() => void desk.startShift()}
          >
            <Icon name="sprout" />
            {words.prepare.start}
          </Button>
          <p role="status" className="hint">
            {starting && phone !== 'registered' && words.prepare.starting}
          </p>
        </div>
        <Scene className="card-scene low" />
      </section>
      {view?.environment && (
        <Suspense fallback={null}>
          <CheckCard standing={view.environment} />
        </Suspense>
      )}
    </div>
  );
}

function SpeakerTest() {
  const { prepare: words } = useWords();
  const { sounds } = useDesk();
  const [played, setPlayed] = useState(false);
  return (
    <>
      <Button
        className="button"
        onPress={async () => {
          await sounds.unlock();
          sounds.test();
          setPlayed(true);
        }}
      >
        <Icon name="speaker" />
        {words.playSound}
      </Button>
      <p role="status" className="hint">
        {played && words.played}
      </p>
    </>
  );
}

function NotificationChoice() {
  const { prepare: words } = useWords();
  const [permission, setPermission] = useState('Notification' in window ? Notification.permission : 'denied');
  return (
    <div className="prepare-notify">
      <Icon name="bell" />
      {permission === 'default' ? (
        <>
          <p>{words.notifyText}</p>
          <Button className="button small" onPress={async () => setPermission(await Notification.requestPermission())}>
            {words.notify}
          </Button>
        </>
      ) : (
        <p>{permission === 'granted' ? words.notifyOn : words.notifyOff}</p>
      )}
    </div>
  );
}
