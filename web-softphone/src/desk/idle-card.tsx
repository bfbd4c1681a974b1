// No call: the garden.

import type { DeskView } from '../../../src/api/contract.ts';
import { Scene } from '../controls/scene.tsx';
import { useWords } from '../text/language.tsx';

export function IdleCard({ state }: { state: DeskView['state'] }) {
  const { call } = useWords();
  const waits = state === 'available' || state === 'reserved' || state === 'alerting';
  return (
    <section className="card call-card idle" data-waits={waits}>
      <div className="idle-words">
        <h2>{waits ? call.idleAvailable : call.idleNotReady}</h2>
        <p>{waits ? call.idleAvailableText : call.idleNotReadyText}</p>
      </div>
      <Scene className="card-scene" />
    </section>
  );
}
