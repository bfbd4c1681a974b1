// Days of a contact centre at random, over all strategies: sensible and senseless inputs against a second, naive bookkeeping
// that is made from the effects alone (shadow-acd.ts). ENGAWA_ACD_EVENTS says how many inputs, all strategies together; repeat a
// run with SEED=… in the environment.

import { test } from 'tap';
import {
  beginsAt,
  longestWorkSeconds,
  queuesOf,
  RandomCentre,
  rules,
} from '../../../test/support/acd/random-centre.ts';
import { ShadowAcd } from '../../../test/support/acd/shadow-acd.ts';
import { seededRandom } from '../../shared/random.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import type { AcdInput, Strategy } from './acd.ts';
import { alertingGraceMs, createAcd, reservationLeaseMs } from './distributor.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const days: readonly (readonly Strategy[])[] = [
  ['longest-idle'],
  ['round-robin'],
  ['least-occupied'],
  ['fewest-calls'],
  ['ring-all'],
  ['longest-idle', 'round-robin', 'ring-all', 'least-occupied'],
];
const events = Math.ceil(Number(process.env['ENGAWA_ACD_EVENTS'] ?? 60_000) / days.length);
const seenInAll = new Map<string, number>();
const longestLeaseMs = Math.max(reservationLeaseMs, 20_000 + alertingGraceMs, longestWorkSeconds * 1000);

function simulate(strategies: readonly Strategy[], ownSeed: number) {
  const random = seededRandom(ownSeed);
  const queues = queuesOf(strategies);
  const needs = { queues, compilePolicy };
  let acd = createAcd({ ...needs, policy: rules[0]! });
  const shadow = new ShadowAcd(queues, compilePolicy(rules[0]!), compilePolicy);
  const centre = new RandomCentre(random, 12, shadow);
  const seen: Record<string, number> = {};
  let now = beginsAt;
  const count = (what: string) => {
    seen[what] = (seen[what] ?? 0) + 1;
  };
  const apply = (input: AcdInput, step: number) => {
    try {
      shadow.told(input, now);
      for (const effect of acd.apply(input, now)) {
        count(effect.kind === 'overflow' ? effect.because : effect.kind);
        shadow.happened(effect, input, now);
      }
      shadow.compare(acd, now, longestLeaseMs);
      if (step % 50 === 0) shadow.compareAll(acd, now);
    } catch (thrown) {
      throw new Error(`step ${step}, ${JSON.stringify(input)}, SEED=${ownSeed}`, { cause: thrown });
    }
  };
  /** What is due is let happen at its own time, so that the bookkeeping can follow. */
  const passTo = (until: number, step: number) => {
    for (let due = acd.nextDeadline(); due !== undefined && due <= until; due = acd.nextDeadline()) {
      now = Math.max(now, due);
      apply({ kind: 'tick' }, step);
    }
    now = Math.max(now, until);
  };
  for (let step = 0; step < events; step++) {
    passTo(now + (random.next() < 0.5 ? 0 : random.integer(0, 1500)), step);
    apply(centre.input(now, step), step);
    if (step % 500 !== 0) continue;
    // Through JSON and back: nobody may notice.
    count('restored');
    const kept = JSON.stringify(acd.snapshot());
    acd = createAcd({ ...needs, from: JSON.parse(kept) });
    if (JSON.stringify(acd.snapshot()) !== kept) throw new Error(`a restored ACD is another, SEED=${ownSeed}`);
  }
  return { acd, seen, passTo, now: () => now };
}

for (const [i, strategies] of days.entries()) {
  const ownSeed = seed + i;
  test(`${events} random events with ${strategies.join(', ')} keep every promise (SEED=${ownSeed})`, async (t) => {
    const { acd, seen, passTo, now } = simulate(strategies, ownSeed);
    for (const [kind, times] of Object.entries(seen)) seenInAll.set(kind, (seenInAll.get(kind) ?? 0) + times);
    t.comment(`${JSON.stringify(seen)}, ${acd.ignoredInputs} impossible inputs`);

    // Nobody reports anything any more: time alone frees every agent who is not talking.
    passTo(now() + 3 * 86_400_000, events);
    const stuck = acd.agents().filter((agent) => ['reserved', 'alerting', 'after-call-work'].includes(agent.state));
    t.same(stuck, [], 'nobody is stuck');
  });
}

test('in all these days everything that is promised was put to the test', async (t) => {
  for (const kind of [
    'offer',
    'withdraw',
    'agentState',
    'refused',
    'waited-too-long',
    'full',
    'nobody-ready',
    'restored',
  ])
    t.ok((seenInAll.get(kind) ?? 0) > 0 || events < 10_000, `${kind}: ${seenInAll.get(kind)}`);
});
