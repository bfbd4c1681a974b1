// npm run fuzz: every parser of what strangers send, with mutated examples, for as long as it is told. Prints seeds, so that what fails can
// be repeated: the exit code is 1 then, and the message lies beside.
//
//   npm run fuzz -- --minutes 30 --seed 7 --parser SDP

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/shared/random.ts';
import { fuzz } from './parser.ts';
import { signInParsers } from './parsers-sign-in.ts';
import { sipParsers } from './parsers-sip.ts';
import { webParsers } from './parsers-web.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    parser: { type: 'string', default: '' },
  },
});
const wanted = values.parser.toLowerCase();
const parsers = [...sipParsers, ...webParsers, ...signInParsers].filter(({ name }) =>
  name.toLowerCase().includes(wanted),
);
const until = Date.now() + Number(values.minutes) * 60_000;
const counts = new Map<string, { messages: number; slowestMs: number }>();
const turnMs = 2_000;
let seed = Number(values.seed);
let faults = 0;
const heapAtStart = process.memoryUsage().heapUsed;

console.log(`${parsers.length} parsers, ${values.minutes} minutes, seed ${seed}`);
for (let turn = 0; Date.now() < until && parsers.length > 0; turn++) {
  const parser = parsers[turn % parsers.length]!;
  if (turn % parsers.length === 0 && turn > 0) seed++;
  const run = await fuzz(parser, seededRandom(seed), Math.min(turnMs, until - Date.now()));
  const before = counts.get(parser.name) ?? { messages: 0, slowestMs: 0 };
  counts.set(parser.name, {
    messages: before.messages + run.messages,
    slowestMs: Math.max(before.slowestMs, run.slowestMs),
  });
  if (run.fault) {
    faults++;
    const path = join(tmpdir(), `engawa-fuzz-${seed}-${turn}.bin`);
    writeFileSync(path, run.fault.message);
    console.log(`${parser.name}, seed ${seed}, message ${run.fault.round}: ${run.fault.what}\n  the message: ${path}`);
  }
  if (turn % parsers.length === parsers.length - 1) {
    const total = [...counts.values()].reduce((sum, { messages }) => sum + messages, 0);
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    console.log(`seed ${seed}: ${total.toLocaleString('en')} messages so far, ${faults} faults, ${left} s left`);
  }
}
for (const [name, { messages, slowestMs }] of counts)
  console.log(`${name.padEnd(70)}${String(messages).padStart(10)} messages, slowest ${slowestMs.toFixed(1)} ms`);
const grown = (process.memoryUsage().heapUsed - heapAtStart) / 2 ** 20;
console.log(`${faults} faults; the heap is ${grown.toFixed(0)} MB larger than at the start`);
process.exit(faults === 0 ? 0 : 1);
