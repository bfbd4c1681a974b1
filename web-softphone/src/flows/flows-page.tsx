// The flows in force: which number each answers, and what is wrong with the files. One flow has a page of its own.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { FlowView } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import type { SectionProps } from '../sections.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useFlowWords } from '../text/flow-words.ts';
import { FlowPage } from './flow-page.tsx';
import { type Problem, Problems } from './problems.tsx';
import '../styles/board.css';
import '../styles/flows.css';

export function FlowsPage({ api }: SectionProps) {
  const words = useFlowWords();
  const [opened, setOpened] = useState<string>();
  const [flows, setFlows] = useState<FlowView[]>();
  const [state, setState] = useState<{ problems: Problem[] }>();
  const read = useCallback(async () => {
    const [found, files] = await Promise.all([
      api.get<{ items: FlowView[] }>('/flows'),
      api.get<{ problems: Problem[] }>('/flow-files').catch(() => undefined),
    ]);
    setFlows(found.items);
    setState(files);
  }, [api]);
  useEffect(() => void read().catch(() => undefined), [read]);

  const flow = flows?.find(({ id }) => id === opened);
  if (flow)
    return (
      <FlowPage
        key={flow.id}
        api={api}
        flow={flow}
        onBack={() => setOpened(undefined)}
        onChanged={() => void read().catch(() => undefined)}
      />
    );
  const columns = [
    { label: words.name },
    { label: words.numbers },
    { label: words.version },
    { label: words.steps, number: true },
  ];
  const rows = flows?.map(({ id, numbers, version, nodes }) => (
    <tr key={id}>
      <td>
        <Button className="button quiet small" onPress={() => setOpened(id)}>
          {id}
        </Button>
      </td>
      <td>{numbers.length > 0 ? numbers.join(' ') : words.noNumber}</td>
      <td>
        <code>{version}</code>
      </td>
      <td className="number">{nodes.length}</td>
    </tr>
  ));
  return (
    <div className="board">
      <div>
        <h1>{words.title}</h1>
        <p className="hint">{words.lead}</p>
      </div>
      <BoardTable id="flows" title={words.title} columns={columns} rows={rows} />
      {state && (
        <section className="card" aria-labelledby="flow-files">
          <h2 id="flow-files">{words.files}</h2>
          {state.problems.length === 0 ? (
            <p className="with-icon">
              <Icon name="check" />
              {words.filesFine}
            </p>
          ) : (
            <Problems problems={state.problems} />
          )}
        </section>
      )}
    </div>
  );
}
