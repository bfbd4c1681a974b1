import t from 'tap';
import { createBreaker } from './breaker.ts';

const settings = { failures: 3, windowMs: 1000, openMs: 500, longestOpenMs: 1500 };

t.test('failures within the window open it, spread ones do not', async (t) => {
  const breaker = createBreaker(settings);
  for (const at of [0, 600, 1200, 1800, 2400]) t.equal(breaker.failed(at), undefined, `at ${at}`);
  t.equal(breaker.state, 'closed');
  t.same(breaker.failed(2500), { openMs: 500 });
  t.equal(breaker.state, 'open');
  t.equal(breaker.failed(2501), undefined, 'what fails then is no news');
});

t.test('half-open it is closed by a proof, or opened for twice as long', async (t) => {
  const breaker = createBreaker(settings);
  for (const at of [0, 1, 2]) breaker.failed(at);
  breaker.halfOpen();
  t.equal(breaker.state, 'half-open');
  t.same(breaker.failed(600), { openMs: 1000 });
  breaker.halfOpen();
  t.same(breaker.failed(1700), { openMs: 1500 }, 'no longer than the longest');
  breaker.halfOpen();
  breaker.proved();
  t.equal(breaker.state, 'closed');
  for (const at of [5000, 5001]) t.equal(breaker.failed(at), undefined);
  t.same(breaker.failed(5002), { openMs: 500 }, 'and all begins anew');
});

t.test('nothing but an open one becomes half-open', async (t) => {
  const breaker = createBreaker(settings);
  breaker.halfOpen();
  t.equal(breaker.state, 'closed');
});
