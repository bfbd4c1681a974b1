// What the lab has seen, and what must be true of it: every call that was answered has one record, closed; no call was lost that could go on;
// no agent is stuck. A call may be lost only with the node that had it.

import type { CallRecord } from '../../src/store/records.ts';
import type { CallReport, HomeReport } from './ipc.ts';

export interface PlacedCall {
  number: number;
  /** Where it is, or was tried first. */
  node: string;
  /** In the order in which the carrier tries them. */
  nodes: readonly string[];
  placedAt: number;
  over: (CallReport & { at: number }) | undefined;
}

export interface Verdict {
  calls: number;
  answered: number;
  /** Of those that were answered or began: ended by the death of the node that had them, which nothing could prevent. */
  lostWithTheirNode: number;
  lostThatCouldGoOn: string[];
  neverEnded: number;
  recordsMissing: number;
  recordsOpen: number;
  agentsStuck: string[];
  longestPauseMs: number;
}

export interface Ledger {
  placed(call: Omit<PlacedCall, 'over' | 'node'>): void;
  over(report: CallReport): void;
  nodeDied(name: string): void;
  desk(login: string, report: HomeReport): void;
  desks(): ReadonlyMap<string, HomeReport>;
  live(): PlacedCall[];
  verdict(records: readonly CallRecord[]): Verdict;
}

/** The end of a call that somebody wanted. */
const wanted = new Set(['normal', 'cancelled', 'transferred', 'busy', 'no-answer', 'rejected']);

/** The carrier's INVITE and the beginning of its call record. */
const sameCallMs = 700;
const longestCallMs = 60_000;

export function createLedger(now: () => number): Ledger {
  const calls = new Map<number, PlacedCall>();
  const deaths: { node: string; at: number }[] = [];
  const desks = new Map<string, HomeReport>();

  const aNodeDiedWithin = (from: number, to: number, node?: string) =>
    deaths.some((death) => death.at >= from && death.at <= to && (node === undefined || death.node === node));

  return {
    placed: (call) => void calls.set(call.number, { ...call, node: call.nodes[0]!, over: undefined }),
    over(report) {
      const call = calls.get(report.number);
      if (!call) return;
      call.over = { ...report, at: now() };
      call.node = call.nodes[report.passed] ?? call.node;
    },
    nodeDied: (node) => void deaths.push({ node, at: now() }),
    desk: (login, report) => void desks.set(login, report),
    desks: () => desks,
    live: () => [...calls.values()].filter((call) => !call.over),
    verdict(records) {
      const all = [...calls.values()];
      const answered = all.filter((call) => call.over?.answered);
      const refused = all.filter((call) => call.over && !call.over.answered && call.over.endedBy !== 'us');
      const refusedWithNode = refused.filter((call) => aNodeDiedWithin(call.placedAt, call.over!.at, call.node));
      const cut = records.filter((record) => record.cause !== null && !wanted.has(record.cause));
      // Its end is the last that is known of such a call; the node that had it died soon after.
      const cutWithNode = cut.filter((record) => {
        const call = all.find(({ placedAt }) => Math.abs(record.startedAt - placedAt) < sameCallMs);
        return call && aNodeDiedWithin(record.startedAt, (record.endedAt ?? now()) + longestCallMs, call.node);
      });
      return {
        calls: all.length,
        answered: answered.length,
        lostWithTheirNode: refusedWithNode.length + cutWithNode.length,
        lostThatCouldGoOn: [
          ...refused.filter((call) => !refusedWithNode.includes(call)).map(describe),
          ...cut.filter((record) => !cutWithNode.includes(record)).map(({ id, cause }) => `${id}: ${cause}`),
        ],
        neverEnded: all.filter((call) => !call.over).length,
        recordsMissing: Math.max(0, answered.length - records.length),
        recordsOpen: records.filter((record) => record.endedAt === null).length,
        agentsStuck: [...desks]
          .filter(([, desk]) => desk.state !== 'available')
          .map(([login, { state }]) => `${login}: ${state}`),
        longestPauseMs: Math.max(0, ...all.flatMap((call) => call.over?.pausesMs ?? [])),
      };
    },
  };
}

const describe = ({ number, node, over }: PlacedCall) =>
  `call ${number} by ${node}: refused with ${over?.status ?? 'nothing'}`;
