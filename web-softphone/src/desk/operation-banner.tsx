// Where the company works from today, when it is not as usual: it decides which calls come to whom. Asked for now and then; who
// switches it is told at once on the wallboard.

import { useEffect, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

const everyMs = 30_000;

export function OperationBanner() {
  const { environment: words } = useWords();
  const { api } = useDesk();
  const [operation, setOperation] = useState('normal');
  useEffect(() => {
    const read = () =>
      void api.get<{ operation: string }>('/operation').then(
        (now) => setOperation(now.operation),
        // Not told: what was known last stays.
        () => undefined,
      );
    read();
    const timer = setInterval(read, everyMs);
    return () => clearInterval(timer);
  }, [api]);
  if (operation !== 'partly-home' && operation !== 'all-home') return null;
  return (
    <div className="banner" data-kind="notice" role="status" data-testid="operation">
      <Icon name="home" />
      {words.operation[operation]}
    </div>
  );
}
