// Somebody is asked about the call: who, how far it is, with whom one talks now, and what can follow.

import { Button } from 'react-aria-components';
import type { DeskCall, DeskView } from '../../../../src/api/contract.ts';
import { Icon } from '../../controls/icon.tsx';
import { useFetched } from '../../state/use-fetched.ts';
import { useLanguage } from '../../text/language.tsx';
import { useDesk } from '../desk-context.ts';
import type { CallVerb } from './talk-commands.ts';

export function ConsultationPanel({ call, view }: { call: DeskCall; view: DeskView }) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const colleagues = useFetched(talk.colleagues, call.consultation?.personId);
  const { consultation } = call;
  if (!consultation) return null;
  const { with: asked, state, talkingWith } = consultation;
  const person = colleagues?.find(({ personId }) => personId === consultation.personId)?.displayName;
  const queue =
    asked.kind === 'queue'
      ? (view.transferTargets.find((one) => one.queue === asked.queue)?.label[language] ?? asked.queue)
      : undefined;
  const name = person ?? queue ?? (asked.kind === 'outside' ? asked.name : words.consultation.colleague);
  if (call.role === 'consulted') {
    return (
      <div className="talk-panel" role="status">
        <p>{words.consultation.youAreAsked}</p>
        <p className="hint">{words.consultation.talkingWith[talkingWith === 'consulted' ? 'agent' : talkingWith]}</p>
      </div>
    );
  }
  const act = (verb: CallVerb, label: string, kind = '') => (
    <Button className={`button small ${kind}`} onPress={() => void talk.act(call.id, verb)}>
      {label}
    </Button>
  );
  return (
    <section className="talk-panel" aria-labelledby="consultation-title">
      <h3 id="consultation-title" className="with-icon">
        <Icon name="person" />
        {words.consultation.title(name)}
      </h3>
      <p role="status">
        {state === 'answered' ? words.consultation.talkingWith[talkingWith] : words.consultation.states[state]}
      </p>
      <div className="talk-actions">
        {state === 'answered' && act('complete', words.consultation.complete, 'primary')}
        {state === 'answered' && talkingWith !== 'both' && act('swap', words.consultation.swap)}
        {state === 'answered' && talkingWith !== 'both' && act('conference', words.consultation.conference)}
        {act('end-consultation', words.consultation.end)}
      </div>
    </section>
  );
}
