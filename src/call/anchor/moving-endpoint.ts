// A party's endpoint that outlives its media server. What was asked of it (play, bridge, mute, tap, room) is kept as an intention;
// when the server dies, `carriedBy` finds another endpoint and agrees with the party on it, and everything asked is asked of
// the new one again: a prompt from its beginning, music anew, the tap to the same recording. Whoever holds this endpoint sees
// neither: digits go on arriving, a play settles when it has been heard.
//
//   live ─lost▶ moving ─moved▶ live          many moves in a short time, or nobody to move it: ended ('lost')
//          └ relocate ┘   └─given up▶ ended
//
// Quality figures begin anew with each server: those of a dead one are gone with it.

import type { Endpoint, EndpointEvents, MediaProfile } from '../../media/endpoint.ts';
import { type ContinuedSession, createContinuedSession } from '../../protocol/sdp/continued-session.ts';
import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { createKeptPlay } from './kept-play.ts';

export type Moved =
  | { kind: 'moved'; endpoint: Endpoint }
  | { kind: 'given-up'; because: string }
  | { kind: 'leg-ended' };

/** Finds another endpoint for the same party and agrees with the party on it. Rejections count as given up. */
export type Move = (from: {
  profile: MediaProfile;
  session: ContinuedSession;
  /** Where it was; it may live still, when it is relocated. */
  before: Endpoint;
  because: string;
  signal: AbortSignal;
}) => Promise<Moved>;

/** A room that puts its members in again when they have moved. */
export interface Room {
  arrived(member: MovingEndpoint): Promise<void>;
}

export interface MovingEndpoint extends Endpoint {
  /** Undefined between two servers. */
  readonly current: Endpoint | undefined;
  /** Until told, the loss of the server ends the endpoint. */
  carriedBy(move: Move): void;
  /** Away from a server that lives, because its call goes on elsewhere. */
  relocate(because: string): void;
  /** Resolves when it does not move. */
  settled(): Promise<void>;
  readonly peer: MovingEndpoint | undefined;
  setPeer(peer: MovingEndpoint | undefined): void;
  setRoom(room: Room | undefined): void;
}

export interface MovingNeeds {
  first: Endpoint;
  clock: Clock;
  log: Logger;
  /** Names the server of an endpoint; two can be joined only when it is the same. */
  whereIs: (endpoint: Endpoint) => string | undefined;
}

/** A call whose own packets kill servers must not take one after the other with it. */
const mostMoves = 4;
const movesWithinMs = 60_000;
/** A command that fails because its server dies is answered before the loss is told. */
const lossTellsMs = 250;
const tapTries = 5;
const tapRetryMs = 1000;

type Tap = Parameters<Endpoint['startTap']>[0];

export function isMoving(endpoint: Endpoint): endpoint is MovingEndpoint {
  return 'carriedBy' in endpoint;
}

export function createMovingEndpoint(needs: MovingNeeds): MovingEndpoint {
  const { clock, log, whereIs, first } = needs;
  const emitter = createEmitter<EndpointEvents>((err) => log.error({ err }, 'endpoint listener failed'));
  const session = createContinuedSession(first.localSdp);
  const moves: number[] = [];
  let localSdp = first.localSdp;
  let state: 'live' | 'moving' | 'ended' = 'live';
  let current: Endpoint | undefined = first;
  let listening: Unsubscribe[] = [];
  let move: Move | undefined;
  let moving: { abort: AbortController; done: Promise<void> } | undefined;
  let closing: Promise<void> | undefined;
  let peer: MovingEndpoint | undefined;
  let room: Room | undefined;
  let muted = false;
  let digitsAudible = true;
  let tap: Tap | undefined;
  let tapStarted: Promise<void> = Promise.resolve();

  // Where it is

  function listenTo(endpoint: Endpoint): void {
    for (const off of listening) off();
    listening = [
      endpoint.on('digit', (event) => emitter.emit('digit', event)),
      endpoint.on('firstPacket', (event) => emitter.emit('firstPacket', event)),
      endpoint.on('mediaTimeout', (event) => emitter.emit('mediaTimeout', event)),
      endpoint.on('connected', (event) => emitter.emit('connected', event)),
      endpoint.on('ended', ({ because }) => {
        if (current !== endpoint) return;
        if (because === 'closed') end('closed');
        else leave('its media server is gone', endpoint);
      }),
    ];
  }

  function end(because: 'closed' | 'lost'): void {
    if (state === 'ended') return;
    state = 'ended';
    moving?.abort.abort();
    moving = undefined;
    current = undefined;
    self.setPeer(undefined);
    plays.end();
    emitter.emit('ended', { because });
    emitter.clear();
  }

  function leave(because: string, before: Endpoint, stillThere = false): void {
    const now = clock.now();
    while (moves[0] !== undefined && moves[0] < now - movesWithinMs) moves.shift();
    if (!move || moves.length >= mostMoves) {
      if (move) log.error({ moves: moves.length }, 'a party’s media was lost too often; it is not anchored again');
      if (stillThere) closeQuietly(before);
      return end('lost');
    }
    moves.push(now);
    state = 'moving';
    current = undefined;
    const abort = new AbortController();
    moving = { abort, done: go(move, { because, before, stillThere, signal: abort.signal }) };
  }

  async function go(
    how: Move,
    from: { because: string; before: Endpoint; stillThere: boolean; signal: AbortSignal },
  ): Promise<void> {
    const { before, because, stillThere, signal } = from;
    session.moved();
    const told: ContinuedSession = { ...session, sendOffer: (sdp) => (localSdp = session.sendOffer(sdp)) };
    const moved = await how({ profile: before.profile, session: told, before, because, signal })
      .then(keepSecret)
      .catch((thrown: unknown): Moved => ({ kind: 'given-up', because: asError(thrown).message }));
    if (state !== 'moving' || signal.aborted) {
      if (moved.kind === 'moved') closeQuietly(moved.endpoint);
      if (stillThere) closeQuietly(before);
      return;
    }
    if (moved.kind === 'moved') {
      adopt(moved.endpoint);
      if (stillThere) closeQuietly(before);
      return;
    }
    if (moved.kind === 'given-up') log.error({ because: moved.because }, 'a party’s media could not be anchored again');
    if (stillThere && moved.kind === 'given-up') {
      // What was asked meanwhile was asked of nobody.
      adopt(before);
      return void ask((at) => at.setDigitsAudible(digitsAudible));
    }
    end(moved.kind === 'leg-ended' ? 'closed' : 'lost');
  }

  /** Secret digits are cut before anybody can hear the party at its new place; where they cannot be, it does not go. */
  async function keepSecret(moved: Moved): Promise<Moved> {
    if (moved.kind !== 'moved' || digitsAudible) return moved;
    try {
      await moved.endpoint.setDigitsAudible(false);
    } catch (thrown) {
      closeQuietly(moved.endpoint);
      throw thrown;
    }
    if (digitsAudible) await moved.endpoint.setDigitsAudible(true);
    return moved;
  }

  function closeQuietly(endpoint: Endpoint): void {
    endpoint
      .close()
      .catch((thrown: unknown) => log.debug({ err: asError(thrown) }, 'an endpoint did not close cleanly'));
  }

  /** Everything that was asked is asked of the new endpoint. */
  function adopt(fresh: Endpoint): void {
    current = fresh;
    state = 'live';
    moving = undefined;
    listenTo(fresh);
    const again = (what: string, work: Promise<unknown>) =>
      work.catch((thrown: unknown) => {
        if (current === fresh) log.warn({ err: asError(thrown), what }, 'not done at the new media server');
      });
    if (muted) void again('mute', fresh.setMuted(true));
    if (tap) {
      tapStarted = tapAgain(fresh, tap);
      void again('tap', tapStarted);
    }
    plays.again(fresh);
    if (room) void again('conference', room.arrived(self));
    else if (peer) void again('bridge', joinPeers());
  }

  /** The recorder is told at the same address: one recording goes on, with the silence that was. */
  async function tapAgain(fresh: Endpoint, wanted: Tap): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await fresh.startTap(wanted);
      } catch (thrown) {
        if (tries === tapTries || current !== fresh || tap !== wanted) throw thrown;
        await pause(tapRetryMs);
      }
    }
  }

  // What is asked of it

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));

  /** After a failure: whether it was no loss of the server, which is told a moment later. */
  async function lives(at: Endpoint): Promise<boolean> {
    if (current === at) await pause(lossTellsMs);
    return current === at;
  }

  const plays = createKeptPlay(lives);

  function mustLive(): void {
    if (state === 'ended') throw new AppError('not-found', 'the media endpoint has ended');
  }

  /** Asks the server that it is at. Should that die over it, the intention stands and is carried out at the next one. */
  async function ask(run: (at: Endpoint) => Promise<void>): Promise<void> {
    mustLive();
    const at = current;
    if (!at) return;
    try {
      await run(at);
    } catch (thrown) {
      if (await lives(at)) throw thrown;
      mustLive();
    }
  }

  async function whereItIs(): Promise<Endpoint> {
    mustLive();
    await self.settled();
    mustLive();
    return current!;
  }

  async function joinPeers(): Promise<void> {
    const them = peer;
    const [a, b] = [current, them?.current];
    // Whoever arrives last joins both.
    if (!them || !a || !b) return;
    const [here, there] = [whereIs(a), whereIs(b)];
    if (here !== there) {
      log.info({ here, there }, 'two parties of a call are on different media servers; one follows the other');
      self.relocate('the other side of its call is elsewhere');
      return;
    }
    await ask((at) => (at === a && them.current === b ? a.bridge(b) : Promise.resolve()));
  }

  const self: MovingEndpoint = {
    id: first.id,
    facts: () => current?.facts?.(),
    letGo() {
      moving?.abort.abort();
      current?.letGo?.();
      end('closed');
    },
    get keepsTap() {
      // Between two servers the tap is on its way to the next one.
      return current ? current.keepsTap === true : true;
    },
    profile: first.profile,
    get localSdp() {
      return localSdp;
    },
    get current() {
      return current;
    },
    get peer() {
      return peer;
    },
    on: emitter.on,
    once: emitter.once,
    carriedBy(how) {
      move = how;
    },
    relocate(because) {
      if (state === 'live' && current) leave(because, current, true);
    },
    async settled() {
      while (moving) await moving.done;
    },
    setPeer(next) {
      const before = peer;
      if (before === next) return;
      peer = next;
      if (before?.peer === self) before.setPeer(undefined);
      if (next && next.peer !== self) next.setPeer(self);
    },
    setRoom(next) {
      room = next;
    },
    async acceptAnswer(sdpAnswer) {
      mustLive();
      const at = current;
      // The answer is to an offer of a server that is gone; the party is asked anew.
      if (!at) return { kind: 'ok' };
      try {
        return await at.acceptAnswer(session.readAnswer(sdpAnswer));
      } catch (thrown) {
        if (await lives(at)) throw thrown;
        return { kind: 'ok' };
      }
    },
    async answerOffer(sdpOffer) {
      mustLive();
      if (!current) return { kind: 'incompatible', because: 'the media server is being replaced' };
      const answered = await current.answerOffer(sdpOffer);
      if (answered.kind !== 'ok') return answered;
      localSdp = session.sendAnswer(answered.sdpAnswer);
      return { kind: 'ok', sdpAnswer: localSdp };
    },
    async createOffer(change) {
      localSdp = session.sendOffer(await (await whereItIs()).createOffer(change));
      return localSdp;
    },
    play: (source, options) => plays.play(source, options, current),
    async bridge(other) {
      mustLive();
      if (!isMoving(other)) throw new AppError('invalid-argument', 'an endpoint is bridged with one of its own call');
      room = undefined;
      other.setRoom(undefined);
      self.setPeer(other);
      await joinPeers();
    },
    async unbridge() {
      self.setPeer(undefined);
      await ask((at) => at.unbridge());
    },
    async setMuted(next) {
      muted = next;
      await ask((at) => at.setMuted(next));
    },
    async setDigitsAudible(next) {
      digitsAudible = next;
      await ask((at) => at.setDigitsAudible(next));
    },
    async sendDigits(digits, options) {
      await (await whereItIs()).sendDigits(digits, options);
    },
    async startTap(wanted) {
      mustLive();
      tap = wanted;
      if (current) {
        tapStarted = current.startTap(wanted);
        const at = current;
        try {
          return await tapStarted;
        } catch (thrown) {
          if (await lives(at)) {
            if (tap === wanted) tap = undefined;
            throw thrown;
          }
        }
      }
      await whereItIs();
      await tapStarted;
    },
    async stopTap() {
      tap = undefined;
      await current?.stopTap();
    },
    async stats() {
      mustLive();
      if (!current) throw new AppError('media-unavailable', 'the media server of this party is being replaced');
      return current.stats();
    },
    close() {
      closing ??= (async () => {
        const at = current;
        // What ends at the server afterwards is no news.
        end('closed');
        await at?.close();
      })();
      return closing;
    },
  };
  listenTo(first);
  return self;
}
