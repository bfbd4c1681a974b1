// Scripts on their way to Redis: all that are called in one turn of the event loop go as one pipeline, in the order of their calls.
// EVALSHA first; a server that does not know a script (SCRIPT FLUSH, a restart) gets it with EVAL.
// When a reply does not come in time, or is an error, the connection is of no more use: `onFault`, once.
//
// The time is watched from outside, by looking twice: a process that was itself held up finds its overdue replies in the socket
// between the two looks, and does not blame the server.

import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { asError } from '../../shared/errors.ts';
import { unavailable } from '../live/link.ts';
import { type ScriptName, scripts } from './lua.ts';
import { sentenceFor } from './refusals.ts';

interface Call {
  script: ScriptName;
  args: (string | number)[];
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

const mostPerPipeline = 500;

const shas = Object.fromEntries(
  Object.entries(scripts).map(([name, lua]) => [name, createHash('sha1').update(lua).digest('hex')]),
) as Record<ScriptName, string>;

export class Batches {
  private readonly client: Redis;
  private readonly key: string;
  private readonly onFault: (because: string) => void;
  private waiting: Call[] = [];
  private readonly underWay = new Set<{ since: number; calls: readonly Call[] }>();
  private scheduled = false;
  private fault: string | undefined;

  /** `key` is any key of ours: the scripts build theirs in the same slot. */
  constructor(client: Redis, key: string, onFault: (because: string) => void) {
    this.client = client;
    this.key = key;
    this.onFault = onFault;
  }

  /** Since when the oldest call under way waits, by performance.now(). */
  get oldest(): number | undefined {
    const [first] = this.underWay;
    return first?.since;
  }

  run(script: ScriptName, args: (string | number)[]): Promise<unknown> {
    if (this.fault !== undefined) return Promise.reject(unavailable(this.fault));
    return new Promise((resolve, reject) => {
      this.waiting.push({ script, args, resolve, reject });
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Everything that waits or is under way is rejected. */
  fail(because: string): void {
    if (this.fault !== undefined) return;
    this.fault = because;
    const lost = [...[...this.underWay].flatMap(({ calls }) => calls), ...this.waiting];
    this.underWay.clear();
    this.waiting = [];
    for (const call of lost) call.reject(unavailable(because));
  }

  private flush(): void {
    this.scheduled = false;
    while (this.waiting.length > 0) void this.send(this.waiting.splice(0, mostPerPipeline));
  }

  private async send(calls: readonly Call[], whole = false): Promise<void> {
    const batch = { since: performance.now(), calls };
    this.underWay.add(batch);
    const pipeline = this.client.pipeline();
    for (const { script, args } of calls) {
      if (whole) pipeline.eval(scripts[script], 1, this.key, ...args);
      else pipeline.evalsha(shas[script], 1, this.key, ...args);
    }
    try {
      const replies = (await pipeline.exec()) ?? [];
      this.underWay.delete(batch);
      this.settle(calls, replies);
    } catch (error) {
      this.broke(asError(error));
    }
  }

  private settle(calls: readonly Call[], replies: readonly [Error | null, unknown][]): void {
    const unknown: Call[] = [];
    let fault: Error | undefined;
    calls.forEach((call, i) => {
      const [error, reply] = replies[i] ?? [new Error('Connection is closed.'), undefined];
      if (!error) call.resolve(reply);
      else if (error.message.startsWith('NOSCRIPT')) unknown.push(call);
      else {
        call.reject(unavailable(sentenceFor(error)));
        fault ??= error;
      }
    });
    if (unknown.length > 0) void this.send(unknown, true);
    if (fault) this.broke(fault);
  }

  private broke(error: Error): void {
    if (this.fault !== undefined) return;
    const because = sentenceFor(error);
    this.fail(because);
    this.onFault(because);
  }
}
