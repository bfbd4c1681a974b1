// The published flows, in memory. A broken flow never replaces a working one, and a call keeps the flow it started with.
// Does not read files; routing-files.ts does.

import type { ParsedFlow } from './file/load.ts';
import type { Flow, FlowProblem } from './flow.ts';

export type PublishOutcome =
  | { kind: 'published'; flow: Flow; problems: FlowProblem[] }
  /** The same version is published already. */
  | { kind: 'unchanged'; flow: Flow; problems: FlowProblem[] }
  | { kind: 'refused'; problems: FlowProblem[] };

export interface FlowStore {
  publish(parsed: ParsedFlow): PublishOutcome;
  get(id: string): Flow | undefined;
  /** All of them as they are now: later publications do not change it. */
  snapshot(): ReadonlyMap<string, Flow>;
  /** By id. */
  list(): Flow[];
}

export function createFlowStore(): FlowStore {
  let flows: ReadonlyMap<string, Flow> = new Map();
  return {
    publish(parsed) {
      if (!parsed.ok) return { kind: 'refused', problems: parsed.problems };
      const { flow, problems } = parsed;
      const present = flows.get(flow.id);
      if (present?.version === flow.version) return { kind: 'unchanged', flow: present, problems };
      flows = new Map(flows).set(flow.id, flow);
      return { kind: 'published', flow, problems };
    },
    get: (id) => flows.get(id),
    snapshot: () => flows,
    list: () => [...flows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
