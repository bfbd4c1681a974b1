// A room of mod_conference. It has no control leg: a room begins with its first member and ends with its last, and is ordered
// about over the event socket. Who hears whom is said in pairs ("relate"), and before a member can be heard at all, so that
// not a word of a whisper reaches the wrong ear.

import { randomUUID } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Conference, ConferenceMember } from '../media-server.ts';
import { attempt } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';
import type { FreeswitchEndpoint, Room } from './freeswitch-endpoint.ts';

interface Seat {
  endpoint: FreeswitchEndpoint;
  /** FreeSWITCH's number of the member. */
  number: string;
  wish: ConferenceMember;
  muted: boolean;
}

const joinLimitMs = 3000;

export class FreeswitchConference implements Conference, Room {
  private readonly name = `engawa-${randomUUID()}`;
  private readonly control: FreeswitchControl;
  private readonly log: Logger;
  private readonly own: (endpoint: Endpoint) => FreeswitchEndpoint;
  private readonly seats = new Map<FreeswitchEndpoint, Seat>();
  /** Pairs between which something is not heard: "speaker listener". */
  private deaf = new Set<string>();
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(control: FreeswitchControl, log: Logger, own: (endpoint: Endpoint) => FreeswitchEndpoint) {
    this.control = control;
    this.log = log;
    this.own = own;
  }

  join(endpoint: Endpoint, member: ConferenceMember = {}): Promise<void> {
    const one = this.own(endpoint);
    for (const listener of member.heardBy ?? []) this.own(listener);
    return this.inTurn(async () => {
      if (this.closed) throw new AppError('not-found', 'the conference has ended');
      const seat = this.seats.get(one) ?? (await one.inTurn([], () => this.enter(one)));
      seat.wish = member;
      await this.apply();
    });
  }

  /** One after the other: FreeSWITCH takes each out of the bridge by itself, and two who talk hear a gap. */
  async joinAll(members: readonly (ConferenceMember & { endpoint: Endpoint })[]): Promise<void> {
    for (const { endpoint, ...may } of members) await this.join(endpoint, may);
  }

  leave(endpoint: Endpoint): Promise<void> {
    const one = this.own(endpoint);
    return this.inTurn(() => this.dismiss(one));
  }

  close(): Promise<void> {
    this.closed = true;
    return this.inTurn(async () => {
      const all = [...this.seats.keys()];
      await Promise.all(all.map((one) => attempt(this.log, 'member not parked', this.dismiss(one))));
    });
  }

  forget(endpoint: FreeswitchEndpoint): void {
    this.seats.delete(endpoint);
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const doing = this.turn.then(act);
    this.turn = doing.catch(() => undefined);
    return doing;
  }

  /** Enters muted: heard by nobody until it is known who may hear it. */
  private async enter(one: FreeswitchEndpoint): Promise<Seat> {
    const wasBridged = one.partner !== undefined;
    const parked = wasBridged ? one.untilEvent('CHANNEL_PARK') : undefined;
    one.beginCompany();
    if (wasBridged) {
      await one.channel.order('uuid_transfer', '-both park inline');
      await parked;
    } else await one.sound.giveWay();
    const joined = one.channel.until(isJoin(this.name), joinLimitMs);
    await one.channel.execute('conference', `${this.name}@default+flags{mute}`);
    const number = (await joined)?.header('Member-ID');
    if (!number) throw new AppError('internal', 'FreeSWITCH has not taken a party into a conference in time');
    const seat: Seat = { endpoint: one, number, wish: {}, muted: true };
    this.seats.set(one, seat);
    one.room = this;
    return seat;
  }

  private async dismiss(one: FreeswitchEndpoint): Promise<void> {
    const seat = this.seats.get(one);
    if (!seat) return;
    this.seats.delete(one);
    one.room = undefined;
    this.deaf = new Set([...this.deaf].filter((pair) => !pair.split(' ').includes(seat.number)));
    if (one.channel.live) await one.inTurn([], () => one.park());
  }

  /** Brings FreeSWITCH to what the members are allowed: first who may not hear, then who may be heard. */
  private async apply(): Promise<void> {
    const wanted = new Set<string>();
    for (const speaker of this.seats.values()) {
      const { heardBy } = speaker.wish;
      if (!heardBy) continue;
      for (const listener of this.seats.values()) {
        if (listener !== speaker && !heardBy.includes(listener.endpoint))
          wanted.add(`${speaker.number} ${listener.number}`);
      }
    }
    const silenced = [...this.seats.values()].filter(({ wish }) => wish.muted);
    for (const seat of silenced) await this.setMute(seat, true);
    for (const pair of wanted) if (!this.deaf.has(pair)) await this.order(`relate ${pair} nospeak`);
    for (const pair of this.deaf) if (!wanted.has(pair)) await this.order(`relate ${pair} clear`);
    this.deaf = wanted;
    for (const seat of this.seats.values()) if (!seat.wish.muted) await this.setMute(seat, false);
  }

  private async setMute(seat: Seat, muted: boolean): Promise<void> {
    if (seat.muted === muted) return;
    await this.order(`${muted ? 'mute' : 'unmute'} ${seat.number}`);
    seat.muted = muted;
  }

  private async order(command: string): Promise<void> {
    const answer = await this.control.api(`conference ${this.name} ${command}`);
    if (/^(?:OK|\+OK|relationship)/im.test(answer)) return;
    throw new AppError('internal', `FreeSWITCH does not do “${command}” in a conference: ${answer.trim()}`);
  }
}

const isJoin =
  (name: string) =>
  (event: FreeswitchEvent): boolean =>
    event.subclass === 'conference::maintenance' &&
    event.header('Action') === 'add-member' &&
    event.header('Conference-Name') === name;
