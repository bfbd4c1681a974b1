// Mistakes and warnings of flows, each with its place.

import type { Static } from 'typebox';
import type { FlowProblems } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { useFlowWords } from '../text/flow-words.ts';

export type Problem = Static<typeof FlowProblems>['problems'][number];

export function Problems({ problems }: { problems: readonly Problem[] }) {
  const words = useFlowWords();
  return (
    <ul className="flow-problems" aria-label={words.problems}>
      {problems.map(({ severity, file, line, column, message }) => (
        <li key={`${file}:${line}:${column}:${message}`} data-severity={severity}>
          <span className="with-icon">
            <Icon name="warning" />
            {words.severities[severity]}
          </span>
          <span className="hint">{words.place(file, line, column)}</span>
          <span>{message}</span>
        </li>
      ))}
    </ul>
  );
}
