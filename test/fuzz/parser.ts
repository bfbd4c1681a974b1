// What a parser under fuzz is, and one bounded run of it: nothing throws (unless it says that it may), nothing takes long.

import type { Random } from '../../src/shared/random.ts';
import { mutate } from './mutate.ts';

export interface FuzzedParser {
  name: string;
  /** Files whose parsers it runs through, below src/. */
  covers: readonly string[];
  examples: readonly (string | Buffer)[];
  /** Words of its language, for the mutations. */
  spice?: readonly string[];
  parse(input: Buffer): unknown;
  /** A refusal by an exception that whoever calls it expects. Everything else that is thrown is a fault. */
  mayThrow?(thrown: unknown): boolean;
  /** The longest that one message may take, in milliseconds of this process's CPU; 250 unless told. */
  withinMs?: number;
}

export interface FuzzRun {
  messages: number;
  slowestMs: number;
  /** What was thrown or took too long, with the message that did it. */
  fault?: { what: string; message: Buffer; round: number };
}

/** Runs for `forMs`, or until a fault. Promises are waited for. */
export async function fuzz(parser: FuzzedParser, random: Random, forMs: number): Promise<FuzzRun> {
  const examples = parser.examples.map((example) => Buffer.from(example));
  const withinMs = parser.withinMs ?? 250;
  const until = performance.now() + forMs;
  const run: FuzzRun = { messages: 0, slowestMs: 0 };
  while (performance.now() < until || run.messages < examples.length) {
    const message =
      run.messages < examples.length
        ? examples[run.messages]!
        : mutate(random.pick(examples), random, { others: examples, ...(parser.spice ? { spice: parser.spice } : {}) });
    const cpu = process.cpuUsage();
    try {
      const result = parser.parse(Buffer.from(message));
      if (result instanceof Promise) await result;
    } catch (thrown) {
      if (!parser.mayThrow?.(thrown)) {
        const what = thrown instanceof Error ? `${thrown.stack}` : String(thrown);
        return { ...run, fault: { what: `it threw ${what}`, message, round: run.messages } };
      }
    }
    const { user, system } = process.cpuUsage(cpu);
    const tookMs = (user + system) / 1000;
    run.slowestMs = Math.max(run.slowestMs, tookMs);
    run.messages++;
    if (tookMs > withinMs)
      return { ...run, fault: { what: `it took ${tookMs.toFixed(0)} ms`, message, round: run.messages } };
    // Whatever the event loop has to do is done, too: time-outs of tests, collected garbage.
    if (run.messages % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return run;
}
