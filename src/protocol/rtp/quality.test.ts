import t from 'tap';
import { estimateMos, mosOfRating, ratingFactor } from './quality.ts';

const good = { codec: 'PCMU', lossRatio: 0, jitterMs: 1, roundTripMs: 20 };

t.test('G.107: R 93.2 is MOS 4.41, R 50 is 2.58, R 0 is 1', async (t) => {
  t.equal(mosOfRating(93.2).toFixed(2), '4.41');
  t.equal(mosOfRating(50).toFixed(2), '2.58');
  t.equal(mosOfRating(0), 1);
  t.equal(mosOfRating(3), 1);
  t.equal(estimateMos(good), 4.41);
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
