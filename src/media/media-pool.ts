// Several media servers as one. A new call goes to the one that is well, in the wanted region, and has the least load for its
// weight; everything of one call stays on one server, because what is bridged or shares a room must be together. A server
// that does not take it is passed over for the next. What each may be given is pool/member.ts's to say.
//
// A server that is draining keeps its calls, and what they still need is made there; it gets no new ones. One that is down, or
// whose breaker is open, gets nothing: a call that has something there gets the rest elsewhere, and whoever bridges the
// two moves the older after it (call/anchor/moving-endpoint.ts).

import type { Clock } from '../shared/clock.ts';
import { createEmitter } from '../shared/emitter.ts';
import { AppError, asError } from '../shared/errors.ts';
import type { CallId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointRequest, EngineLoad, MediaServer, MediaServerEvents } from './media-server.ts';
import { type BreakerSettings, breakerDefaults } from './pool/breaker.ts';
import { chooseMember } from './pool/choose-member.ts';
import {
  createMember,
  type MediaMemberView,
  type Member,
  type MemberTimes,
  memberTimes,
  type PoolMember,
} from './pool/member.ts';

export type { MediaMemberView, PoolMember };

export interface MediaPoolNeeds {
  clock: Clock;
  log: Logger;
  members: readonly PoolMember[];
  /** Where this program is: servers of other regions are taken only when none of this one can be. */
  region?: string;
  breaker?: Partial<BreakerSettings>;
  times?: Partial<MemberTimes>;
  /** A server that has not made an endpoint by then has failed; what it makes later is closed. */
  createLimitMs?: number;
}

export interface MediaPool extends MediaServer {
  readonly kind: 'pool';
  members(): MediaMemberView[];
  engineLoad(): EngineLoad[];
  /** No new calls for this server; 'drained' is told (`memberState`) when nothing is left on it. False: no such server. */
  drain(name: string): boolean;
  resume(name: string): boolean;
}

interface Home {
  member: Member;
  users: number;
}

const createLimitMs = 5000;
/** A server that hangs at the start must not keep the others from being used. */
const firstProofMs = 5000;

/** Resolves once every server has been proved or has failed to be, within 5 s; those that cannot be used yet are tried again. */
export async function createMediaPool(needs: MediaPoolNeeds): Promise<MediaPool> {
  const { clock, log } = needs;
  const names = needs.members.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new AppError('invalid-argument', `two media servers are called “${twice}”`);
  const emitter = createEmitter<MediaServerEvents>((err) => log.error({ err }, 'media listener failed'));
  const members = needs.members.map((member) =>
    createMember({
      clock,
      log,
      member,
      breaker: { ...breakerDefaults, ...needs.breaker },
      times: { ...memberTimes, ...needs.times },
      onState: (change) => emitter.emit('memberState', change),
    }),
  );
  const limitMs = needs.createLimitMs ?? createLimitMs;
  /** Where the calls are that have something somewhere; the newest last. More than one only after trouble. */
  const calls = new Map<CallId, Home[]>();
  const homes = new WeakMap<Endpoint, Member>();
  let turn = 0;
  const lastTurns = new Map<Member, number>();
  let closing: Promise<void> | undefined;

  /** Only several servers need a name of their own in front of their engines'. */
  const named = (member: Member, engine: string | undefined) =>
    engine === undefined ? member.name : members.length === 1 ? engine : `${member.name}/${engine}`;
  for (const member of members) {
    member.server.on('engineState', (event) =>
      emitter.emit('engineState', { ...event, engine: named(member, event.engine) }),
    );
    member.server.on('memberState', (event) => emitter.emit('memberState', event));
  }

  /** A server for this call that has not been tried yet, counted until `release`. */
  function place(
    callId: CallId,
    region: string | undefined,
    tried: ReadonlySet<Member>,
  ): { member: Member; release(): void } {
    if (closing) throw new AppError('shutting-down', 'media is being shut down');
    const known = calls.get(callId)?.findLast(({ member }) => member.serves && !tried.has(member));
    const home = known ?? newHome(callId, region, tried);
    return { member: home.member, release: occupy(callId, home) };
  }

  function occupy(callId: CallId, home: Home): () => void {
    home.users++;
    home.member.users++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      home.users--;
      home.member.users--;
      if (home.users === 0) forget(callId, home);
      home.member.usersChanged();
    };
  }

  function newHome(callId: CallId, region: string | undefined, tried: ReadonlySet<Member>): Home {
    const candidates = members.filter((member) => member.takesCalls && !tried.has(member));
    const member = chooseMember(
      candidates.map((each) => ({ ...facts(each), member: each })),
      region ?? needs.region,
    )?.member;
    if (!member) throw new AppError('media-unavailable', whyNone(tried));
    lastTurns.set(member, ++turn);
    const home = { member, users: 0 };
    calls.set(callId, [...(calls.get(callId) ?? []), home]);
    return home;
  }

  function forget(callId: CallId, home: Home): void {
    const left = calls.get(callId)?.filter((each) => each !== home) ?? [];
    if (left.length > 0) calls.set(callId, left);
    else calls.delete(callId);
  }

  const facts = (member: Member) => ({
    weight: member.weight,
    load: member.load,
    region: member.region,
    lastTurn: lastTurns.get(member) ?? 0,
  });

  function whyNone(tried: ReadonlySet<Member>): string {
    const each = members.map((member) => {
      const { name, state, because } = member.view();
      return `${name}: ${tried.has(member) ? 'failed just now' : because === state ? state : `${state}, ${because}`}`;
    });
    return `no media server can take this (${each.join('; ')})`;
  }

  /** Asks one server after the other until one does it; with `together` only the one where the call has something already. */
  async function onSome<T>(
    request: { callId: CallId; region?: string; together?: true },
    run: (member: Member) => Promise<T>,
    discard: (late: T) => Promise<unknown>,
  ): Promise<{ made: T; member: Member; release(): void }> {
    const tried = new Set<Member>();
    for (;;) {
      const { member, release } = place(request.callId, request.region, tried);
      try {
        return { made: await inTime(run(member), discard), member, release };
      } catch (thrown) {
        release();
        const elsewhereIsUseless =
          request.together && calls.get(request.callId)?.some((home) => home.member === member);
        if (elsewhereIsUseless || !isServersFault(thrown)) throw thrown;
        tried.add(member);
        const because = asError(thrown).message;
        log.warn({ mediaServer: member.name, callId: request.callId, because }, 'a media server did not take a call');
        member.failed(because);
      }
    }
  }

  function inTime<T>(work: Promise<T>, discard: (late: T) => Promise<unknown>): Promise<T> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = clock.after(limitMs, () => {
        late = true;
        reject(new AppError('media-unavailable', `it did not answer within ${limitMs / 1000} s`));
      });
      work.then(
        (made) => {
          timer.cancel();
          if (!late) return resolve(made);
          discard(made).catch((err: unknown) =>
            log.debug({ err: asError(err) }, 'what came late did not close cleanly'),
          );
        },
        (thrown) => {
          timer.cancel();
          reject(asError(thrown));
        },
      );
    });
  }

  async function createEndpoint(request: EndpointRequest): ReturnType<MediaServer['createEndpoint']> {
    const { made, member, release } = await onSome(
      request,
      ({ server }) => server.createEndpoint(request),
      async (late) => (late.kind === 'created' ? late.endpoint.close() : undefined),
    );
    if (made.kind === 'incompatible') {
      release();
      return made;
    }
    homes.set(made.endpoint, member);
    made.endpoint.once('ended', release);
    return made;
  }

  /** Each by the server that has it, by whichever name that calls itself. */
  async function adoptEndpoints({
    callId,
    facts,
  }: Parameters<NonNullable<MediaServer['adoptEndpoints']>>[0]): ReturnType<
    NonNullable<MediaServer['adoptEndpoints']>
  > {
    const [first] = facts;
    if (!first || facts.some(({ server }) => server !== first.server)) return facts.map(() => undefined);
    const member = members.find(({ server }) => server.adoptEndpoints && server.serverName === first.server);
    if (!member) return facts.map(() => undefined);
    const adopted = await member.server.adoptEndpoints!({ callId, facts });
    for (const endpoint of adopted) if (endpoint) settleIn(callId, member, endpoint);
    return adopted;
  }

  function settleIn(callId: CallId, member: Member, endpoint: Endpoint): void {
    const known = calls.get(callId) ?? [];
    const home = known.find((each) => each.member === member) ?? { member, users: 0 };
    if (!known.includes(home)) calls.set(callId, [...known, home]);
    const release = occupy(callId, home);
    homes.set(endpoint, member);
    endpoint.once('ended', release);
  }

  async function close(): Promise<void> {
    for (const member of members) member.stop();
    const results = await Promise.allSettled(members.map((member) => member.server.close()));
    for (const result of results)
      if (result.status === 'rejected')
        log.warn({ err: asError(result.reason) }, 'a media server did not close cleanly');
    emitter.clear();
  }

  const setDraining = (name: string, draining: boolean): boolean => {
    const member = members.find((one) => one.name === name);
    member?.setDraining(draining);
    return member !== undefined;
  };

  await Promise.race([
    Promise.all(members.map((member) => member.start())),
    new Promise<void>((resolve) => void clock.after(firstProofMs, resolve)),
  ]);
  return {
    kind: 'pool',
    on: emitter.on,
    once: emitter.once,
    createEndpoint,
    async createConference(callId) {
      const { made, release } = await onSome(
        { callId, together: true },
        ({ server }) => server.createConference(callId),
        (late) => late.close(),
      );
      return {
        join: (endpoint, may) => made.join(endpoint, may),
        joinAll: (members) => made.joinAll(members),
        leave: (endpoint) => made.leave(endpoint),
        close: () => made.close().finally(release),
      };
    },
    adoptEndpoints,
    whereIs(endpoint) {
      const member = homes.get(endpoint);
      return member && named(member, member.server.whereIs?.(endpoint));
    },
    async health() {
      const views = members.map((member) => member.view());
      const endpoints = views.reduce((sum, view) => sum + view.endpoints, 0);
      const unwell = views.filter(({ state }) => state !== 'up');
      const ok = members.some((member) => member.takesCalls);
      if (unwell.length === 0) return { ok, endpoints };
      const because = unwell.map(
        ({ name, state, because: why }) => `${name} is ${state}${why === state ? '' : ` (${why})`}`,
      );
      return { ok, endpoints, because: because.join('; ') };
    },
    engineLoad: () =>
      members.flatMap((member) =>
        (member.server.engineLoad?.() ?? []).map((load) => ({ ...load, engine: named(member, load.engine) })),
      ),
    members: () => members.map((member) => member.view()),
    drain: (name) => setDraining(name, true),
    resume: (name) => setDraining(name, false),
    close: () => (closing ??= close()),
  };
}

/** What another server would answer in the same way is no fault of this one. */
function isServersFault(thrown: unknown): boolean {
  return !(thrown instanceof AppError) || thrown.code === 'media-unavailable' || thrown.code === 'internal';
}
