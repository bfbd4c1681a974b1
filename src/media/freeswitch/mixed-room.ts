// A room of mod_conference. It has no control leg: a room begins with its first member and ends with its last, and is ordered
// about over the event socket. Who hears whom is said in pairs ("relate"), and before a member can be heard at all, so that
// not a word of a whisper reaches the wrong ear.

import { randomUUID } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { ConferenceMember } from '../media-server.ts';
import type { Room } from './company.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';
import type { FreeswitchEndpoint } from './freeswitch-endpoint.ts';

interface Seat {
  endpoint: FreeswitchEndpoint;
  /** FreeSWITCH's number of the member. */
  number: string;
  wish: ConferenceMember;
  muted: boolean;
}

const joinLimitMs = 3000;

export class MixedRoom {
  private readonly name = `engawa-${randomUUID()}`;
  private readonly control: FreeswitchControl;
  private readonly room: Room;
  private readonly seats = new Map<FreeswitchEndpoint, Seat>();
  /** Pairs between which something is not heard: "speaker listener". */
  private deaf = new Set<string>();

  /** `room` is what its members are told they are in. */
  constructor(control: FreeswitchControl, room: Room) {
    this.control = control;
    this.room = room;
  }

  get empty(): boolean {
    return this.seats.size === 0;
  }

  has(one: FreeswitchEndpoint): boolean {
    return this.seats.has(one);
  }

  async join(one: FreeswitchEndpoint, wish: ConferenceMember): Promise<void> {
    const seat = this.seats.get(one) ?? (await one.company.inTurn([], () => this.enter(one)));
    seat.wish = wish;
    await this.apply();
  }

  async leave(one: FreeswitchEndpoint): Promise<void> {
    const seat = this.seats.get(one);
    if (!seat) return;
    this.seats.delete(one);
    one.company.room = undefined;
    this.deaf = new Set([...this.deaf].filter((pair) => !pair.split(' ').includes(seat.number)));
    if (one.channel.live) await one.company.inTurn([], () => one.company.park());
  }

  /** It was taken elsewhere. */
  forget(one: FreeswitchEndpoint): void {
    this.seats.delete(one);
  }

  /** Enters muted: heard by nobody until it is known who may hear it. */
  private async enter(one: FreeswitchEndpoint): Promise<Seat> {
    await one.company.leave();
    const joined = one.channel.until(isJoin(this.name), joinLimitMs);
    await one.channel.execute('conference', `${this.name}@default+flags{mute}`);
    const number = (await joined)?.header('Member-ID');
    if (!number) throw new AppError('internal', 'FreeSWITCH has not taken a party into a conference in time');
    const seat: Seat = { endpoint: one, number, wish: {}, muted: true };
    this.seats.set(one, seat);
    one.company.room = this.room;
    return seat;
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
