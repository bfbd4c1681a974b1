// What a decision costs, counted in work and not in time: candidates looked at, and comparisons made.

import { test } from 'tap';
import type { CallId, PersonId } from '../../shared/ids.ts';
import { seededRandom } from '../../shared/random.ts';
import { createAcd } from './distributor.ts';

const queueNames = ['a', 'b', 'c'];

/** A centre with so many free agents, then with so many waiting calls; the work of 1000 decisions in each. */
function effortOf(size: number) {
  const effort = { comparisons: 0, candidates: 0 };
  const random = seededRandom(size);
  const queues = queueNames.map((name) => ({
    name,
    label: { ja: name, en: name },
    ringTimeoutSeconds: 20,
    afterCallWorkSeconds: 0,
    serviceLevelSeconds: 20,
    shortAbandonSeconds: 5,
  }));
  const acd = createAcd({ queues, effort });
  let now = 0;
  const arrive = (i: number, piiClass: 'none' | 'personal') => {
    now += 1;
    const facts = { direction: 'inbound' as const, piiClass };
    const call = { callId: `c${i}` as CallId, queue: random.pick(queueNames), enteredAt: now, facts, priority: 0 };
    return acd.apply({ kind: 'callWaiting', call }, now);
  };
  for (let i = 0; i < size; i++) {
    const personId = `p${i}` as PersonId;
    const clearance = i % 2 ? ('personal' as const) : ('none' as const);
    acd.apply({ kind: 'agentSignedIn', agent: { personId, queues: queueNames, clearance, place: 'home' } }, now);
    now += random.integer(0, 5);
    acd.apply({ kind: 'agentReady', personId }, now);
  }
  const measured = (work: () => void) => {
    Object.assign(effort, { comparisons: 0, candidates: 0 });
    work();
    return { ...effort };
  };
  const decisions = Math.min(1000, size / 2);
  let offers = 0;
  const calls = measured(() => {
    for (let i = 0; i < decisions; i++)
      offers += arrive(i, i % 2 ? 'personal' : 'none').filter((e) => e.kind === 'offer').length;
  });
  // Everybody else is busy; as many wait.
  for (let i = 0; i < size; i++) acd.apply({ kind: 'agentNotReady', personId: `p${i}` as PersonId, because: 'x' }, now);
  for (let i = 0; i < size; i++) arrive(decisions + i, i % 3 ? 'none' : 'personal');
  const agents = measured(() => {
    for (let i = 0; i < decisions; i++) {
      now += 1;
      const effects = acd.apply({ kind: 'agentReady', personId: `p${i}` as PersonId }, now);
      offers += effects.filter((e) => e.kind === 'offer').length;
    }
  });
  return { calls, agents, decisions, offers };
}

test('a decision looks at as many candidates in a large centre as in a small one', async (t) => {
  const small = effortOf(100);
  const large = effortOf(20_000);
  for (const [which, { decisions, offers }] of Object.entries({ small, large })) {
    t.equal(offers, 2 * decisions, `${which}: every decision made an offer`);
  }
  for (const side of ['calls', 'agents'] as const) {
    const candidates = (one: typeof small) => one[side].candidates / one.decisions;
    t.ok(candidates(large) <= 12, `${side}: ${candidates(large)} candidates`);
    t.ok(
      candidates(large) <= candidates(small) * 1.5,
      `${side}: ${candidates(small)} → ${candidates(large)} candidates`,
    );
    const comparisons = (one: typeof small) => one[side].comparisons / one.decisions;
    // 200 times as large: the indices are a few levels deeper, a scan would cost 200 times as much.
    const [few, many] = [comparisons(small), comparisons(large)];
    t.ok(many <= few * 4, `${side}: ${few.toFixed(1)} → ${many.toFixed(1)} comparisons`);
  }
});
