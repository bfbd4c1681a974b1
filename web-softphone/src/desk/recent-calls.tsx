// The own last calls. An alias can be called back.

import { Button } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { clockOf } from '../state/now.ts';
import { useLanguage } from '../text/language.tsx';
import { useDesk, useDeskState } from './desk-context.ts';
import { canCall } from './dial-card.tsx';

export function RecentCalls() {
  const { words, language } = useLanguage();
  const { commands } = useDesk();
  const { recent, view } = useDeskState();
  const free = view?.call === null && canCall(view) && ['not-ready', 'available'].includes(view.state);
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  return (
    <section className="card" aria-labelledby="recent-title">
      <h2 id="recent-title" className="eyebrow">
        {words.recent.title}
      </h2>
      {recent === undefined && <p className="hint">{words.recent.loading}</p>}
      {recent?.length === 0 && <p className="hint">{words.recent.none}</p>}
      <ul className="recent-list">
        {recent?.map((call) => (
          <li key={call.id} className="recent">
            <span className="recent-mark" title={words.recent[call.direction]}>
              <Icon name={call.direction === 'inbound' ? 'incoming' : 'outgoing'} />
              <span className="unseen">{words.recent[call.direction]}</span>
            </span>
            <span className="recent-what">
              <strong>{call.alias ?? words.call.unknownCustomer}</strong>
              <span className="hint">
                {time.format(call.startedAt)} ·{' '}
                {call.agentAnsweredAt === null ? words.recent.notReached : clockOf(call.talkMs + call.holdMs)}
              </span>
            </span>
            {call.alias && (
              <Button
                className="button small"
                aria-label={words.recent.callBackTo(call.alias)}
                isDisabled={!free}
                onPress={() => call.alias && void commands.dial({ alias: call.alias })}
              >
                {words.recent.callBack}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
