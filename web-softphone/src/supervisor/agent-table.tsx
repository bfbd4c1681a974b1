// Everybody with a desk: state, since when, where, whether a softphone is there; and a way to change the state.

import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { AgentRow } from '../../../src/api/contract.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { BoardTable } from './board-table.tsx';
import type { Board } from './use-board.ts';

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
  agents: AgentRow[] | undefined;
  onChange: Board['changeState'];
}

export function AgentTable({ agents, onChange }: AgentTableProps) {
  const { words } = useLanguage();
  const [problem, setProblem] = useState<Refused>();
  const sorted = [...(agents ?? [])].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const columns = [
    { label: words.board.name },
    { label: words.board.state },
    { label: words.board.since, number: true },
    { label: words.board.place },
    { label: words.board.softphone },
    { label: words.board.change, unseen: true },
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
        onChange={async (state) => setProblem(await onChange(agent.person.id, state))}
      />
    ));
  return (
    <BoardTable
      id="board-agents"
      title={words.board.agents}
      note={note}
      columns={columns}
      empty={words.board.noAgents}
      rows={rows}
    />
  );
}

type Change = 'available' | 'not-ready' | 'offline';

function AgentLine({ agent, onChange }: { agent: AgentRow; onChange(state: Change): void }) {
  const { words } = useLanguage();
  const now = useServerNow();
  const { person, state, because, softphoneRegistered } = agent;
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
        <span
          className="chip"
          data-ok={softphoneRegistered || state === 'offline' ? softphoneRegistered || undefined : false}
        >
          <Icon name={softphoneRegistered ? 'check' : 'warning'} />
          {softphoneRegistered ? words.board.connected : words.board.notConnected}
        </span>
      </td>
      <td className="number">
        <MenuTrigger>
          <Button className="button small" aria-label={words.board.changeOf(person.displayName)}>
            {words.board.change}
            <Icon name="down" />
          </Button>
          <Popover className="popover">
            <Menu className="menu" onAction={(key) => onChange(key as Change)}>
              <MenuItem id="available" className="option">
                {words.board.setAvailable}
              </MenuItem>
              <MenuItem id="not-ready" className="option">
                {words.board.setNotReady}
              </MenuItem>
              <MenuItem id="offline" className="option">
                {words.board.setOffline}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </td>
    </tr>
  );
}
