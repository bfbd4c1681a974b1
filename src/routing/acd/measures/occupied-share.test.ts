import { test } from 'tap';
import { halfLifeMs, idleRank, nowDoing, type Occupied, occupiedShare } from './occupied-share.ts';

const begin: Occupied = { share: 0, atMs: 0, doing: 'idle' };

test('work fills half of what is missing in half an hour, and rest forgets half', async (t) => {
  const working = nowDoing(begin, 'working', 0);
  t.equal(occupiedShare(working, halfLifeMs), 0.5);
  t.equal(occupiedShare(working, 2 * halfLifeMs), 0.75);
  const idle = nowDoing(working, 'idle', 2 * halfLifeMs);
  t.equal(occupiedShare(idle, 3 * halfLifeMs), 0.375);
  t.equal(occupiedShare(nowDoing(idle, 'away', 3 * halfLifeMs), 99 * halfLifeMs), 0.375, 'a break changes nothing');
});

test('the share stays between 0 and 1, rises with work and falls without', async (t) => {
  let occupied = begin;
  for (let at = 0; at < 40 * halfLifeMs; at += halfLifeMs / 7) {
    const doing = at % (5 * halfLifeMs) < 3 * halfLifeMs ? 'working' : 'idle';
    occupied = nowDoing(occupied, doing, at);
    const before = occupiedShare(occupied, at);
    const after = occupiedShare(occupied, at + halfLifeMs / 7);
    if (before < 0 || after > 1 || (doing === 'working' ? after < before : after > before)) t.fail(`at ${at}`);
  }
  t.pass('at every step');
});

test('who is before whom among the idle does not change as time passes', async (t) => {
  const ranks = [0, 0.001, 0.3, 0.5, 0.7, 1].map((share, i) => ({ share, atMs: i * 100_000, doing: 'idle' }) as const);
  for (const a of ranks)
    for (const b of ranks)
      for (const now of [600_000, 5_000_000, 20_000_000]) {
        const [first, second] = [occupiedShare(a, now), occupiedShare(b, now)];
        if (Math.abs(first - second) > 1e-9 && first < second !== idleRank(a) < idleRank(b))
          t.fail(`${JSON.stringify([a, b])} at ${now}`);
      }
  t.pass('for every pair');
});
