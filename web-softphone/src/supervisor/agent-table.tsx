// Everybody with a desk: state, since when, where, whether a softphone is there; and a way to change the state.

import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { AgentRow } from '../../../src/api/contract.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { BoardTable } from './board-table.tsx';
import type { Board, MonitorMode } from './use-board.ts';

const icons: Record<AgentRow['state'], IconName> = {
  offline: 'lock',
  'not-ready': 'cup',
  available: 'leaf',
  reserved: 'bell',
  alerting: 'bell',
  'on-call': 'phone',
  'after-call-work': 'check',
};

/** Who needs a supervisor's eye comes first. */
const order: AgentRow['state'][] = [
  'alerting',
  'reserved',
  'on-call',
  'after-call-work',
  'available',
  'not-ready',
  'offline',
];

interface AgentTableProps {
  board: Board;
  /** Who looks. */
  own: string;
  mayMonitor: boolean;
}

export function AgentTable({ board: { agents, monitors, changeState, monitor }, own, mayMonitor }: AgentTableProps) {
  const texts = useBoardWords();
  const { words } = useLanguage();
  const [problem, setProblem] = useState<Refused>();
  const sorted = [...(agents ?? [])].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const columns = [
    { label: texts.board.name },
    { label: texts.board.state },
    { label: texts.board.since, number: true },
    { label: texts.board.place },
    { label: texts.board.softphone },
    { label: words.environment.column },
    { label: texts.board.change, unseen: true },
  ];
  const note = (
    <p role="status" className="hint">
      {problem && refusal(words, problem)}
    </p>
  );
  const rows =
    agents &&
    sorted.map((agent) => (
      <AgentLine
        key={agent.person.id}
        agent={agent}
        onChange={async (state) => setProblem(await changeState(agent.person.id, state))}
        monitoring={monitors?.find(({ callId, personId }) => callId === agent.callId && personId === own)?.mode ?? null}
        {...(mayMonitor && agent.person.id !== own
          ? { onMonitor: async (mode) => agent.callId !== null && setProblem(await monitor(agent.callId, mode)) }
          : {})}
      />
    ));
  return (
    <BoardTable
      id="board-agents"
      title={texts.board.agents}
      note={note}
      columns={columns}
      empty={texts.board.noAgents}
      rows={rows}
    />
  );
}

type Change = 'available' | 'not-ready' | 'offline';

interface AgentLineProps {
  agent: AgentRow;
  onChange(state: Change): void;
  monitoring: MonitorMode | null;
  onMonitor?: (mode: MonitorMode | null) => Promise<unknown>;
}

function AgentLine({ agent, onChange, monitoring, onMonitor }: AgentLineProps) {
  const texts = useBoardWords();
  const { words } = useLanguage();
  const now = useServerNow();
  const { person, state, because } = agent;
  const byTelephone = agent.device === 'telephone';
  const reachable = byTelephone || agent.softphoneRegistered;
  return (
    <tr>
      <td>{person.displayName}</td>
      <td>
        <span className="chip" data-state={state}>
          <Icon name={icons[state]} />
          <span>
            {words.states[state]} {because && <small>{words.reasons[because] ?? because}</small>}
          </span>
        </span>
      </td>
      <td className="number">{clockOf(now - agent.stateSince)}</td>
      <td>
        <span className="chip">
          <Icon name={person.place === 'home' ? 'home' : 'building'} />
          {words.shell.places[person.place]}
        </span>
      </td>
      <td>
        <span className="chip" data-ok={reachable || state === 'offline' ? reachable || undefined : false}>
          <Icon name={reachable ? (byTelephone ? 'phone' : 'check') : 'warning'} />
          {byTelephone ? words.device.telephone : reachable ? texts.board.connected : texts.board.notConnected}
        </span>
      </td>
      <td>{agent.environment && <CheckChip standing={agent.environment} />}</td>
      <td className="number actions">
        {onMonitor && agent.state === 'on-call' && agent.callId !== null && (
          <MonitorMenu name={person.displayName} mode={monitoring} onMonitor={onMonitor} />
        )}
        <MenuTrigger>
          <Button className="button small" aria-label={texts.board.changeOf(person.displayName)}>
            {texts.board.change}
            <Icon name="down" />
          </Button>
          <Popover className="popover">
            <Menu className="menu" onAction={(key) => onChange(key as Change)}>
              <MenuItem id="available" className="option">
                {texts.board.setAvailable}
              </MenuItem>
              <MenuItem id="not-ready" className="option">
                {texts.board.setNotReady}
              </MenuItem>
              <MenuItem id="offline" className="option">
                {texts.board.setOffline}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </td>
    </tr>
  );
}

/** Where the person stands with the check before the shift. */
function CheckChip({ standing }: { standing: NonNullable<AgentRow['environment']> }) {
  const { environment: words } = useLanguage().words;
  const { state, required, byTelephone } = standing;
  const well = state === 'passed' || byTelephone;
  return (
    <span className="chip" data-ok={well || (required ? false : undefined)}>
      <Icon name={well ? 'check' : 'warning'} />
      {words.states[state]}
    </span>
  );
}

interface MonitorMenuProps {
  name: string;
  mode: MonitorMode | null;
  onMonitor(mode: MonitorMode | null): Promise<unknown>;
}

function MonitorMenu({ name, mode, onMonitor }: MonitorMenuProps) {
  const { board: words } = useBoardWords();
  const modes: readonly MonitorMode[] = ['listen', 'whisper', 'barge'];
  return (
    <MenuTrigger>
      <Button className="button small" data-on={mode !== null} aria-label={words.monitorOf(name)}>
        <Icon name="speaker" />
        {mode === null ? words.monitor : words.monitors[mode]}
      </Button>
      <Popover className="popover">
        <Menu className="menu" onAction={(key) => void onMonitor(key === 'leave' ? null : (key as MonitorMode))}>
          {modes.map((each) => (
            <MenuItem key={each} id={each} className="option">
              {words.monitors[each]}
            </MenuItem>
          ))}
          {mode !== null && (
            <MenuItem id="leave" className="option">
              {words.leave}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
