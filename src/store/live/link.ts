// One node's tie to the server: connects, joins, beats, and begins again when anything is amiss.
//   connecting ─joined▶ up ─broken, a lost beat, or told to resync▶ down ─joined▶ up …     any ─close▶ closed
// Whatever is doubtful (a gap, another epoch, declared dead, changes that do not come) is cured in the same way: the wire is
// dropped, and the next join brings everything that is true. There is no other way to repair a copy, so there is one to test.

import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { LiveNode } from '../live-state.ts';
import type { BeatReply, Change, JoinReply, Known, LiveServer, LogDelivery, Position, Wire } from './wire.ts';

export interface LinkSettings {
  /** Between heartbeats. The server's lapse must be a few of them. */
  beatMs: number;
  /** How long a write waits for the server to be there again. */
  writeTimeoutMs: number;
  /** How long the first connection may take. */
  startTimeoutMs: number;
}

export const defaultLinkSettings: LinkSettings = { beatMs: 1000, writeTimeoutMs: 2000, startTimeoutMs: 10_000 };

/** Beats without progress of an order that has moved on, until it counts as stuck. */
const stuckAfterBeats = 5;
const firstRetryMs = 50;
const mostRetryMs = 1000;

export interface LinkHandlers {
  self(): LiveNode;
  logs(): string[];
  /** `died`: this node was declared dead meanwhile. `restore`: the server has lost something. */
  joined(wire: Wire, reply: JoinReply, what: { first: boolean; died: boolean; restore: boolean }): void;
  up(downMs: number, died: boolean): void;
  down(because: string, sureForMs: number): void;
  beaten(wire: Wire, reply: BeatReply): void;
  /** While down, as often as a beat. */
  idle(): void;
  change(change: Change): void;
  topic(topic: string, from: NodeId, text: string): void;
  letter(letter: Parameters<import('./wire.ts').WireListener['letter']>[0]): void;
  entry(wire: Wire, entry: LogDelivery): void;
}

export interface Link {
  readonly wire: Wire | undefined;
  /** Server's clock minus this node's, as of the last beat. */
  readonly clockOffsetMs: number;
  readonly downBecause: string;
  start(): Promise<void>;
  /** Does it now, or as soon as the server is there; rejects with 'live-state-unavailable' after `writeTimeoutMs`. */
  use<T>(act: (wire: Wire) => Promise<T>): Promise<T>;
  /** The server refused what this node asked for: it counts it as gone. */
  declaredDead(): void;
  close(): Promise<void>;
}

export const unavailable = (because: string) =>
  new AppError(
    'live-state-unavailable',
    `The live state cannot be reached: ${because.replace(/\.$/, '')}. Calls in progress go on.`,
  );

export function createLink(needs: {
  server: LiveServer;
  nodeId: NodeId;
  clock: Clock;
  random: Random;
  log: Logger;
  settings: LinkSettings;
  handlers: LinkHandlers;
}): Link {
  const { server, nodeId, clock, random, log, settings, handlers } = needs;
  let wire: Wire | undefined;
  let known: Known | undefined;
  let offsetMs = 0;
  let downBecause = 'not connected yet';
  let downSince = clock.now();
  /** When the newest sign of life was sent that the server is known to have taken. */
  let aliveAt = downSince;
  let closed = false;
  let retries = 0;
  let retry: Timer | undefined;
  let beating = false;
  let stuck = 0;
  const waiting = new Set<{ go: (wire: Wire) => void; fail: (error: AppError) => void }>();
  const beats = clock.every(settings.beatMs, () => void beat());

  /** Drops the wire, once, and comes back later. */
  function broke(which: Wire | undefined, because: string): void {
    if (which === undefined || which !== wire) return;
    wire = undefined;
    beating = false;
    stuck = 0;
    downBecause = because;
    downSince = clock.now();
    drop(which);
    handlers.down(because, Math.max(0, aliveAt + server.lapseMs - downSince));
    if (!closed) again();
  }

  function drop(which: Wire): void {
    which.close().catch((error: unknown) => log.debug({ err: asError(error) }, 'the dropped connection did not close'));
  }

  function again(): void {
    const most = Math.min(mostRetryMs, firstRetryMs * 2 ** Math.min(retries, 10));
    retries += 1;
    retry = clock.after(most / 2 + random.next() * (most / 2), () => {
      attempt().catch((error: unknown) => {
        downBecause = asError(error).message;
        log.debug({ err: asError(error) }, 'the live state is still away');
        if (!closed) again();
      });
    });
  }

  async function attempt(): Promise<void> {
    // Until the reply of the join was taken in, what comes after it waits here.
    let early: (() => void)[] | undefined = [];
    let mine: Wire | undefined;
    let brokenEarly: string | undefined;
    const inOrder = (act: () => void) => {
      if (early) early.push(act);
      else if (mine === wire) act();
    };
    mine = await server.connect(nodeId, {
      change: (change, at) => inOrder(() => tookChange(change, at)),
      topic: (topic, from, text, place) =>
        inOrder(() => {
          if (known) known.topicPlace = place;
          handlers.topic(topic, from, text);
        }),
      letter: (letter, place) =>
        inOrder(() => {
          if (known) known.letterPlace = place;
          handlers.letter(letter);
        }),
      entry: (entry) => inOrder(() => handlers.entry(mine!, entry)),
      broken: (because) => {
        brokenEarly = because;
        broke(mine, because);
      },
    });
    const joinedAt = clock.now();
    try {
      const reply = await mine.join(handlers.self(), known);
      aliveAt = joinedAt;
      if (closed || brokenEarly !== undefined) throw unavailable(brokenEarly ?? 'this node is leaving');
      cameUp(mine, reply, () => {
        for (const act of early ?? []) if (mine === wire) act();
        early = undefined;
      });
    } catch (error) {
      drop(mine);
      throw error;
    }
  }

  function cameUp(joined: Wire, reply: JoinReply, takeEarly: () => void): void {
    const sameEpoch = known?.epoch === reply.epoch;
    const died = known !== undefined && sameEpoch && !reply.wasMember;
    const restore = known !== undefined && !died && (!sameEpoch || !reply.continuous);
    const first = known === undefined;
    known = {
      epoch: reply.epoch,
      at: reply.at,
      topicPlace: sameEpoch ? known?.topicPlace : undefined,
      letterPlace: sameEpoch ? known?.letterPlace : undefined,
    };
    wire = joined;
    retries = 0;
    offsetMs = reply.serverNowMs - clock.now();
    handlers.joined(joined, reply, { first, died, restore });
    takeEarly();
    if (wire !== joined) return;
    if (!first) handlers.up(clock.now() - downSince, died);
    for (const waiter of [...waiting]) waiter.go(joined);
  }

  function tookChange(change: Change, at: Position): void {
    if (!known || at.n <= known.at.n) return;
    if (at.n !== known.at.n + 1) return resync(`changes ${known.at.n + 1} to ${at.n - 1} are missing`);
    known.at = at;
    if (change.kind === 'gone' && change.nodeId === nodeId) return declaredDead();
    handlers.change(change);
  }

  async function beat(): Promise<void> {
    const mine = wire;
    if (!mine) return handlers.idle();
    if (beating || !known) return;
    beating = true;
    const before = known.at.n;
    const sentAt = clock.now();
    try {
      const reply = await mine.beat(handlers.logs());
      if (mine !== wire) return;
      offsetMs = reply.serverNowMs - clock.now();
      if (!reply.member) return declaredDead();
      aliveAt = sentAt;
      if (reply.epoch !== known.epoch) return resync('the server began anew');
      if (reply.n < before) return resync('the server has lost its newest changes');
      stuck = reply.n > known.at.n && known.at.n === before ? stuck + 1 : 0;
      if (stuck >= stuckAfterBeats) return resync('changes do not arrive');
      handlers.beaten(mine, reply);
    } catch (error) {
      broke(mine, asError(error).message);
    } finally {
      if (mine === wire) beating = false;
    }
  }

  function declaredDead(): void {
    aliveAt = Number.NEGATIVE_INFINITY;
    resync('this node was declared dead');
  }

  function resync(because: string): void {
    broke(wire, because);
  }

  function whenUp(): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel();
        waiting.delete(waiter);
      };
      const waiter = {
        go: (joined: Wire) => {
          end();
          resolve(joined);
        },
        fail: (error: AppError) => {
          end();
          reject(error);
        },
      };
      const timer = clock.after(settings.writeTimeoutMs, () => waiter.fail(unavailable(downBecause)));
      waiting.add(waiter);
    });
  }

  return {
    get wire() {
      return wire;
    },
    get clockOffsetMs() {
      return offsetMs;
    },
    get downBecause() {
      return downBecause;
    },
    async start() {
      const deadline = clock.now() + settings.startTimeoutMs;
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          downBecause = asError(error).message;
          const hopeless = error instanceof AppError && error.code === 'config-invalid';
          if (hopeless || clock.now() >= deadline) {
            closed = true;
            beats.cancel();
            throw hopeless ? error : unavailable(downBecause);
          }
        }
        await new Promise<void>((resolve) => clock.after(mostRetryMs / 4, resolve));
      }
    },
    use: (act) => {
      if (closed) return Promise.reject(new AppError('shutting-down', 'This node has left the live state.'));
      return wire ? act(wire) : whenUp().then(act);
    },
    declaredDead,
    async close() {
      if (closed) return;
      closed = true;
      beats.cancel();
      retry?.cancel();
      for (const waiter of [...waiting])
        waiter.fail(new AppError('shutting-down', 'This node has left the live state.'));
      const last = wire;
      wire = undefined;
      if (!last) return;
      try {
        await last.leave();
      } catch (error) {
        log.warn({ err: asError(error) }, 'could not leave the live state; the others notice by the missing heartbeat');
      }
      await last.close();
    },
  };
}
