// Outbound call lists at the desk: choosing one, the customer shown with what the company tells of them, calling, and saying what
// came of it. Never a number.

import { useEffect, useState } from 'react';
import { Button, ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { DeskView } from '../../../../src/api/contract.ts';
import type { DeskCallList } from '../../../../src/api/contracts/call-list.ts';
import { ChooseOne } from '../../controls/choose-one.tsx';
import { Icon } from '../../controls/icon.tsx';
import { serverNow } from '../../state/now.ts';
import { useFetched } from '../../state/use-fetched.ts';
import { refusal, useLanguage } from '../../text/language.tsx';
import type { Refused } from '../../text/refusals.ts';
import { useDesk } from '../desk-context.ts';
import type { Judgement } from './talk-commands.ts';

const none = 'none';
const judgements: readonly Judgement[] = ['done', 'call-again', 'answering-machine', 'wrong-number', 'do-not-call'];
const againAfterMs = [3_600_000, 4 * 3_600_000, 24 * 3_600_000] as const;

export function CallListCard({ view }: { view: DeskView }) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const queues = new Set(view.queues.map(({ name }) => name));
  const lists = useFetched(talk.lists)?.filter(({ state, queue }) => state === 'running' && queues.has(queue)) ?? [];
  const [shown, setShown] = useState<DeskCallList>();
  // Every change of the desk may be one of the list: a call began, ended, was answered.
  const { revision } = view;
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at anew when the desk changed
  useEffect(() => {
    if (lists.length > 0 || shown?.list) void talk.callList('look').then((seen) => seen && setShown(seen));
  }, [revision, lists.length]);
  if (lists.length === 0 && !shown?.list) return null;
  const ask = (verb: Parameters<typeof talk.callList>[0]) =>
    void talk.callList(verb).then((answer) => answer && setShown(answer));
  const { list = null, entry = null, because = null } = shown ?? {};
  return (
    <section className="card call-list" aria-labelledby="call-list-title">
      <h2 id="call-list-title" className="eyebrow">
        {words.list.title}
      </h2>
      <ChooseOne
        label={words.list.choose}
        chosen={list?.id ?? none}
        onChoose={(id) => ask({ listId: id === none ? null : id })}
        isDisabled={entry?.state === 'calling'}
        options={[
          { id: none, label: words.list.none },
          ...lists.map(({ id, label }) => ({ id, label: label[language] })),
        ]}
      />
      {list && (
        <>
          {because && <p className="hint">{refusal(words, because as Refused)}</p>}
          {entry && <Customer entry={entry} />}
          {list.script[language] && <blockquote className="script">{list.script[language]}</blockquote>}
          <Actions shown={shown!} view={view} onAsk={ask} />
        </>
      )}
    </section>
  );
}

function Customer({ entry }: { entry: NonNullable<DeskCallList['entry']> }) {
  const { words } = useLanguage();
  return (
    <div className="list-customer">
      <p className="alias">
        <span className="hint">{words.call.customer}</span>
        <strong>{entry.alias}</strong>
      </p>
      <dl className="facts">
        {Object.entries(entry.facts).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>{words.list.attempts}</dt>
          <dd>{entry.attempts}</dd>
        </div>
      </dl>
    </div>
  );
}

interface ActionsProps {
  shown: DeskCallList;
  view: DeskView;
  onAsk(verb: 'next' | 'skip' | 'call' | { disposition: Judgement; againAt?: number }): void;
}

function Actions({ shown: { list, entry }, view, onAsk }: ActionsProps) {
  const { words } = useLanguage();
  if (entry?.state === 'calling') return <Judge onAsk={onAsk} />;
  const free = view.call === null && ['available', 'not-ready', 'after-call-work'].includes(view.state);
  if (list?.mode === 'progressive')
    return <p className="hint">{view.state === 'available' ? words.list.progressiveOn : words.list.progressiveOff}</p>;
  if (!entry)
    return (
      <Button className="button wide" isDisabled={!free} onPress={() => onAsk('next')}>
        {words.list.next}
      </Button>
    );
  return (
    <div className="talk-actions">
      <Button className="button" onPress={() => onAsk('skip')}>
        {words.list.skip}
      </Button>
      <Button className="button primary" isDisabled={!free} onPress={() => onAsk('call')}>
        <Icon name="phone" />
        {words.list.call}
      </Button>
    </div>
  );
}

function Judge({ onAsk }: Pick<ActionsProps, 'onAsk'>) {
  const { words } = useLanguage();
  const [said, setSaid] = useState<Judgement>('done');
  const [again, setAgain] = useState<number>(againAfterMs[0]);
  return (
    <div className="stack">
      <ChooseOne
        label={words.list.whatCame}
        chosen={said}
        onChoose={(id) => setSaid(id as Judgement)}
        options={judgements.map((id) => ({ id, label: words.list.judgements[id] }))}
      />
      {said === 'call-again' && (
        <ToggleButtonGroup
          className="segments"
          aria-label={words.list.when}
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[String(again)]}
          onSelectionChange={(keys) => setAgain(Number([...keys][0]))}
        >
          {againAfterMs.map((ms) => (
            <ToggleButton key={ms} id={String(ms)} className="segment">
              {words.list.inHours(ms / 3_600_000)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      )}
      <Button
        className="button primary wide"
        onPress={() => onAsk({ disposition: said, ...(said === 'call-again' ? { againAt: serverNow() + again } : {}) })}
      >
        <Icon name="check" />
        {words.list.say}
      </Button>
    </div>
  );
}
