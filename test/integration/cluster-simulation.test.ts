// The queues of several nodes under random calls, kills, cuts and losses of the live state, on a simulated clock. Repeat a run
// with SEED=…; ENGAWA_SIMULATED_EVENTS=1000000 runs longer. The same events every time unless told.

import { test } from 'tap';
import { SimulatedNodes } from '../support/live/simulated-nodes.ts';

const seed = Number(process.env['SEED'] ?? 1);
const events = Number(process.env['ENGAWA_SIMULATED_EVENTS'] ?? 100_000);
const roundEvents = 2000;

async function run(delayMs: number, rounds: number, roundSeed: number, seen: Record<string, number>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const nodes = new SimulatedNodes({ seed: roundSeed + round, nodes: 3, agents: 12, delayMs });
    await nodes.begin();
    for (let i = 0; i < roundEvents; i++) await nodes.step(i % 1000 > 800);
    await nodes.settle();
    nodes.end();
    for (const [what, count] of Object.entries(nodes.seen)) seen[what] = (seen[what] ?? 0) + count;
  }
}

test(`${events} random events on three nodes keep every promise (SEED=${seed})`, async (t) => {
  const rounds = Math.ceil(events / roundEvents / 2);
  const seen: Record<string, number> = {};
  await run(0, rounds, seed, seen);
  await run(40, rounds, seed + 1_000_000, seen);
  t.comment(JSON.stringify(seen));
  for (const what of ['answered', 'node killed', 'node cut off', 'live state stopped', 'live state started empty'])
    t.ok((seen[what] ?? 0) > 0, `${what} happened`);
});
