// A call rings: what it is about, and two ways to go.

import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { DeskCall } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { useLanguage } from '../text/language.tsx';
import { Alias, CallFacts, PiiBadge } from './call-facts.tsx';
import { useDesk } from './desk-context.ts';
import { keysFor } from './shortcuts.tsx';

export function RingingCard({ call }: { call: DeskCall }) {
  const { words, language } = useLanguage();
  const { commands } = useDesk();
  const [answering, setAnswering] = useState(false);
  const reason = call.reason?.label[language] ?? words.call.reasonUnknown;

  return (
    <section className="card call-card ringing" aria-labelledby="ringing-title">
      <div role="alert" className="unseen">
        {words.call.ringsAnnounced(reason, call.information.label[language])}
      </div>
      <header className="call-head">
        <h2 id="ringing-title" className="eyebrow with-icon">
          <span className="swing">
            <Icon name="bell" />
          </span>
          {call.direction === 'inbound' ? words.call.incoming : words.call.callBackDue}
        </h2>
        <PiiBadge call={call} />
      </header>
      <p className="call-reason">{reason}</p>
      <Alias call={call} />
      <CallFacts call={call} waited={clockOf(call.waitMs)} />
      <div className="call-answer">
        <Button
          className="button primary huge"
          aria-keyshortcuts={keysFor('answer')}
          isPending={answering}
          onPress={() => {
            setAnswering(true);
            void commands.answer(call.id);
          }}
        >
          <Icon name="phone" />
          {answering ? words.call.answering : words.call.answer}
        </Button>
        <Button className="button huge" onPress={() => void commands.decline(call.id)}>
          <Icon name="hangUp" />
          {words.call.decline}
        </Button>
      </div>
    </section>
  );
}
