// The supervisor's view: queues, people, carriers, recordings, as they are now. A chunk of its own, so that agents never load it.

import type { AgentRow, QueueView, SessionView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { RaisedHands } from '../help/raised-hands.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import '../styles/board.css';
import { AgentTable } from './agent-table.tsx';
import { AlarmTable } from './alarm-table.tsx';
import { BoardTable } from './board-table.tsx';
import { CallTable } from './call-table.tsx';
import { ClosureCard } from './closure-card.tsx';
import { DecisionTable } from './decision-table.tsx';
import { ListTable } from './list-table.tsx';
import { OperationCard } from './operation-card.tsx';
import { ParkedTable } from './parked-table.tsx';
import { RecordingTable } from './recording-table.tsx';
import { TodayTable } from './today-table.tsx';
import { type TrunkRow, useBoard } from './use-board.ts';
import { CallbackTable, MessageTable } from './waiting-tables.tsx';

interface WallboardProps {
  api: Api;
  session: SessionView;
  /** Whose softphone is rung, then; without one, the wallboard has its own. */
  hasDesk: boolean;
}

export function Wallboard({ api, session, hasDesk }: WallboardProps) {
  const texts = useBoardWords();
  const { person } = session;
  const mayMonitor = person.role === 'supervisor';
  const board = useBoard(api, { withPhone: !hasDesk, mayMonitor });
  const { agents, queues, trunks, recordings, failed, readAt, readAgain } = board;
  return (
    <div className="board">
      <h1 className="unseen">{texts.board.title}</h1>
      <div role="status" className="banners">
        {failed && (
          <div className="banner" data-kind="urgent">
            <Icon name="warning" />
            {texts.board.failed}
          </div>
        )}
      </div>
      <RaisedHands
        {...{ api, agents, hands: board.hands, mayAnswer: mayMonitor, onChanged: readAgain }}
        onListen={(callId) => board.monitor(callId, 'listen')}
      />
      <Figures agents={agents} queues={queues} readAt={readAt} />
      <OperationCard api={api} operation={board.operation} onSwitched={readAgain} />
      <ClosureCard api={api} calendars={board.calendars} onChanged={readAgain} />
      <AgentTable board={board} own={person.id} mayMonitor={mayMonitor} />
      <ParkedTable parked={board.parked} />
      <CallbackTable api={api} rows={board.callbacks} mayChange={person.role === 'supervisor'} onChanged={readAgain} />
      <MessageTable api={api} rows={board.messages} mayChange={person.role === 'supervisor'} onChanged={readAgain} />
      <div className="board-pair">
        <Queues queues={queues} readAt={readAt} />
        <Trunks trunks={trunks} />
      </div>
      <AlarmTable alarms={board.alarms} agents={agents} />
      <TodayTable api={api} />
      <ListTable api={api} lists={board.lists} mayChange={person.role === 'supervisor'} onChanged={readAgain} />
      <CallTable api={api} readAt={readAt} />
      <DecisionTable decisions={board.decisions} agents={agents} />
      <RecordingTable recordings={recordings} />
    </div>
  );
}

function Figures({ agents = [], queues = [], readAt }: { agents?: AgentRow[]; queues?: QueueView[]; readAt: number }) {
  const { board: words } = useBoardWords();
  const now = useServerNow();
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const longestMs = Math.max(0, ...queues.filter((queue) => queue.waiting > 0).map((queue) => queue.longestWaitMs));
  const figures = [
    { label: words.waitingNow, value: String(waiting), busy: waiting > 0 },
    { label: words.longestNow, value: clockOf(waiting > 0 ? longestMs + now - readAt : 0), busy: waiting > 0 },
    {
      label: words.availableNow,
      value: String(agents.filter(({ state }) => state === 'available').length),
      busy: false,
    },
    { label: words.onCallsNow, value: String(agents.filter(({ callId }) => callId !== null).length), busy: false },
  ];
  return (
    <div className="board-figures">
      {figures.map(({ label, value, busy }) => (
        <p key={label} className="card figure" data-busy={busy}>
          <strong>{value}</strong>
          <span>{label}</span>
        </p>
      ))}
    </div>
  );
}

function Queues({ queues = [], readAt }: { queues?: QueueView[]; readAt: number }) {
  const texts = useBoardWords();
  const { language } = useLanguage();
  const now = useServerNow();
  const columns = [
    { label: texts.board.queue },
    { label: texts.board.waiting, number: true },
    { label: texts.board.longest, number: true },
    { label: texts.board.free, number: true },
  ];
  const rows = queues.map((queue) => (
    <tr key={queue.name}>
      <td>{queue.label[language]}</td>
      <td className="number">{queue.waiting}</td>
      <td className="number">{queue.waiting > 0 ? clockOf(queue.longestWaitMs + now - readAt) : '–'}</td>
      <td className="number">{queue.agents['available'] ?? 0}</td>
    </tr>
  ));
  return <BoardTable id="board-queues" title={texts.board.queues} columns={columns} rows={rows} />;
}

function Trunks({ trunks }: { trunks: TrunkRow[] | undefined }) {
  const { board: words } = useBoardWords();
  const columns = [{ label: words.trunk }, { label: words.state }, { label: words.activeCalls, number: true }];
  const rows = trunks?.map((trunk) => (
    <tr key={trunk.name}>
      <td>{trunk.name}</td>
      <td>
        <span className="chip" data-ok={trunk.up}>
          <Icon name={trunk.up ? 'check' : 'warning'} />
          {trunk.up ? words.up : words.down}
        </span>
      </td>
      <td className="number">{trunk.activeCalls}</td>
    </tr>
  ));
  return <BoardTable id="board-trunks" title={words.trunks} columns={columns} empty={words.noTrunks} rows={rows} />;
}
