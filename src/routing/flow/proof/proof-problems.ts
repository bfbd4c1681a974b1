// What a proof has found (prove.ts), as sentences at the node that hands the call over.

import type { FlowSource } from '../file/book.ts';
import { problemIn } from '../file/load.ts';
import type { Flow, FlowProblem, Reason } from '../flow.ts';
import { type Finding, type ProofNeeds, prove } from './prove.ts';

/** Flows that calls come in by: those that do not return to another. */
export function isEntered(flow: Flow): boolean {
  return ![...flow.nodes.values()].some((node) => node.kind === 'return');
}

/** Proves every flow that calls come in by. `sources`: their texts, for the places. */
export function proofProblems(
  flows: readonly Flow[],
  sources: readonly FlowSource[],
  /** `only`: the one flow to prove; the others are there to be called. */
  needs: Omit<ProofNeeds, 'flows'> & { only?: string },
): { problems: FlowProblem[]; handOvers: number } {
  const byId = new Map(flows.map((flow) => [flow.id, flow]));
  const problems: FlowProblem[] = [];
  let handOvers = 0;
  const textOf = (file: string) => sources.find((source) => source.file === file)?.text ?? '';
  const asked = flows.filter(({ id }) => needs.only === undefined || id === needs.only);
  for (const flow of asked.filter(isEntered)) {
    const proof = prove(flow, { ...needs, flows: byId });
    handOvers += proof.handOvers;
    const at = (file: string) => ({ file, text: textOf(file) });
    if (!proof.complete) {
      const message = 'there are too many ways through this flow to prove anything; make sub-flows of parts of it';
      problems.push(problemIn(at(flow.file), 'error', ['start'], message));
    }
    for (const finding of proof.findings) {
      const severity = finding.kind === 'never' || finding.kind === 'empty' ? 'error' : 'warning';
      const path = ['nodes', finding.node];
      problems.push(problemIn(at(finding.flow.file), severity, path, sentence(flow, finding, needs.reasons)));
    }
  }
  return { problems, handOvers };
}

function sentence(flow: Flow, finding: Finding, reasons: ReadonlyMap<string, Reason>): string {
  const { reason, queue, kind, operation, because, verified } = finding;
  const known = reason === null ? undefined : reasons.get(reason);
  const call = known ? `a call about "${reason}" (${known.piiClass})` : 'a call without a reason';
  const given = verified.length > 0 ? `, ${verified.join(' and ')} verified,` : '';
  const why = because ? ` (${because.en})` : '';
  const way = `by ${flow.id}: ${finding.path.join(' → ')}`;
  const handed = `${call}${given} can be handed to the queue "${queue}"`;
  switch (kind) {
    case 'empty':
      return `${handed}, which nobody serves; ${way}`;
    case 'never':
      return `${handed}, of whose people nobody may have it${why}; ${way}`;
    case 'not-always':
      return `${handed}, of whose people nobody may have it from ${new Date(finding.atMs).toISOString()}${why}; ${way}`;
    case 'not-in':
      return `${handed}, of whose people nobody may have it in operation ${operation}${why}; ${way}`;
  }
}
