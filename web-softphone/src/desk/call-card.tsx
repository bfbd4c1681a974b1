// The call that is going on, in or out: its clock, what can be done to it, how the line is.

import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { DeskCall, DeskView } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { useLanguage, useWords } from '../text/language.tsx';
import { Alias, CallFacts, PiiBadge } from './call-facts.tsx';
import { useDesk, useDeskState } from './desk-context.ts';
import { Keypad } from './keypad.tsx';
import { LineBadge } from './line-badge.tsx';
import { keysFor, useShortcut } from './shortcuts.tsx';
import { ConsultationPanel } from './talk/consultation.tsx';
import { MoveCall } from './talk/device-switch.tsx';
import { HandOver, PiiCameUp, StepsSoFar } from './talk/steps.tsx';
import { VerificationButton, VerificationState } from './talk/verification.tsx';
import { Transfer } from './transfer.tsx';

export function CallCard({ call, view }: { call: DeskCall; view: DeskView }) {
  const { words, language } = useLanguage();
  const [keypadOpen, setKeypadOpen] = useState(false);
  useShortcut('keypad', () => setKeypadOpen((open) => !open));
  const talks = call.state === 'connected' || call.state === 'held' || call.state === 'detached';

  return (
    <section className="card call-card" data-call-state={call.state} aria-labelledby="call-title">
      <header className="call-head">
        <h2 id="call-title" className="eyebrow with-icon">
          <Icon name={call.direction === 'inbound' ? 'incoming' : 'outgoing'} />
          {call.direction === 'inbound' ? words.call.current : words.call.outgoing}
        </h2>
        {call.direction === 'inbound' && <PiiBadge call={call} />}
      </header>
      <div className="call-middle">
        <div>
          {call.direction === 'inbound' && (
            <p className="call-reason">{call.reason?.label[language] ?? words.call.reasonUnknown}</p>
          )}
          <Alias call={call} />
        </div>
        <CallClock call={call} />
      </div>
      <CallFacts call={call} {...(call.direction === 'inbound' ? { waited: clockOf(call.waitMs) } : {})} />
      <p className="call-signs">
        <RecordingSign call={call} />
        {talks && <LineBadge call={call} />}
      </p>
      <Attention call={call} />
      <StepsSoFar call={call} />
      <VerificationState call={call} />
      <ConsultationPanel call={call} view={view} />
      {talks ? (
        <Controls call={call} targets={view.transferTargets} keypadOpen={keypadOpen} onKeypad={setKeypadOpen} />
      ) : (
        <HangUp call={call} />
      )}
      {keypadOpen && talks && <Keypad callId={call.id} />}
      {talks && call.role === 'agent' && mayGoToTheCentre(call) && <PiiCameUp callId={call.id} />}
    </section>
  );
}

/** Whether what is said is kept; and where the call is the agent's, the pause by hand. */
function RecordingSign({ call }: { call: DeskCall }) {
  const words = useWords();
  const { commands } = useDesk();
  const paused = call.recordingPaused !== undefined;
  const byHand = call.recordingPaused?.includes('by-hand') === true;
  const on = call.recording && !paused;
  return (
    <>
      <span className="sign" data-on={on} data-kind="recording">
        <Icon name={paused ? 'pause' : 'record'} />
        {paused ? words.call.recordingPaused : on ? words.call.recording : words.call.notRecording}
      </span>
      {call.recording && call.role === 'agent' && (byHand || !paused) && (
        <Button className="button quiet small" onPress={() => void commands.pauseRecording(call.id, !byHand)}>
          {byHand ? words.call.recordAgain : words.call.pauseRecording}
        </Button>
      )}
    </>
  );
}

/** A call without personal information so far: should some come up, somebody else goes on. */
const mayGoToTheCentre = (call: DeskCall) => call.step === 'handed-over' || call.information.level === 'none';

function CallClock({ call }: { call: DeskCall }) {
  const words = useWords();
  const now = useServerNow();
  if (call.state === 'dialling' || call.answeredAt === null) return <p className="call-clock">{words.call.dialling}</p>;
  return (
    <div className="call-clock">
      <p className="clock">{clockOf(now - call.answeredAt)}</p>
      {call.heldSince === null ? (
        <p className="call-clock-label">{words.call.talking}</p>
      ) : (
        <p className="call-clock-label held">
          <Icon name="pause" />
          {words.call.heldFor} <span className="clock">{clockOf(now - call.heldSince)}</span>
        </p>
      )}
    </div>
  );
}

/** What the agent must know at once: nobody hears, or nothing is heard. */
function Attention({ call }: { call: DeskCall }) {
  const words = useWords();
  const { commands } = useDesk();
  const { carrying, phone } = useDeskState();
  const away = call.state === 'detached' || (call.state === 'connected' && carrying !== call.id);
  return (
    <div role="status" className="attentions">
      {call.muted && (
        <p className="attention">
          <Icon name="microphoneOff" />
          {words.call.muted}
        </p>
      )}
      {away && (
        <div className="attention" data-kind="away">
          <Icon name="warning" />
          <span>{call.state === 'detached' ? words.call.detached : words.call.reattaching}</span>
          <Button
            className="button small"
            isDisabled={phone !== 'registered'}
            onPress={() => void commands.reattach(call.id)}
          >
            {words.call.reattach}
          </Button>
        </div>
      )}
    </div>
  );
}

interface ControlsProps {
  call: DeskCall;
  targets: DeskView['transferTargets'];
  keypadOpen: boolean;
  onKeypad(open: boolean): void;
}

function Controls({ call, targets, keypadOpen, onKeypad }: ControlsProps) {
  const words = useWords();
  const { commands } = useDesk();
  const held = call.heldSince !== null;
  return (
    <div className="call-controls">
      <Button
        className="button control"
        data-on={call.muted}
        aria-keyshortcuts={keysFor('mute')}
        onPress={() => void commands.setMuted(call.id, !call.muted)}
      >
        <Icon name={call.muted ? 'microphoneOff' : 'microphone'} />
        {call.muted ? words.call.unmute : words.call.mute}
      </Button>
      <Button
        className="button control"
        data-on={held}
        aria-keyshortcuts={keysFor('hold')}
        onPress={() => void (held ? commands.resume(call.id) : commands.hold(call.id))}
      >
        <Icon name={held ? 'play' : 'pause'} />
        {held ? words.call.resume : words.call.hold}
      </Button>
      <Button
        className="button control"
        data-on={keypadOpen}
        aria-expanded={keypadOpen}
        aria-keyshortcuts={keysFor('keypad')}
        onPress={() => onKeypad(!keypadOpen)}
      >
        <Icon name="keypad" />
        {words.call.keypad}
      </Button>
      {call.role === 'agent' && call.consultation === null && (
        <>
          <Transfer callId={call.id} targets={targets} />
          <VerificationButton call={call} />
          {call.direction === 'inbound' && <HandOver call={call} targets={targets} />}
        </>
      )}
      <MoveCall call={call} />
      <HangUp call={call} />
    </div>
  );
}

function HangUp({ call }: { call: DeskCall }) {
  const words = useWords();
  const { commands } = useDesk();
  return (
    <Button
      className="button control danger"
      aria-keyshortcuts={keysFor('hangUp')}
      onPress={() => void commands.hangUp(call.id)}
    >
      <Icon name="hangUp" />
      {words.call.hangUp}
    </Button>
  );
}
