import t from 'tap';
import { ReceptionStatistics, Unwrapper } from './sequence.ts';

t.test('wrapping counters are made monotonic, with small steps back allowed', async (t) => {
  const unwrapper = new Unwrapper(16);
  t.same(
    [65534, 65535, 1, 0, 2].map((each) => unwrapper.next(each)),
    [65534, 65535, 65537, 65536, 65538],
  );
  const wide = new Unwrapper(32);
  t.same(
    [0xffffff00, 0x100].map((each) => wide.next(each)),
    [0xffffff00, 2 ** 32 + 0x100],
  );
});

function receive(sequences: number[]): ReceptionStatistics {
  const statistics = new ReceptionStatistics(8000);
  for (const sequence of sequences) statistics.onPacket(sequence & 0xffff, sequence * 160, sequence * 20);
  return statistics;
}

t.test('loss is counted across the wrap; late packets are not lost; duplicates make up for nothing', async (t) => {
  const lossy = receive([65533, 65534, 65536, 65537, 65539]);
  t.equal(lossy.packetsExpected, 7);
  t.equal(lossy.packetsLost, 2);
  t.equal(lossy.report().highestSequence, 65539);
  t.equal(receive([1, 2, 4, 3, 5]).packetsLost, 0);
  const duplicated = receive([1, 2, 2, 2, 4]);
  t.equal(duplicated.packetsLost, 1);
  t.equal(duplicated.duplicates, 2);
});

t.test('the fraction lost is since the last report', async (t) => {
  const statistics = receive([0, 1, 3]);
  t.equal(statistics.report().fractionLost, 64);
  statistics.onPacket(4, 640, 80);
  t.match(statistics.report(), { fractionLost: 0, cumulativeLost: 1 });
});

t.test('a steady stream has no jitter; alternating by ten milliseconds approaches it', async (t) => {
  t.equal(receive(Array.from({ length: 100 }, (_, i) => i)).jitterMs, 0);
  const shaken = new ReceptionStatistics(8000);
  for (let i = 0; i < 400; i++) shaken.onPacket(i, i * 160, i * 20 + (i % 2) * 10);
  t.ok(Math.abs(shaken.jitterMs - 10) < 0.2, `${shaken.jitterMs}`);
});

t.test('jitter of a timestamp that wraps stays what it was', async (t) => {
  const statistics = new ReceptionStatistics(8000);
  for (let i = 0; i < 50; i++) statistics.onPacket(i, (0xffffff00 + i * 160) >>> 0, i * 20);
  t.ok(statistics.jitterMs < 0.001);
});

t.test('a jump far away is a restart when the next packet confirms it, else it is one stray packet', async (t) => {
  const statistics = receive([1, 2, 3]);
  t.equal(statistics.onPacket(30000, 480, 60), 'suspect');
  t.equal(statistics.onPacket(4, 640, 80), 'in-order');
  t.equal(statistics.onPacket(40000, 0, 100), 'suspect');
  t.equal(statistics.onPacket(40001, 160, 120), 'restart');
  t.equal(statistics.packetsLost, 0);
  t.equal(statistics.packetsExpected, 5);
});

t.test(
  'duplicates are known as far back as packets may be late, whatever was jumped over (seed 20261122)',
  async (t) => {
    let state = 20261122;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const statistics = new ReceptionStatistics(8000);
    const came = new Set<number>();
    const wrong: unknown[] = [];
    let newest = 65_000;
    statistics.onPacket(newest, 0, 0);
    came.add(newest);
    for (let i = 0; i < 5_000; i++) {
      const ahead = random(4) > 0 ? 1 : random(300);
      const sequence = random(3) > 0 ? newest + ahead : Math.max(65_000, newest - random(100));
      const expected = sequence > newest ? 'in-order' : came.has(sequence) ? 'duplicate' : 'late';
      const found = statistics.onPacket(sequence & 0xffff, i, i);
      if (found !== expected) wrong.push({ i, sequence, newest, found, expected });
      came.add(sequence);
      newest = Math.max(newest, sequence);
    }
    t.same(wrong, []);
    t.equal(statistics.packets, came.size);
    t.equal(statistics.report().highestSequence, newest);
  },
);
