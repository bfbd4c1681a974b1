// Who is shut out of SIP, why and until when. A source earns points for what nobody honest does; with enough of them within a while it is
// blocked, longer each time. Trunks and allowed networks earn none: that is decided before, in sip-guard.ts.
// Everything is bounded, because the sender of a datagram may be invented: the oldest entries give way. Pure; lives in memory, and
// over several nodes by the events `source-blocked` and `source-let-in`.

import { isIPv6 } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { BlockReason } from '../../shared/events.ts';

export type { BlockReason } from '../../shared/events.ts';

export interface Block {
  /** An IPv4 address, or the first 64 bits of an IPv6 one (`2001:db8:0:1::/64`): whoever has one address of those has all. */
  source: string;
  /** The address whose message was one too many. */
  address: string;
  because: BlockReason;
  since: number;
  until: number;
  /** Messages and connections that came since, and were not looked at. */
  dropped: number;
}

export interface BlockSettings {
  /** With so many points within `perSeconds` a source is blocked. */
  points: number;
  perSeconds: number;
  /** The first block; each further one within a day lasts twice as long, a day at most. */
  seconds: number;
}

/** `scanner` says who it is; the rest may be a mistake once or twice. */
export const pointsOf: Readonly<Record<BlockReason, number>> = {
  scanner: 100,
  'unknown-source': 2,
  'malformed-sip': 1,
  'digest-guessing': 2,
  flood: 1,
  'idle-connection': 2,
};

export const defaultBlockSettings: BlockSettings = { points: 20, perSeconds: 60, seconds: 600 };

export interface Blocks {
  /** True when this made a block of it. */
  strike(address: string, because: BlockReason): boolean;
  /** Counts what is dropped. */
  isBlocked(address: string): boolean;
  list(): Block[];
  /** False: there is no such block. */
  lift(source: string): boolean;
  /** Another node has blocked it. */
  adopt(block: Pick<Block, 'source' | 'because' | 'until'>): void;
  /** Points given since the start, by reason. */
  readonly strikes: Readonly<Record<string, number>>;
  readonly dropped: number;
}

const maxSources = 20_000;
const dayMs = 86_400_000;

interface Suspect {
  points: number;
  since: number;
}

export function createBlocks(needs: {
  clock: Clock;
  settings?: Partial<BlockSettings>;
  onBlocked?: (block: Block) => void;
}): Blocks {
  const { clock } = needs;
  const settings = { ...defaultBlockSettings, ...needs.settings };
  const blocks = new Map<string, Block>();
  const suspects = new Map<string, Suspect>();
  /** How long the last block of a source was, for the next one. */
  const earlier = new Map<string, { lastedMs: number; at: number }>();
  const strikes: Record<string, number> = {};
  let dropped = 0;

  function remember<T>(map: Map<string, T>, key: string, value: T): void {
    if (!map.has(key) && map.size >= maxSources) map.delete(map.keys().next().value!);
    map.set(key, value);
  }

  function find(source: string): Block | undefined {
    const block = blocks.get(source);
    if (!block || block.until > clock.now()) return block;
    blocks.delete(source);
    return undefined;
  }

  function block(address: string, source: string, because: BlockReason): void {
    const now = clock.now();
    const before = earlier.get(source);
    const repeated = before !== undefined && now - before.at < dayMs;
    const lastsMs = Math.min(dayMs, repeated ? before.lastedMs * 2 : settings.seconds * 1000);
    remember(earlier, source, { lastedMs: lastsMs, at: now });
    const made: Block = { source, address, because, since: now, until: now + lastsMs, dropped: 0 };
    remember(blocks, source, made);
    suspects.delete(source);
    needs.onBlocked?.({ ...made });
  }

  return {
    strike(address, because) {
      const source = sourceOf(address);
      strikes[because] = (strikes[because] ?? 0) + 1;
      if (find(source)) return false;
      const now = clock.now();
      const known = suspects.get(source);
      const fresh = known && now - known.since < settings.perSeconds * 1000 ? known : { points: 0, since: now };
      fresh.points += pointsOf[because];
      if (fresh.points < settings.points) {
        remember(suspects, source, fresh);
        return false;
      }
      block(address, source, because);
      return true;
    },
    isBlocked(address) {
      if (blocks.size === 0) return false;
      const found = find(sourceOf(address));
      if (!found) return false;
      found.dropped++;
      dropped++;
      return true;
    },
    list() {
      for (const source of [...blocks.keys()]) find(source);
      return [...blocks.values()].map((each) => ({ ...each })).sort((a, b) => b.since - a.since);
    },
    lift(source) {
      suspects.delete(source);
      earlier.delete(source);
      return blocks.delete(source);
    },
    adopt({ source, because, until }) {
      if (find(source) || until <= clock.now()) return;
      remember(blocks, source, { source, address: source, because, since: clock.now(), until, dropped: 0 });
    },
    strikes,
    get dropped() {
      return dropped;
    },
  };
}

/** What is blocked with this address. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const words = [...left, ...Array.from({ length: zeros }, () => '0'), ...right].slice(0, 4);
  return `${words.map((word) => Number.parseInt(word, 16).toString(16)).join(':')}::/64`;
}
