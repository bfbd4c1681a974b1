// What goes wrong in the lab: lines that lose, jitter or are cut; media engines, nodes and Redis that are killed and come back. One trouble of
// a kind at a time, each undone after a while; which and how long is drawn from the seed.

import type { ChildProcess } from 'node:child_process';
import type { Random } from '../../src/shared/random.ts';
import type { Ledger } from './ledger.ts';
import type { Company, LabNode } from './nodes.ts';
import type { Site } from './sites.ts';
import type { Wire } from './wire.ts';

export const troubleKinds = ['line', 'cut', 'media', 'redis', 'node'] as const;
export type TroubleKind = (typeof troubleKinds)[number];

export interface TroubleNeeds {
  kinds: readonly TroubleKind[];
  random: Random;
  wire: Wire;
  nodes: readonly LabNode[];
  homes: readonly Site[];
  company: Company;
  redis: { child: ChildProcess };
  ledger: Ledger;
  say: (line: string) => void;
}

export interface Troubles {
  /** Begins one, unless all of its kind are busy. */
  one(): void;
  /** Waits until all are undone. */
  end(): Promise<void>;
  counts(): Record<string, number>;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function createTroubles(needs: TroubleNeeds): Troubles {
  const { kinds, random, wire, nodes, homes, company, redis, ledger, say } = needs;
  const busy = new Map<TroubleKind, Promise<void>>();
  const counts: Record<string, number> = {};

  const make: Record<TroubleKind, () => Promise<void>> = {
    async line() {
      const home = random.pick(homes);
      const weather = {
        lossPercent: random.integer(1, 15),
        delayMs: random.integer(5, 80),
        jitterMs: random.integer(0, 40),
      };
      say(`${home.name}: ${weather.lossPercent} % loss, ${weather.delayMs} ms and up to ${weather.jitterMs} more`);
      wire.line(home.lineAddress, weather);
      await pause(random.integer(5_000, 20_000));
      wire.line(home.lineAddress, { lossPercent: 0, delayMs: 0, jitterMs: 0 });
    },
    async cut() {
      const home = random.pick(homes);
      const ms = random.integer(500, 8_000);
      say(`${home.name}: cut for ${ms} ms`);
      wire.line(home.lineAddress, { cut: true });
      await pause(ms);
      wire.line(home.lineAddress, { cut: false });
    },
    async media() {
      const node = random.pick(nodes.filter(({ up }) => up));
      const pid = random.pick(node?.engines() ?? []);
      if (!pid) return;
      say(`${node!.name}: a media engine is killed`);
      process.kill(pid, 'SIGKILL');
      await pause(5_000);
    },
    async redis() {
      const ms = random.integer(500, 15_000);
      say(`Redis is killed, and back in ${ms} ms`);
      redis.child.kill('SIGKILL');
      await pause(ms);
      redis.child = await company.startRedis();
      await pause(10_000);
    },
    async node() {
      const up = nodes.filter((node) => node.up);
      if (up.length < 2) return;
      const node = random.pick(up);
      say(`${node.name} is killed`);
      ledger.nodeDied(node.name);
      await node.stop('SIGKILL');
      await pause(random.integer(2_000, 20_000));
      await node.start();
      say(`${node.name} is back`);
      await pause(10_000);
    },
  };

  return {
    one() {
      const kind = random.pick(kinds.filter((one) => !busy.has(one)));
      if (!kind) return;
      counts[kind] = (counts[kind] ?? 0) + 1;
      const made = make[kind]()
        .catch((thrown: unknown) => say(`trouble with making trouble (${kind}): ${thrown}`))
        .finally(() => busy.delete(kind));
      busy.set(kind, made);
    },
    end: async () => void (await Promise.allSettled(busy.values())),
    counts: () => counts,
  };
}
