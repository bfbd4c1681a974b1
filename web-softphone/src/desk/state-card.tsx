// The agent's state, since when, and what it may become. During a call the buttons choose the state after it.

import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { DeskView } from '../../../src/api/contract.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { useWords } from '../text/language.tsx';
import { notReadyReasons } from './desk-commands.ts';
import { useDesk } from './desk-context.ts';
import { keysFor } from './shortcuts.tsx';

const icons: Record<DeskView['state'], IconName> = {
  offline: 'lock',
  'not-ready': 'cup',
  available: 'leaf',
  reserved: 'bell',
  alerting: 'bell',
  'on-call': 'phone',
  'after-call-work': 'check',
};

export function StateCard({ view }: { view: DeskView }) {
  const words = useWords();
  const { commands, endShift } = useDesk();
  const now = useServerNow();
  const busy = view.call !== null;
  const next = view.nextState;
  const because = view.because ? (words.reasons[view.because] ?? view.because) : undefined;

  return (
    <section className="card state-card" aria-labelledby="state-title">
      <h2 id="state-title" className="eyebrow">
        {words.state.title}
      </h2>
      <div className="state-now" data-state={view.state}>
        <span className="state-mark">
          <Icon name={icons[view.state]} />
        </span>
        <div>
          <p className="state-name" data-testid="agent-state" data-state={view.state} role="status">
            {words.states[view.state]}
          </p>
          {because && <p className="state-because">{because}</p>}
          {view.returnsAt !== undefined && (
            <p className="state-because" data-testid="returns-at">
              {words.environment.returnsAt(clockOf(view.returnsAt - now))}
            </p>
          )}
        </div>
        <p className="state-clock">
          <span className="unseen">{words.state.since} </span>
          <span className="clock">{clockOf(now - view.stateSince)}</span>
        </p>
      </div>
      {busy && (
        <p className="hint" role="status">
          {words.state.next(nextWords(next))}
        </p>
      )}
      <div className="state-buttons">
        <Button
          className="button choice"
          data-on={busy ? next === null : view.state === 'available'}
          aria-keyshortcuts={keysFor('available')}
          onPress={() => void commands.setState('available')}
        >
          <Icon name="leaf" />
          {words.state.available}
        </Button>
        <MenuTrigger>
          <Button className="button choice" data-on={busy ? next === 'not-ready' : view.state === 'not-ready'}>
            {words.state.notReady}
            <Icon name="down" />
          </Button>
          <Popover className="popover">
            <Menu
              className="menu"
              aria-label={words.state.chooseReason}
              onAction={(reason) => void commands.setState('not-ready', String(reason))}
            >
              {notReadyReasons.map((reason) => (
                <MenuItem key={reason} id={reason} className="option">
                  {words.reasons[reason]}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
      <Button
        className="button quiet small"
        onPress={() => void (busy ? commands.setState('offline') : endShift())}
        isDisabled={busy && next === 'offline'}
      >
        {words.state.endShift}
      </Button>
    </section>
  );

  function nextWords(state: DeskView['nextState']): string {
    if (state === null) return words.state.nextAvailable;
    return words.states[state];
  }
}
