// Every way a call can take through a flow and its sub-flows, with what is then known of it: reason, verified factors. Answers of
// the outside may be any; conditions on reason, factors and operation are decided, all others may go either way. So no real call
// can reach a queue in a state that is not found here; some that are found may never happen. Pure.

import type { Operation } from '../../policy/policy.ts';
import type { Condition, Flow, FlowNode, Reason } from '../flow.ts';
import { labelledWays } from '../ways.ts';

/** A call that is handed to a queue, or to a callback for one. */
export interface HandOver {
  /** Of the node: the flow it is in. */
  flow: Flow;
  node: string;
  queue: string;
  reason: string | null;
  verified: readonly string[];
  /** The shortest way there: nodes from the first, in sub-flows as flow/node, with what was chosen. */
  path: readonly string[];
}

export interface Exploration {
  handOvers: readonly HandOver[];
  /** False: there are more states than were looked at, so nothing is proven. */
  complete: boolean;
}

interface State {
  /** Sub-flow nodes that are waiting for a return, the outermost first. */
  stack: readonly { flow: Flow; node: string }[];
  flow: Flow;
  node: string;
  reason: string | null;
  verified: readonly string[];
  from: State | null;
  /** What was chosen, keyed or answered to come here. */
  by: string | null;
}

interface Surroundings {
  flows: { get(id: string): Flow | undefined };
  reasons: ReadonlyMap<string, Reason>;
  operation: Operation;
}

const maxStates = 30_000;
const maxDepth = 20;

export function explore(flow: Flow, around: Surroundings): Exploration {
  const first: State = { stack: [], flow, node: flow.start, reason: null, verified: [], from: null, by: null };
  const seen = new Map([[keyOf(first), first]]);
  const handOvers = new Map<string, HandOver>();
  for (const state of seen.values()) {
    const node = state.flow.nodes.get(state.node);
    if (!node) continue;
    if (node.kind === 'queue' || node.kind === 'callback') {
      const { reason, verified } = state;
      const key = JSON.stringify([state.flow.id, state.node, reason, verified]);
      const found = { flow: state.flow, node: state.node, queue: node.queue, reason, verified, path: pathTo(state) };
      if (!handOvers.has(key)) handOvers.set(key, found);
    }
    for (const next of after(state, node, around)) {
      const key = keyOf(next);
      if (!seen.has(key)) seen.set(key, next);
    }
    if (seen.size > maxStates) return { handOvers: [...handOvers.values()], complete: false };
  }
  return { handOvers: [...handOvers.values()], complete: true };
}

function keyOf({ stack, flow, node, reason, verified }: State): string {
  return JSON.stringify([stack.map((one) => [one.flow.id, one.node]), flow.id, node, reason, verified]);
}

function pathTo(state: State): string[] {
  const path: string[] = [];
  // What was chosen stands with the node that asked.
  let chosen: string | null = null;
  for (let at: State | null = state; at; at = at.from) {
    const name = at.stack.length === 0 ? at.node : `${at.flow.id}/${at.node}`;
    path.push(chosen === null ? name : `${name} [${chosen}]`);
    chosen = at.by;
  }
  return path.reverse();
}

function* after(state: State, node: FlowNode, around: Surroundings): Iterable<State> {
  const to = (name: string, by: string | null = null, change: Partial<State> = {}): State => ({
    ...state,
    ...change,
    node: name,
    from: state,
    by,
  });
  switch (node.kind) {
    case 'reason':
      return yield to(node.next, null, around.reasons.has(node.reason) ? { reason: node.reason } : {});
    case 'lookup':
      yield* reasonsFound(node, around).map((reason) =>
        to(node.found, reason ? `found: ${reason}` : 'found', reason ? { reason } : {}),
      );
      yield to(node.notFound, 'not found');
      return yield to(node.onFailure, 'failed');
    case 'verify': {
      const verified = [...new Set([...state.verified, node.factor])].sort();
      yield to(node.verified, 'verified', { verified });
      yield to(node.notVerified, 'not verified');
      return yield to(node.onFailure, 'failed');
    }
    case 'when':
      return yield* decided(state, node, around).map(([go, by]) => to(go, by));
    case 'subFlow': {
      const flow = around.flows.get(node.flow);
      if (!flow || state.stack.length >= maxDepth) return yield to(node.next);
      const stack = [...state.stack, { flow: state.flow, node: state.node }];
      return yield to(flow.start, null, { stack, flow });
    }
    case 'return': {
      const caller = state.stack.at(-1);
      const called = caller?.flow.nodes.get(caller.node);
      if (!caller || called?.kind !== 'subFlow') return;
      const change = { stack: state.stack.slice(0, -1), flow: caller.flow };
      return yield to(called.returns.get(node.word) ?? called.next, node.word, change);
    }
    default:
      for (const way of labelledWays(node)) yield to(way.to, way.by);
  }
}

function reasonsFound(node: Extract<FlowNode, { kind: 'lookup' }>, around: Surroundings): (string | null)[] {
  if (node.reasonFrom === null) return [null];
  return [null, ...[...around.reasons.keys()].filter((reason) => node.reasons?.includes(reason) ?? true)];
}

type Labelled = [go: string, by: string | null];

/** The ways of a `when` node that a call in this state can take. */
function decided(state: State, node: Extract<FlowNode, { kind: 'when' }>, around: Surroundings): Labelled[] {
  const ways: Labelled[] = [];
  for (const [at, way] of node.ways.entries()) {
    const parts = known(way.if, state, around);
    const holds = parts.every((part) => part === true);
    const cannot = parts.some((part) => part === false);
    const unless = way.unless ? known(way.unless, state, around) : [];
    if (cannot || unless.some((part) => part === true)) continue;
    ways.push([way.go, `when ${at + 1}`]);
    if (holds && unless.every((part) => part === false)) return ways;
  }
  return [...ways, [node.otherwise, 'else']];
}

/** Each part of a condition: true, false, or undefined where the state does not tell. */
function known(condition: Condition, state: State, around: Surroundings): (boolean | undefined)[] {
  const parts: (boolean | undefined)[] = [];
  const { reason, operation, verified, ...others } = condition;
  if (reason) parts.push(state.reason !== null && reason.includes(state.reason));
  if (operation) parts.push(operation.includes(around.operation));
  for (const factor of verified ?? []) parts.push(state.verified.includes(factor));
  for (const part of Object.values(others)) if (part !== undefined) parts.push(undefined);
  return parts;
}
