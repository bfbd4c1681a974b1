// One media server of the pool: whether it may be given calls, and why not. Proved before the first call and after every
// trouble; its health asked regularly; a breaker around it (breaker.ts); drained for maintenance.
//
//   starting ─proved▶ up ⇄ down         down and starting: proved again and again, with growing pauses
//
// Does not choose (media-pool.ts) and does not know calls.

import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { MediaServerState } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import type { MediaServer } from '../media-server.ts';
import { type BreakerSettings, createBreaker } from './breaker.ts';

export interface PoolMember {
  name: string;
  server: MediaServer;
  region?: string;
  /** Its share of the load, against the others'. 1 unless told. */
  weight?: number;
}

export interface MediaMemberView {
  name: string;
  kind: MediaServer['kind'];
  region: string | null;
  weight: number;
  state: MediaServerState;
  because: string;
  draining: boolean;
  /** Of this program, and, where the server tells, of everybody who uses it. */
  endpoints: number;
}

export interface MemberTimes {
  healthEveryMs: number;
  healthLimitMs: number;
  probeLimitMs: number;
  /** Between two proofs of a server that is down; doubled each time. */
  firstRetryMs: number;
  longestRetryMs: number;
}

export const memberTimes: MemberTimes = {
  healthEveryMs: 2000,
  healthLimitMs: 2000,
  probeLimitMs: 15_000,
  firstRetryMs: 500,
  longestRetryMs: 10_000,
};

export interface Member extends Required<Pick<PoolMember, 'name' | 'server' | 'weight'>> {
  readonly region: string | undefined;
  /** May be given calls that it carries already. */
  readonly serves: boolean;
  /** May be given new calls. */
  readonly takesCalls: boolean;
  /** Endpoints and rooms that this pool has on it, those that are being made included. */
  users: number;
  /** How much it carries, by what is known of it. */
  readonly load: number;
  view(): MediaMemberView;
  /** Resolves after the first proof, whatever it showed. */
  start(): Promise<void>;
  failed(because: string): void;
  setDraining(draining: boolean): void;
  /** `users` has changed. */
  usersChanged(): void;
  stop(): void;
}

export interface MemberNeeds {
  clock: Clock;
  log: Logger;
  member: PoolMember;
  breaker: BreakerSettings;
  times: MemberTimes;
  onState(change: { member: string; state: MediaServerState; because: string }): void;
}

type Standing = { state: 'starting' | 'up' | 'down'; because: string };

export function createMember({ clock, log, member, breaker: settings, times, onState }: MemberNeeds): Member {
  const { name, server, region, weight = 1 } = member;
  const breaker = createBreaker(settings);
  let standing: Standing = { state: 'starting', because: 'not proved yet' };
  let draining = false;
  let retryMs = times.firstRetryMs;
  let told: MediaServerState | undefined;
  let stopped = false;
  let proving: Promise<void> | undefined;
  let askingHealth = false;
  let timer: Timer | undefined;
  let halfOpenTimer: Timer | undefined;
  let others = 0;

  function state(): MediaServerState {
    if (standing.state !== 'up') return standing.state;
    if (breaker.state !== 'closed') return breaker.state;
    return draining ? (self.users === 0 ? 'drained' : 'draining') : 'up';
  }

  function changed(because: string): void {
    const now = state();
    if (now === told || stopped) return;
    told = now;
    log[now === 'down' || now === 'open' ? 'error' : 'info'](
      { mediaServer: name, state: now, because },
      'media server',
    );
    onState({ member: name, state: now, because });
  }

  function limited<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = clock.after(ms, () => reject(new Error(`${what} took longer than ${ms / 1000} s`)));
      work.then(resolve, reject).finally(() => late.cancel());
    });
  }

  /** Proves it, once at a time: media through it and the way back from it, or its own word where it cannot be proved. */
  function prove(): Promise<void> {
    timer?.cancel();
    proving ??= (async () => {
      const proof: Promise<{ ok: boolean; because?: string }> = server.probe?.() ?? server.health();
      const proved = await limited(proof, times.probeLimitMs, 'the proof').catch((thrown: unknown) => ({
        ok: false,
        because: asError(thrown).message,
      }));
      proving = undefined;
      if (stopped) return;
      if (proved.ok) {
        standing = { state: 'up', because: 'proved' };
        retryMs = times.firstRetryMs;
        breaker.proved();
        halfOpenTimer?.cancel();
        changed('proved');
        timer = clock.after(times.healthEveryMs, () => void askHealth());
        return;
      }
      goDown(proved.because ?? 'it does not say why');
      if (breaker.state === 'half-open') breaker.failed(clock.now());
    })();
    return proving;
  }

  function goDown(because: string): void {
    standing = { state: 'down', because };
    changed(because);
    timer?.cancel();
    timer = clock.after(retryMs, () => void prove());
    retryMs = Math.min(retryMs * 2, times.longestRetryMs);
  }

  async function askHealth(): Promise<void> {
    if (askingHealth || proving || stopped) return;
    askingHealth = true;
    timer?.cancel();
    const before = self.users;
    const health = await limited(server.health(), times.healthLimitMs, 'its health').catch((thrown: unknown) => ({
      ok: false,
      because: asError(thrown).message,
      endpoints: before,
    }));
    askingHealth = false;
    if (stopped || standing.state !== 'up' || proving) return;
    others = Math.max(0, health.endpoints - before);
    if (!health.ok) return goDown(health.because ?? 'it says that it is not well');
    timer = clock.after(times.healthEveryMs, () => void askHealth());
  }

  const off = server.on('engineState', ({ up }) => {
    if (stopped) return;
    // What is restarted need not wait for the next pause to be over.
    if (up && standing.state === 'down') void prove();
    else if (!up && standing.state === 'up') void askHealth();
  });

  const self: Member = {
    name,
    server,
    weight,
    region,
    users: 0,
    get serves() {
      return standing.state === 'up' && breaker.state === 'closed';
    },
    get takesCalls() {
      return self.serves && !draining;
    },
    get load() {
      return self.users + others;
    },
    view() {
      const now = state();
      const because = now === 'down' || now === 'starting' ? standing.because : now;
      return {
        name,
        kind: server.kind,
        region: region ?? null,
        weight,
        state: now,
        because,
        draining,
        endpoints: self.load,
      };
    },
    start: prove,
    failed(because) {
      const opened = breaker.failed(clock.now());
      if (opened) {
        changed(because);
        halfOpenTimer = clock.after(opened.openMs, () => {
          breaker.halfOpen();
          changed('to be proved');
          void prove();
        });
      }
      void askHealth();
    },
    setDraining(next) {
      draining = next;
      changed(next ? 'asked to' : 'resumed');
    },
    usersChanged() {
      if (draining) changed('nothing is left on it');
    },
    stop() {
      stopped = true;
      off();
      timer?.cancel();
      halfOpenTimer?.cancel();
    },
  };
  return self;
}
