// Three and more on FreeSWITCH, in one of two ways: where two of them are bridged and the others are supervisors, these
// eavesdrop and the bridge stays as it is (eavesdroppers.ts); else all are in one room (mixed-room.ts), and stay there until the
// conference ends: those who are moved hear a gap each time.

import { AppError, asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Conference, ConferenceMember } from '../media-server.ts';
import { attempt } from './channel.ts';
import type { Room } from './company.ts';
import { Eavesdroppers, planEavesdropping } from './eavesdroppers.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';
import type { FreeswitchEndpoint } from './freeswitch-endpoint.ts';
import { MixedRoom } from './mixed-room.ts';

export class FreeswitchConference implements Conference, Room {
  private readonly log: Logger;
  private readonly own: (endpoint: Endpoint) => FreeswitchEndpoint;
  private readonly members = new Map<FreeswitchEndpoint, ConferenceMember>();
  private readonly mixed: MixedRoom;
  private beside: Eavesdroppers | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(control: FreeswitchControl, log: Logger, own: (endpoint: Endpoint) => FreeswitchEndpoint) {
    this.log = log;
    this.own = own;
    this.mixed = new MixedRoom(control, this);
  }

  join(endpoint: Endpoint, member: ConferenceMember = {}): Promise<void> {
    return this.joinAll([{ ...member, endpoint }]);
  }

  joinAll(members: readonly (ConferenceMember & { endpoint: Endpoint })[]): Promise<void> {
    const asked = members.map(({ endpoint, ...wish }) => ({ one: this.own(endpoint), wish }));
    for (const { wish } of asked) for (const listener of wish.heardBy ?? []) this.own(listener);
    return this.inTurn(async () => {
      if (this.closed) throw new AppError('not-found', 'the conference has ended');
      for (const { one, wish } of asked) this.members.set(one, wish);
      try {
        await this.arrange(asked.map(({ one }) => one));
      } finally {
        for (const { one } of asked) if (!this.mixed.has(one) && !this.beside?.has(one)) this.members.delete(one);
      }
    });
  }

  leave(endpoint: Endpoint): Promise<void> {
    const one = this.own(endpoint);
    return this.inTurn(async () => {
      if (!this.members.delete(one)) return;
      const { beside } = this;
      if (beside?.pair.includes(one)) {
        await this.endBeside();
        if (one.company.partner && one.channel.live) await one.unbridge();
      } else if (this.mixed.has(one)) return this.mixed.leave(one);
      await this.arrange([]);
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return this.inTurn(async () => {
      const [one] = this.beside?.pair ?? [];
      await attempt(this.log, 'supervisors not parked', this.endBeside());
      if (one?.company.partner && this.members.has(one)) await attempt(this.log, 'members not parted', one.unbridge());
      const all = [...this.members.keys()];
      this.members.clear();
      await Promise.all(all.map((each) => attempt(this.log, 'member not parked', this.mixed.leave(each))));
    });
  }

  forget(endpoint: FreeswitchEndpoint): void {
    this.members.delete(endpoint);
    this.mixed.forget(endpoint);
    this.beside?.forget(endpoint);
    if (!this.beside?.pair.includes(endpoint)) return;
    // Those who were with the two are with whoever is left.
    void this.inTurn(() => this.arrange([])).catch((thrown: unknown) =>
      this.log.debug({ err: asError(thrown) }, 'a conference was not arranged anew'),
    );
  }

  silenced(endpoint: FreeswitchEndpoint): Promise<void> {
    return this.inTurn(async () => this.beside?.silenced(endpoint));
  }

  private inTurn<T>(act: () => Promise<T>): Promise<T> {
    const doing = this.turn.then(act);
    this.turn = doing.catch(() => undefined);
    return doing;
  }

  /** `changed`: members who are new, or may now do something else; in the order in which it is to be done. */
  private async arrange(changed: readonly FreeswitchEndpoint[]): Promise<void> {
    const plan = this.mixed.empty ? planEavesdropping(this.members) : undefined;
    if (plan) {
      if (this.beside && !plan.pair.every((each) => this.beside!.pair.includes(each))) await this.endBeside();
      this.beside ??= new Eavesdroppers(plan, this);
      try {
        return await this.beside.carryOut(plan);
      } catch (thrown) {
        if (!(thrown instanceof AppError) || thrown.code !== 'internal') throw thrown;
        this.log.warn({ err: thrown }, 'supervisors cannot eavesdrop: all are moved into a room');
      }
    }
    await this.endBeside();
    const moved = [...this.members.keys()].filter((one) => !this.mixed.has(one));
    // One after the other: FreeSWITCH takes each out of the bridge by itself.
    for (const one of [...moved, ...changed.filter((each) => !moved.includes(each))]) {
      const wish = this.members.get(one);
      if (wish && (changed.includes(one) || one.channel.live)) await this.mixed.join(one, wish);
    }
  }

  private async endBeside(): Promise<void> {
    const { beside } = this;
    this.beside = undefined;
    await beside?.end();
  }
}
