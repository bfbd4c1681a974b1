// The queues this agent serves: how many wait, and how long the first of them has waited.

import type { DeskView } from '../../../src/api/contract.ts';
import { clockOf, useServerNow } from '../state/now.ts';
import { useLanguage } from '../text/language.tsx';
import { useDeskState } from './desk-context.ts';

export function QueueList({ queues }: { queues: DeskView['queues'] }) {
  const { words, language } = useLanguage();
  const { view } = useDeskState();
  const now = useServerNow();
  const ageMs = now - (view?.serverTime ?? now);
  return (
    <section className="card" aria-labelledby="queues-title">
      <h2 id="queues-title" className="eyebrow">
        {words.queues.title}
      </h2>
      {queues.length === 0 && <p className="hint">{words.queues.noQueues}</p>}
      <ul className="queue-list">
        {queues.map((queue) => (
          <li key={queue.name} className="queue" data-busy={queue.waiting > 0}>
            <span className="queue-name">{queue.label[language]}</span>
            {queue.waiting === 0 ? (
              <span className="queue-none">{words.queues.none}</span>
            ) : (
              <span className="queue-waiting">
                <strong>{words.queues.waiting(queue.waiting)}</strong>
                <span>
                  {words.queues.longest} <span className="clock">{clockOf(queue.longestWaitMs + ageMs)}</span>
                </span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
