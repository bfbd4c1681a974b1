// A conference that outlives its media server: who is in it and what each may do is kept, and when its members arrive at
// another server (moving-endpoint.ts), a room is made there and each is put in again.
// Does not decide who may hear whom.

import type { Endpoint } from '../../media/endpoint.ts';
import type { Conference, ConferenceMember, MediaServer } from '../../media/media-server.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { CallId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import { isMoving, type MovingEndpoint, type Room } from './moving-endpoint.ts';

export async function createMovingConference(needs: {
  media: MediaServer;
  callId: CallId;
  log: Logger;
}): Promise<Conference> {
  const { media, callId, log } = needs;
  const members = new Map<MovingEndpoint, ConferenceMember>();
  let current: Promise<Conference> | undefined = media.createConference(callId);
  let closed = false;
  /** One change after the other: several members arrive at once. */
  let turn: Promise<unknown> = Promise.resolve();
  await current;

  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }

  const there = (): Promise<Conference> => (current ??= media.createConference(callId));

  /** Members between two servers are put in when they arrive. */
  async function put(...wanted: MovingEndpoint[]): Promise<void> {
    const present = wanted.flatMap((member) => {
      const may = members.get(member);
      const endpoint = member.current;
      if (!may || !endpoint) return [];
      const heardBy = may.heardBy?.flatMap((listener) => (isMoving(listener) ? (listener.current ?? []) : listener));
      const { muted } = may;
      return { endpoint, ...(muted === undefined ? {} : { muted }), ...(heardBy === undefined ? {} : { heardBy }) };
    });
    if (present.length > 0 && !closed) await (await there()).joinAll(present);
  }

  /** The room has died, or is not where its members are. Who is not at the new one's place yet arrives later. */
  async function replace(): Promise<void> {
    const dead = current;
    current = undefined;
    const quietly = (thrown: unknown) => log.debug({ err: asError(thrown) }, 'a member is not there yet');
    await (await dead?.catch(() => undefined))?.close().catch(quietly);
    for (const member of members.keys()) await put(member).catch(quietly);
  }

  const room: Room = {
    arrived: (member) =>
      inTurn(async () => {
        try {
          await put(member);
        } catch (thrown) {
          log.info({ because: asError(thrown).message }, 'a conference is made anew, where its members are now');
          await replace();
          await put(member);
        }
        for (const [other, may] of members) if (may.heardBy?.includes(member)) await put(other);
      }),
  };

  const mustMove = (endpoint: Endpoint): MovingEndpoint => {
    if (isMoving(endpoint)) return endpoint;
    throw new AppError('invalid-argument', 'a conference takes endpoints of its own call');
  };

  function take(endpoint: Endpoint, member: ConferenceMember): MovingEndpoint {
    const one = mustMove(endpoint);
    if (!members.has(one)) one.on('ended', () => void members.delete(one));
    members.set(one, member);
    one.setPeer(undefined);
    one.setRoom(room);
    return one;
  }

  return {
    async join(endpoint, member = {}) {
      const one = take(endpoint, member);
      await inTurn(() => put(one));
    },
    async joinAll(wanted) {
      const all = wanted.map(({ endpoint, ...member }) => take(endpoint, member));
      await inTurn(() => put(...all));
    },
    async leave(endpoint) {
      const one = mustMove(endpoint);
      members.delete(one);
      one.setRoom(undefined);
      await inTurn(async () => {
        if (one.current && current) await (await current).leave(one.current);
      });
    },
    async close() {
      closed = true;
      for (const member of members.keys()) member.setRoom(undefined);
      members.clear();
      await (await current)?.close();
    },
  };
}
