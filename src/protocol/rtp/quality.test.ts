import t from 'tap';
import { estimateMos, lossImpairment, mosOfRating, ratingFactor, ratingOf } from './quality.ts';

const good = { codec: 'PCMU', lossRatio: 0, jitterMs: 1, roundTripMs: 20 };

const near = (is: number, published: number, within: number) => Math.abs(is - published) <= within;

t.test('G.107 table B.1: MOS of R', async (t) => {
  for (const [rating, mos] of [
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
  ] as const)
    t.ok(near(mosOfRating(rating), mos, 0.01), `R ${rating}: ${mosOfRating(rating)}`);
});

t.test('G.107 default values give R 93.2; delay costs what G.108 tabulates for G.711', async (t) => {
  t.equal(ratingOf(0, 0), 93.2);
  // The table begins with the default R of its time, 94: one more than today's.
  for (const [delayMs, published] of [
    [50, 93],
    [100, 92],
    [150, 90],
    [200, 87],
    [250, 80],
    [300, 74],
    [350, 68],
    [400, 63],
    [450, 59],
  ] as const)
    t.ok(near(ratingOf(delayMs, 0) + 1, published, 0.6), `${delayMs} ms: ${ratingOf(delayMs, 0)}`);
});

t.test('G.113 appendix I: what random loss costs G.711 with concealment', async (t) => {
  for (const [lossPercent, published] of [
    [0, 0],
    [2, 7],
    [3, 10],
    [5, 15],
    [7, 20],
    [10, 25],
    [15, 35],
    [20, 45],
  ] as const) {
    const is = lossImpairment({ codec: 'PCMU', lossRatio: lossPercent / 100 });
    t.ok(near(is, published, 3), `${lossPercent} %: ${is}`);
  }
});

t.test('R 93.2 is MOS 4.41, R 50 is 2.58, R 0 is 1', async (t) => {
  t.equal(mosOfRating(93.2).toFixed(2), '4.41');
  t.equal(mosOfRating(50).toFixed(2), '2.58');
  t.equal(mosOfRating(0), 1);
  t.equal(mosOfRating(3), 1);
  t.equal(estimateMos(good), 4.39);
});

t.test('loss, jitter, delay and an unknown codec each cost something', async (t) => {
  const best = ratingFactor(good);
  t.ok(ratingFactor({ ...good, lossRatio: 0.02 }) < best - 5);
  t.ok(ratingFactor({ ...good, roundTripMs: 600 }) < best - 10);
  t.ok(ratingFactor({ ...good, jitterMs: 80 }) < best - 1);
  t.ok(ratingFactor({ ...good, codec: 'G729' }) < best - 5);
  t.ok(estimateMos({ ...good, lossRatio: 0.02, burstRatio: 3 }) < estimateMos({ ...good, lossRatio: 0.02 }));
});

t.test('more loss is never better, and nothing leaves the scale', async (t) => {
  let before = 5;
  for (let loss = 0; loss <= 1; loss += 0.01) {
    const mos = estimateMos({ ...good, lossRatio: loss });
    if (mos > before || mos < 1 || mos > 4.5) t.fail(`${loss}: ${mos}`);
    before = mos;
  }
  t.ok(estimateMos({ ...good, lossRatio: 1, roundTripMs: 5000 }) >= 1);
});
