// The agent desk: who may be it (one tab), what comes before the shift, and the shift.

import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { useStore } from '../state/store.ts';
import { useLanguage, useWords } from '../text/language.tsx';
import { AfterCallCard } from './after-call-card.tsx';
import { Banners } from './banners.tsx';
import { CallCard } from './call-card.tsx';
import { DeskContext, useDeskState } from './desk-context.ts';
import { createDesk, type Desk } from './desk-model.ts';
import { DeviceDisclosure } from './device-choice.tsx';
import { DialCard } from './dial-card.tsx';
import { IdleCard } from './idle-card.tsx';
import { OperationBanner } from './operation-banner.tsx';
import { PreparePage } from './prepare-page.tsx';
import { QueueList } from './queue-list.tsx';
import { RecentCalls } from './recent-calls.tsx';
import { RingingCard } from './ringing-card.tsx';
import { ShortcutsHelp, useShortcuts } from './shortcuts.tsx';
import { StateCard } from './state-card.tsx';
import { CallListCard } from './talk/call-list-card.tsx';
import { DeviceSwitch } from './talk/device-switch.tsx';

const CheckCard = lazy(async () => ({ default: (await import('../environment/check-card.tsx')).CheckCard }));

const HandCard = lazy(async () => ({ default: (await import('../help/hand-card.tsx')).HandCard }));

/** Seldom needed, and not waited for by the others. */
const DeskElsewhere = lazy(() => import('./desk-elsewhere.tsx').then((module) => ({ default: module.DeskElsewhere })));

interface DeskPageProps {
  api: Api;
  session: SessionView;
  onCallChange(inCall: boolean): void;
}

export function DeskPage({ api, session, onCallChange }: DeskPageProps) {
  const { words } = useLanguage();
  const current = useRef(words);
  current.current = words;
  const [desk, setDesk] = useState<Desk>();

  useEffect(() => {
    const made = createDesk({ api, titleWhenRinging: () => current.current.call.incoming });
    setDesk(made);
    return () => made.close();
  }, [api]);

  if (!desk) return null;
  return (
    <DeskContext value={desk}>
      <Tenure desk={desk} session={session} onCallChange={onCallChange} />
    </DeskContext>
  );
}

function Tenure({
  desk,
  session,
  onCallChange,
}: {
  desk: Desk;
  session: SessionView;
  onCallChange(inCall: boolean): void;
}) {
  const { tenure, elsewhere, shift, view } = useStore(desk.store);
  const words = useWords();
  const inCall = view?.call != null;
  useEffect(() => onCallChange(inCall), [inCall, onCallChange]);

  if (tenure === 'asking') return null;
  if (tenure !== 'held') {
    return (
      <section className="card narrow" aria-live="polite">
        <h1>{tenure === 'elsewhere' ? words.tab.elsewhere : words.tab.taken}</h1>
        <p>{tenure === 'elsewhere' ? words.tab.elsewhereText : words.tab.takenText}</p>
        <Button className="button primary" onPress={desk.takeOver}>
          {words.tab.takeOver}
        </Button>
      </section>
    );
  }
  if (elsewhere)
    return (
      <Suspense fallback={null}>
        <DeskElsewhere elsewhere={elsewhere} onTakeOver={() => void desk.takeOverElsewhere()} />
      </Suspense>
    );
  if (!view) return <Banners />;
  if (shift !== 'on') return <PreparePage name={session.person.displayName} />;
  return <Shift session={session} />;
}

/** The demo's menu: 1 is about a contract, 2 about a product, which touches no personal information. */
const testDigitsFor = ({ clearance }: SessionView['person']) => (clearance === 'none' ? '2' : '1');

function Shift({ session }: { session: SessionView }) {
  const { view } = useDeskState();
  const words = useWords();
  const [checkWanted, setCheckWanted] = useState(false);
  useShortcuts();
  if (!view) return null;
  return (
    <div className="desk">
      <h1 className="unseen">{words.shell.desk}</h1>
      <div className="desk-banners">
        <Banners />
        <OperationBanner />
      </div>
      <div className="desk-state">
        <StateCard view={view} />
        <DeviceSwitch view={view} />
        <Suspense fallback={null}>
          <HandCard help={view.help} />
        </Suspense>
        <QueueList queues={view.queues} />
      </div>
      <div className="desk-call">
        <Stage checkWanted={checkWanted} />
      </div>
      <div className="desk-side">
        <CallListCard view={view} />
        <DialCard view={view} demo={session.demo} testDigits={testDigitsFor(session.person)} />
        <RecentCalls />
        <div className="desk-foot">
          {view.environment && view.state === 'not-ready' && (
            <Button className="button small" aria-pressed={checkWanted} onPress={() => setCheckWanted(!checkWanted)}>
              {words.environment.title}
            </Button>
          )}
          <DeviceDisclosure />
          <ShortcutsHelp />
        </div>
      </div>
    </div>
  );
}

/** The middle of the desk: the call, or what there is instead of one. */
function Stage({ checkWanted }: { checkWanted: boolean }) {
  const { view, measuring } = useDeskState();
  if (!view) return null;
  const { call, environment } = view;
  if (call?.state === 'alerting') return <RingingCard key={call.id} call={call} />;
  if (call) return <CallCard key={call.id} call={call} view={view} />;
  if (view.state === 'after-call-work') return <AfterCallCard endsAt={view.afterCallWorkEndsAt} />;
  const checkNeeded = environment?.required && environment.state !== 'passed' && view.state === 'not-ready';
  const wanted = checkWanted && view.state === 'not-ready';
  if (environment && (checkNeeded || wanted || measuring))
    return (
      <Suspense fallback={null}>
        <CheckCard standing={environment} />
      </Suspense>
    );
  return <IdleCard state={view.state} />;
}
