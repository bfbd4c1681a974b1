// The world of a simulation of several nodes as data, and what its parts share: who is there, what has happened, and the first
// promise that was broken. Does nothing by itself; simulated-nodes.ts makes things happen, promises.ts looks.

import type { SharedRunner } from '../../../../src/call/cluster/shared-runner.ts';
import type { WaitingCall } from '../../../../src/routing/acd/acd.ts';
import type { CallId, NodeId, PersonId } from '../../../../src/shared/ids.ts';
import type { LiveState } from '../../../../src/store/live-state.ts';
import type { FakeClock } from '../../fake-clock.ts';

export interface SimulatedCall {
  id: CallId;
  queue: string;
  enteredAt: number;
  phase: 'queued' | 'talking' | 'over';
  /** To whom its node offers it. */
  ringing: PersonId | null;
  /** The page at which a telephone really rings for it. */
  ringsAt: SimulatedNode | undefined;
  answering: boolean;
  agent: PersonId | null;
}

export interface SimulatedNode {
  id: NodeId;
  live: LiveState;
  runner: SharedRunner;
  calls: Map<CallId, SimulatedCall>;
  cutOff: boolean;
  /** When it last did not agree with the others. */
  apartAt: number;
}

export interface SimulatedAgent {
  id: PersonId;
  /** Whose page it is; undefined: the page is away. */
  node: SimulatedNode | undefined;
}

export interface SimulationSettings {
  seed: number;
  nodes: number;
  agents: number;
  /** How late a node hears of anything, at most. */
  delayMs: number;
}

/** What both who act and who look know. */
export class World {
  readonly clock: FakeClock;
  readonly settings: SimulationSettings;
  readonly nodes: SimulatedNode[] = [];
  readonly agents: SimulatedAgent[];
  /** How often each thing happened. */
  readonly seen: Record<string, number> = {};
  /** Telephones that are off the hook, and for which call. */
  readonly inUse = new Map<PersonId, CallId>();
  fault: Error | undefined;

  constructor(settings: SimulationSettings, clock: FakeClock) {
    this.settings = settings;
    this.clock = clock;
    this.agents = Array.from({ length: settings.agents }, (_, i) => ({
      id: `p${i}` as PersonId,
      node: undefined,
    }));
  }

  count(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1;
  }

  fail(what: string): void {
    this.fault ??= new Error(`${what} (SEED=${this.settings.seed}, at ${this.clock.now()})`);
  }

  throwFault(): void {
    if (this.fault) throw this.fault;
  }

  hangsUp({ id }: SimulatedCall): void {
    for (const [personId, callId] of this.inUse) if (callId === id) this.inUse.delete(personId);
  }

  /** What rang at the old page rings no more; who talks goes on talking. */
  pageLeft(personId: PersonId): void {
    for (const node of this.nodes)
      for (const call of node.calls.values()) if (call.ringing === personId) call.ringsAt = undefined;
  }
}

/** No telephone rings for it any more. */
export function quiet(call: SimulatedCall): void {
  call.ringing = null;
  call.ringsAt = undefined;
}

export const queues = ['general', 'contracts'].map((name) => ({
  name,
  label: { ja: name, en: name },
  ringTimeoutSeconds: 20,
  afterCallWorkSeconds: 10,
  serviceLevelSeconds: 20,
  shortAbandonSeconds: 5,
}));

/** Where each telephone is registered, as this node knows it. */
export const desksOf = ({ live }: SimulatedNode) => live.map<boolean>('desks');

export function waitingCall({ id, queue, enteredAt }: SimulatedCall): WaitingCall {
  return { callId: id, queue, enteredAt, facts: { direction: 'inbound', piiClass: 'none' }, priority: 0 };
}
