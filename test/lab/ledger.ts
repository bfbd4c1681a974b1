// What the lab has seen, and what must be true of it: every call that was answered has one record, closed; no call was lost that could go on;
// no agent is stuck. A call may be lost only with the node that had it. What was lost while the machine itself stood still is
// counted apart, and named: it says nothing good of the program, and nothing bad.

import type { CallRecord } from '../../src/store/records.ts';
import type { CallReport, HomeReport, StallReport } from './ipc.ts';

export interface PlacedCall {
  number: number;
  /** How the records name its caller, who calls once. */
  alias: string;
  /** Where it is, or was tried first. */
  node: string;
  /** In the order in which the carrier tries them. */
  nodes: readonly string[];
  placedAt: number;
  over: (CallReport & { at: number }) | undefined;
}

export type Stall = Omit<StallReport, 'kind'>;

export interface Verdict {
  calls: number;
  answered: number;
  /** Of those that were answered or began: ended by the death of the node that had them, which nothing could prevent. */
  lostWithTheirNode: number;
  lostThatCouldGoOn: string[];
  /** Refused by a node that was starting or had no media just then, and taken by the next one. */
  passedOn: number;
  /** Lost in a window in which the machine stood still. */
  lostInStalls: string[];
  stalls: Stall[];
  neverEnded: number;
  recordsMissing: string[];
  recordsOpen: number;
  agentsStuck: string[];
  endedAlone: string[];
  longestPauseMs: number;
}

export interface Ledger {
  placed(call: Omit<PlacedCall, 'over' | 'node'>): void;
  over(report: CallReport): void;
  nodeDied(name: string): void;
  /** A node ran, and ended without being killed: excuses nothing. */
  nodeEndedAlone(name: string): void;
  stalled(stall: Stall): void;
  desk(login: string, report: HomeReport): void;
  desks(): ReadonlyMap<string, HomeReport>;
  live(): PlacedCall[];
  verdict(records: readonly CallRecord[]): Verdict;
}

/** The end of a call that somebody wanted. */
const wanted = new Set(['normal', 'cancelled', 'transferred', 'busy', 'no-answer', 'rejected']);

/** A customer hung up, and its node died before it had written that down. */
const writtenDownMs = 5_000;
/** Far end and lab look at the same death a moment apart. */
const lookMs = 1_000;
/** Nodes take each other for dead after so long (liveState.lapseSeconds): a shorter stall explains no loss. */
const stallExplainsFromMs = 4_000;
/** Timers that came due while the machine stood still fire at its end. */
const afterStallMs = 2_000;

export function createLedger(now: () => number): Ledger {
  const calls = new Map<number, PlacedCall>();
  const deaths: { node: string; at: number }[] = [];
  const stalls: Stall[] = [];
  const endedAlone: string[] = [];
  const desks = new Map<string, HomeReport>();

  /** The customer was on the line when the node that had the call died. */
  function endedWithItsNode({ node, placedAt, over }: PlacedCall): boolean {
    const until = (over?.at ?? now()) + (over?.endedBy === 'us' ? writtenDownMs : lookMs);
    return deaths.some((death) => death.node === node && death.at >= placedAt && death.at <= until);
  }

  const inStall = (at: number) =>
    stalls.some(({ from, to }) => to - from >= stallExplainsFromMs && at >= from && at <= to + afterStallMs);

  /** One node could not take it, said so, and the carrier's next one did: this is the record of the try. */
  function isPassedOn(record: CallRecord, { alias, over }: PlacedCall, records: readonly CallRecord[]): boolean {
    if (!over?.answered || over.passed === 0) return false;
    return records.some((other) => other.alias === alias && other.startedAt > record.startedAt);
  }

  function losses(records: readonly CallRecord[]): { withNode: boolean; at: number; text: string }[] {
    const all = [...calls.values()];
    const refused = all.flatMap((call) => {
      const { over } = call;
      if (!over || over.answered || over.endedBy === 'us') return [];
      return [{ withNode: endedWithItsNode(call), at: over.at, text: describe(call) }];
    });
    const cut = records.flatMap((record) => {
      if (record.cause === null || wanted.has(record.cause)) return [];
      const call = all.find(({ alias }) => alias === record.alias);
      if (call && isPassedOn(record, call, records)) return [];
      // One that was refused is counted already.
      if (call?.over && !call.over.answered && call.over.endedBy !== 'us') return [];
      const at = call?.over?.at ?? record.endedAt ?? now();
      const text = `${record.id} by ${call?.node ?? 'nobody known'} at ${clockTime(at)}: ${record.cause}, ${record.side}`;
      return [{ withNode: call !== undefined && endedWithItsNode(call), at, text }];
    });
    return [...refused, ...cut];
  }

  return {
    placed: (call) => void calls.set(call.number, { ...call, node: call.nodes[0]!, over: undefined }),
    over(report) {
      const call = calls.get(report.number);
      if (!call) return;
      call.over = { ...report, at: now() };
      call.node = call.nodes[report.passed] ?? call.node;
    },
    nodeDied: (node) => void deaths.push({ node, at: now() }),
    nodeEndedAlone: (node) => void endedAlone.push(`${node} at ${clockTime(now())}`),
    stalled: (stall) => void stalls.push(stall),
    desk: (login, report) => void desks.set(login, report),
    desks: () => desks,
    live: () => [...calls.values()].filter((call) => !call.over),
    verdict(records) {
      const all = [...calls.values()];
      const answered = all.filter((call) => call.over?.answered);
      const lost = losses(records);
      const byProgram = lost.filter(({ withNode, at }) => !withNode && !inStall(at));
      const byMachine = lost.filter(({ withNode, at }) => !withNode && inStall(at));
      const known = new Set(records.map(({ alias }) => alias));
      return {
        calls: all.length,
        answered: answered.length,
        lostWithTheirNode: lost.filter(({ withNode }) => withNode).length,
        lostThatCouldGoOn: byProgram.map(({ text }) => text),
        passedOn: answered.filter((call) => (call.over?.passed ?? 0) > 0).length,
        lostInStalls: byMachine.map(({ text }) => text),
        stalls,
        endedAlone,
        neverEnded: all.filter((call) => !call.over).length,
        recordsMissing: answered.filter(({ alias }) => !known.has(alias)).map(describe),
        recordsOpen: records.filter((record) => record.endedAt === null).length,
        agentsStuck: [...desks]
          .filter(([, desk]) => desk.state !== 'available')
          .map(([login, { state }]) => `${login}: ${state}`),
        longestPauseMs: Math.max(0, ...all.flatMap((call) => call.over?.pausesMs ?? [])),
      };
    },
  };
}

export const clockTime = (at: number) => new Date(at).toISOString().slice(11, 19);

const describe = ({ number, alias, node, over }: PlacedCall) =>
  `call ${number} of ${alias} by ${node} at ${over ? clockTime(over.at) : '?'}: ${over?.answered ? 'answered' : `refused with ${over?.status ?? 'nothing'}`}`;
