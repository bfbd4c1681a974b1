// The load on one node of the live state, wherever the node runs: appends and puts as fast as they are acknowledged, and entries at a
// measured pace whose way to the other nodes is timed. One clock for all processes of this machine (process.hrtime).

import type { LiveState } from '../src/store/live-state.ts';

export interface LoadSettings {
  seconds: number;
  /** Appends or puts on their way at once. */
  inFlight: number;
}

export interface LiveStateLoad {
  /** How many were acknowledged. */
  flood(what: 'append' | 'put', settings: LoadSettings): Promise<number>;
  /** Appends one every `everyMs`. */
  pace(count: number, everyMs: number): Promise<number>;
  /** Of what others paced and this node was told since it was asked last, in milliseconds; with `own`, of its own. */
  latencies(own: boolean): number[];
  /** Entries of the log this node was told. */
  told(): number;
  close(): Promise<void>;
}

const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000;

export function createLiveStateLoad(node: LiveState): LiveStateLoad {
  const log = node.log<{ sentAt?: number }>('bench');
  const map = node.map<object>('bench');
  let told = 0;
  let seen: { ms: number; own: boolean }[] = [];
  log.follow({
    onSnapshot() {},
    onLost() {},
    onEntry({ value, from }) {
      told += 1;
      if (value.sentAt !== undefined) seen.push({ ms: nowMs() - value.sentAt, own: from === node.nodeId });
    },
  });
  return {
    async flood(what, { seconds, inFlight }) {
      const until = nowMs() + seconds * 1000;
      let done = 0;
      const worker = async (number: number) => {
        for (let i = 0; nowMs() < until; i++) {
          if (what === 'append') await log.append({});
          else await map.put(`${node.nodeId} ${number} ${i % 20}`, { state: 'available', since: i });
          done += 1;
          // In memory nothing else would be run otherwise.
          if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, number) => worker(number)));
      return done;
    },
    async pace(count, everyMs) {
      for (let i = 0; i < count; i++) {
        await Promise.all([log.append({ sentAt: nowMs() }), new Promise((resolve) => setTimeout(resolve, everyMs))]);
      }
      return count;
    },
    latencies(own) {
      const taken = seen.filter((each) => each.own === own).map(({ ms }) => ms);
      seen = [];
      return taken;
    },
    told: () => told,
    close: () => node.close(),
  };
}
