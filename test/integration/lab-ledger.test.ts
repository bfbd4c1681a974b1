// What the lab's verdict is made of (test/lab/ledger.ts): a loss is not explained away.

import t from 'tap';
import type { CallRecord } from '../../src/store/records.ts';
import type { CallReport } from '../lab/ipc.ts';
import { createLedger } from '../lab/ledger.ts';

const second = 1000;

/** A ledger at a time of its own, with what is said of one call. */
function bench() {
  let now = 0;
  const ledger = createLedger(() => now);
  const report = (number: number, is: Partial<CallReport>) =>
    ledger.over({
      ...{ kind: 'call-over', number, answered: true, passed: 0, status: 200, endedBy: 'them', talkedMs: 1 },
      ...{ pausesMs: [], ...is },
    });
  return {
    ledger,
    at(seconds: number, happens: () => void) {
      now = seconds * second;
      happens();
    },
    place: (number: number) =>
      ledger.placed({ number, alias: `A${number}`, nodes: ['node-1', 'node-2'], placedAt: now }),
    report,
  };
}

const record = (number: number, cause: string, endedAt: number | null = 20) =>
  ({ id: `c_${number}`, alias: `A${number}`, startedAt: 0, endedAt, cause, side: 'us' }) as unknown as CallRecord;

t.test('a call that was cut is lost; with the node that had it, it is counted apart', async (t) => {
  const { ledger, at, place, report } = bench();
  at(1, () => place(1));
  at(1, () => place(2));
  at(10, () => report(1, {}));
  at(20, () => report(2, { passed: 1 }));
  at(20.5, () => ledger.nodeDied('node-2'));
  const verdict = ledger.verdict([record(1, 'fault'), record(2, 'fault')]);
  t.equal(verdict.lostWithTheirNode, 1);
  t.equal(verdict.lostThatCouldGoOn.length, 1);
  t.match(verdict.lostThatCouldGoOn[0], /^c_1 by node-1 at 00:00:10: fault/);
});

t.test('the death of another node, or a later one, excuses nothing', async (t) => {
  const { ledger, at, place, report } = bench();
  at(1, () => place(1));
  at(5, () => ledger.nodeDied('node-2'));
  at(9, () => ledger.nodeEndedAlone('node-1'));
  at(10, () => report(1, { answered: false, status: 503 }));
  at(12, () => ledger.nodeDied('node-1'));
  const verdict = ledger.verdict([record(1, 'fault')]);
  t.equal(verdict.lostWithTheirNode, 0);
  t.same(verdict.endedAlone, ['node-1 at 00:00:09'], 'nor does a node that ends by itself');
  t.match(verdict.lostThatCouldGoOn, [/^call 1 of A1 by node-1 at 00:00:10: refused with 503/], 'and it is one loss');
});

t.test('a call that the next node took is not lost; one that it cut is', async (t) => {
  const { ledger, at, place, report } = bench();
  at(1, () => place(1));
  at(1, () => place(2));
  at(9, () => report(1, { passed: 1, endedBy: 'us' }));
  at(9, () => report(2, { passed: 1 }));
  const [tried, taken] = [record(1, 'overload'), { ...record(1, 'normal'), startedAt: 5 }];
  const verdict = ledger.verdict([tried, taken, record(2, 'overload'), { ...record(2, 'fault'), startedAt: 5 }]);
  t.match(verdict.lostThatCouldGoOn, [/^c_2 .*fault/]);
  t.equal(verdict.lostThatCouldGoOn.length, 1);
  t.equal(verdict.passedOn, 2);
});

t.test('a stall explains what was lost in its window, when it is long enough', async (t) => {
  const { ledger, at, place, report } = bench();
  const stall = (from: number, to: number) => ledger.stalled({ what: 'machine', from: from * second, to: to * second });
  at(1, () => [1, 2, 3].forEach(place));
  stall(10, 20);
  stall(40, 42);
  at(21, () => report(1, { answered: false, status: 408 }));
  at(23, () => report(2, { answered: false, status: 408 }));
  at(41, () => report(3, { answered: false, status: 408 }));
  const verdict = ledger.verdict([]);
  t.match(verdict.lostInStalls, [/^call 1/]);
  t.match(verdict.lostThatCouldGoOn, [/^call 2/, /^call 3/]);
  t.equal(verdict.stalls.length, 2, 'both are told');
});

t.test('records: each answered call has its own, closed', async (t) => {
  const { ledger, at, place, report } = bench();
  at(1, () => [1, 2].forEach(place));
  at(9, () => report(1, { endedBy: 'us' }));
  at(9, () => report(2, { endedBy: 'us' }));
  const verdict = ledger.verdict([record(1, 'normal'), record(7, 'normal'), record(8, 'normal', null)]);
  t.match(verdict.recordsMissing, [/^call 2/], 'another call has one instead');
  t.equal(verdict.recordsOpen, 1);
  t.same(verdict.lostThatCouldGoOn, []);
});
