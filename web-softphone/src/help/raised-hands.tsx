// At the wallboard, above all else: who asks for help, for how long, and the answers. Not there while nobody asks.

import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { AgentRow } from '../../../src/api/contract.ts';
import type { HelpView } from '../../../src/api/contracts/help.ts';
import type { HelpAnswer } from '../../../src/shared/events.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { createSounds } from '../phone/sounds.ts';
import { clockOf, useServerNow } from '../state/now.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { useHelpWords } from '../text/help-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/help.css';

/** Who has waited longer without an answer stands out. */
const urgentAfterMs = 60_000;

interface RaisedHandsProps {
  api: Api;
  hands: HelpView[] | undefined;
  agents: AgentRow[] | undefined;
  /** Supervisors; others see. */
  mayAnswer: boolean;
  onListen(callId: string): Promise<Refused | undefined>;
  onChanged(): void;
}

export function RaisedHands({ api, hands = [], agents, mayAnswer, onListen, onChanged }: RaisedHandsProps) {
  const words = useHelpWords();
  const { words: all } = useLanguage();
  const { refused, act } = useAct(onChanged);
  const [notHeard, setNotHeard] = useState<Refused>();
  useChime(hands);
  const columns = [
    { label: words.name },
    { label: words.about },
    { label: words.since, number: true },
    { label: words.answered },
    ...(mayAnswer ? [{ label: words.act, unseen: true }] : []),
  ];
  const oldestFirst = [...hands].sort((a, b) => a.askedAt - b.askedAt);
  const rows = oldestFirst.map((hand) => {
    const agent = agents?.find(({ person }) => person.id === hand.person.id);
    return (
      <HandLine key={hand.id} hand={hand} agent={agent}>
        {mayAnswer && (
          <td className="number actions">
            {agent?.state === 'on-call' && agent.callId !== null && (
              <Button className="button small" onPress={async () => setNotHeard(await onListen(agent.callId!))}>
                <Icon name="speaker" />
                {words.listen}
              </Button>
            )}
            <AnswerMenu
              name={hand.person.displayName}
              onAnswer={(answer) => act(() => api.post(`/help-requests/${hand.id}/commands/answer`, { answer }))}
            />
            <Button
              className="button small"
              aria-label={words.doneOf(hand.person.displayName)}
              onPress={() => void act(() => api.command(`/help-requests/${hand.id}/commands/end`))}
            >
              <Icon name="check" />
              {words.done}
            </Button>
          </td>
        )}
      </HandLine>
    );
  });
  const note = (
    <p role="status" className="hint">
      {refused ?? (notHeard && refusal(all, notHeard))}
    </p>
  );
  return (
    <div className="raised-hands row-cards">
      <p role="status" className="unseen">
        {oldestFirst.map(({ person, about }) => `${person.displayName}: ${words.abouts[about]}`).join('. ')}
      </p>
      {hands.length > 0 && (
        <BoardTable id="board-hands" title={words.hands} note={note} columns={columns} rows={rows} />
      )}
    </div>
  );
}

function HandLine({ hand, agent, children }: { hand: HelpView; agent: AgentRow | undefined; children: ReactNode }) {
  const words = useHelpWords();
  const { words: all } = useLanguage();
  const now = useServerNow();
  const late = hand.answer === null && now - hand.askedAt > urgentAfterMs;
  return (
    <tr data-late={late}>
      <td>
        {hand.person.displayName}{' '}
        {agent && (
          <span className="chip">
            <Icon name={agent.person.place === 'home' ? 'home' : 'building'} />
            {all.shell.places[agent.person.place]}
          </span>
        )}
      </td>
      <td>{words.abouts[hand.about]}</td>
      <td className="number" data-label={words.since}>
        {clockOf(now - hand.askedAt)}
      </td>
      <td>
        {hand.answer === null ? (
          <span className="chip" data-ok="false">
            <Icon name="warning" />
            {words.nobodyYet}
          </span>
        ) : (
          <>
            {hand.answeredBy && <small>{words.from(hand.answeredBy.displayName)} </small>}
            {words.answers[hand.answer]}
          </>
        )}
      </td>
      {children}
    </tr>
  );
}

function AnswerMenu({ name, onAnswer }: { name: string; onAnswer(answer: HelpAnswer): void }) {
  const words = useHelpWords();
  return (
    <MenuTrigger>
      <Button className="button small primary" aria-label={words.answerOf(name)}>
        {words.answer}
        <Icon name="down" />
      </Button>
      <Popover className="popover">
        <Menu className="menu" aria-label={words.answerOf(name)} onAction={(key) => onAnswer(key as HelpAnswer)}>
          {Object.entries(words.answers).map(([answer, label]) => (
            <MenuItem key={answer} id={answer} className="option">
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Once for each new hand. A browser that lets no page sound before a click stays silent; the card is there all the same. */
function useChime(hands: readonly HelpView[]): void {
  const known = useRef<Set<string>>(undefined);
  const sounds = useRef<ReturnType<typeof createSounds>>(undefined);
  useEffect(() => {
    const fresh = known.current !== undefined && hands.some(({ id }) => !known.current?.has(id));
    known.current = new Set(hands.map(({ id }) => id));
    if (!fresh) return;
    sounds.current ??= createSounds();
    sounds.current.test();
  }, [hands]);
}
