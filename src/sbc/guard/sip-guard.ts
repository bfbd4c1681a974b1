// Who may speak SIP to us, asked for every datagram and connection before a byte of it is read (ASVS 5.0 17.3.1).
//
//   friend    trunks' addresses and networks that are allowed: never blocked, never silenced, limited by their trunk alone
//   asked     we sent it a request within some minutes: it may answer, and is not blocked
//   blocked   not looked at
//   stranger  read within limits (of its own, and of all strangers together), and heard only where it has a right: a response to a
//             request of ours, a request in a dialog of ours, to a Contact that we registered, or, where a trunk proves itself by
//             password, an INVITE. Everything else gets no answer at all, and points (blocks.ts).
//
// Holds no socket and parses nothing. What speaks over our WebSocket was let in by its session and is not asked about here.

import { createAddressMatch } from '../../shared/address-match.ts';
import type { Clock } from '../../shared/clock.ts';
import { type BlockReason, type Blocks, sourceOf } from './blocks.ts';
import { createScannerTest } from './scanners.ts';
import { createTokenBuckets } from './token-buckets.ts';

export type Standing = 'friend' | 'asked' | 'stranger' | 'blocked';

/** What the border knows of its trunks. */
export interface TrunkSources {
  owns(address: string): boolean;
  /** The user part is the random Contact that one of our trunks has registered. */
  isRegisteredContact(user: string): boolean;
  /** A trunk proves itself by credentials, from wherever it is. */
  readonly takesCredentials: boolean;
}

export interface GuardSettings {
  /** Addresses and networks that are never blocked nor silenced, besides those of trunks. */
  allow: readonly string[];
  /** Addresses and networks that are never answered. */
  deny: readonly string[];
  /** Further names of scanners. */
  scanners: readonly string[];
  /** `refuse`: strangers are told 403, as a border that does not hide. */
  strangers: 'silence' | 'refuse';
  /** Messages of one stranger that are read, a second. */
  strangerMessagesPerSecond: number;
  /** Messages of all strangers together that are read, a second. */
  strangersMessagesPerSecond: number;
  /** Connections (TCP, TLS) of one stranger at once. */
  strangerConnections: number;
  /** Connections of all strangers at once. */
  strangersConnections: number;
}

export const defaultGuardSettings: GuardSettings = {
  allow: [],
  deny: [],
  scanners: [],
  strangers: 'silence',
  strangerMessagesPerSecond: 10,
  strangersMessagesPerSecond: 500,
  strangerConnections: 10,
  strangersConnections: 500,
};

export interface SipGuard {
  readonly settings: GuardSettings;
  standing(address: string): Standing;
  /** Before a datagram, or a message of a connection, is read; false: drop it. Counts, and gives points for too many. */
  admitsMessage(address: string): boolean;
  /** A request that belongs to nothing of ours, from a stranger. False: no answer. */
  admitsRequest(request: StrangerRequest): boolean;
  strike(address: string, because: BlockReason): void;
  /** A stranger's request that a SIP server has let through, and that was refused: drachtio-server judges nobody. */
  refused(request: Pick<StrangerRequest, 'address' | 'userAgent' | 'from' | 'to'>): void;
  /** A request of ours goes there. */
  asked(address: string): void;
  follow(trunks: TrunkSources): void;
  /** What became of messages that were not taken, since the start. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface StrangerRequest {
  address: string;
  method: string;
  /** User part of the Request-URI, unescaped. */
  uriUser: string | undefined;
  userAgent: string | undefined;
  from: string;
  to: string;
}

const askedForMs = 10 * 60_000;
const maxAsked = 5_000;
const maxRemembered = 10_000;
const burstSeconds = 3;

export function createSipGuard(needs: {
  clock: Clock;
  blocks: Blocks;
  settings?: Partial<GuardSettings>;
  /** Somebody was given no answer; told once a minute of a source, and of sixty a minute. An operator may miss a carrier there. */
  onIgnored?: (address: string, method: string) => void;
}): SipGuard {
  const { clock, blocks } = needs;
  const settings = { ...defaultGuardSettings, ...needs.settings };
  const allowed = createAddressMatch(settings.allow);
  const denied = createAddressMatch(settings.deny);
  const isScanner = createScannerTest(settings.scanners);
  const own = settings.strangerMessagesPerSecond;
  const all = settings.strangersMessagesPerSecond;
  const perSource = createTokenBuckets({ perSecond: own, burst: own * burstSeconds });
  const together = createTokenBuckets({ perSecond: all, burst: all });
  const tellOf = createTokenBuckets({ perSecond: 1 / 60, burst: 1, maxKeys: 1_000 });
  const tellAtAll = createTokenBuckets({ perSecond: 1, burst: 60 });
  const askedUntil = new Map<string, number>();
  /** Asking the networks of every trunk costs more than the rest of the way: answers are kept. */
  const friends = new Map<string, boolean>();
  const counters: Record<string, number> = {};
  let trunks: TrunkSources = { owns: () => false, isRegisteredContact: () => false, takesCredentials: false };
  const count = (what: string): void => {
    counters[what] = (counters[what] ?? 0) + 1;
  };

  function isFriend(address: string): boolean {
    let friend = friends.get(address);
    if (friend === undefined) {
      friend = allowed.matches(address) || trunks.owns(address);
      if (friends.size >= maxRemembered) friends.clear();
      friends.set(address, friend);
    }
    return friend;
  }

  function wasAsked(address: string): boolean {
    const until = askedUntil.get(address);
    if (until === undefined) return false;
    if (until > clock.now()) return true;
    askedUntil.delete(address);
    return false;
  }

  function standing(address: string): Standing {
    if (isFriend(address)) return 'friend';
    if (wasAsked(address)) return 'asked';
    return denied.matches(address) || blocks.isBlocked(address) ? 'blocked' : 'stranger';
  }

  const isFromScanner = ({ userAgent, from, to }: Pick<StrangerRequest, 'userAgent' | 'from' | 'to'>): boolean =>
    [userAgent ?? '', from, to].some(isScanner);

  function strike(address: string, because: BlockReason): void {
    count(because);
    if (!isFriend(address) && !wasAsked(address)) blocks.strike(address, because);
  }

  return {
    settings,
    counters,
    standing,
    strike,
    admitsMessage(address) {
      const stands = standing(address);
      if (stands === 'friend' || stands === 'asked') return true;
      if (stands === 'blocked') {
        count('blocked');
        return false;
      }
      const now = clock.now();
      if (!perSource.take(sourceOf(address), now)) {
        strike(address, 'flood');
        return false;
      }
      if (together.take('', now)) return true;
      count('strangers-too-many');
      return false;
    },
    refused(request) {
      strike(request.address, isFromScanner(request) ? 'scanner' : 'unknown-source');
    },
    admitsRequest(request) {
      const { address, method, uriUser } = request;
      if (isFromScanner(request)) {
        strike(address, 'scanner');
        return false;
      }
      if (method === 'INVITE' && uriUser !== undefined && trunks.isRegisteredContact(uriUser)) return true;
      if (method === 'INVITE' && trunks.takesCredentials) return true;
      strike(address, 'unknown-source');
      const now = clock.now();
      if (needs.onIgnored && tellOf.take(address, now) && tellAtAll.take('', now)) needs.onIgnored(address, method);
      return settings.strangers === 'refuse';
    },
    asked(address) {
      if (isFriend(address)) return;
      if (!askedUntil.has(address) && askedUntil.size >= maxAsked) askedUntil.delete(askedUntil.keys().next().value!);
      askedUntil.set(address, clock.now() + askedForMs);
    },
    follow(sources) {
      trunks = sources;
      friends.clear();
    },
  };
}
