// Whom one endpoint is with: bridged with a partner, in a room, or alone. In our books first; FreeSWITCH parks by itself who was
// left by a partner. What concerns several endpoints waits for what each of them is doing.

import { AppError } from '../../shared/errors.ts';
import type { Channel } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchEndpoint } from './freeswitch-endpoint.ts';
import type { SoundPlayer } from './sound-player.ts';

/** The room that an endpoint is in tells it so, and is told when the endpoint is taken elsewhere. */
export interface Room {
  /** The endpoint is no longer a member. */
  forget(endpoint: FreeswitchEndpoint): void;
  /** Something that this member says or hears is silenced from now on. */
  silenced(endpoint: FreeswitchEndpoint): Promise<void>;
}

const placeLimitMs = 3000;

export interface CompanyNeeds {
  self: FreeswitchEndpoint;
  channel: Channel;
  sound: SoundPlayer;
  /** Throws once the endpoint is gone. */
  mustLive(): void;
}

export class Company {
  partner: FreeswitchEndpoint | undefined;
  room: Room | undefined;
  private readonly needs: CompanyNeeds;
  private turn: Promise<unknown> = Promise.resolve();
  /** Its partner has gone and FreeSWITCH is about to park it. */
  private parking: Promise<void> | undefined;

  constructor(needs: CompanyNeeds) {
    this.needs = needs;
  }

  /** They were bridged when this program came to them. */
  alreadyWith(partner: FreeswitchEndpoint): void {
    this.begin();
    partner.company.begin();
    this.partner = partner;
    partner.company.partner = this.needs.self;
  }

  bridge(partner: FreeswitchEndpoint): Promise<void> {
    const { self, channel } = this.needs;
    return this.inTurn([partner], async () => {
      if (this.partner === partner) {
        // They are not to be parted when a room that was made around them is closed.
        for (const each of [self, partner]) {
          each.company.room?.forget(each);
          each.company.room = undefined;
        }
        return;
      }
      this.alreadyWith(partner);
      const bridged = Promise.race([this, partner.company].map((each) => each.untilEvent('CHANNEL_BRIDGE')));
      await channel.control.order(`uuid_bridge ${channel.uuid} ${partner.channel.uuid}`);
      if (!(await bridged)) throw new AppError('internal', 'FreeSWITCH has not joined two parties in time');
    });
  }

  async unbridge(): Promise<void> {
    const { partner } = this;
    if (!partner) return;
    await this.inTurn([partner], async () => {
      if (this.partner !== partner) return;
      const both = [this, partner.company];
      const parked = Promise.all(both.map((each) => each.untilEvent('CHANNEL_PARK')));
      await this.needs.channel.order('uuid_transfer', '-both park inline');
      await parked;
      for (const each of both) each.partner = undefined;
      for (const each of both) each.needs.sound.companyEnded();
    });
  }

  /** Leaves whatever company there was, in our books. */
  begin(): void {
    const { self, sound } = this.needs;
    const { partner } = this;
    this.partner = undefined;
    if (partner) {
      partner.company.partner = undefined;
      partner.company.parking = partner.company.aloneAgain();
    }
    this.room?.forget(self);
    this.room = undefined;
    sound.companyBegan();
  }

  /** Alone, and what is played to it is not heard: to be taken into other company. */
  async leave(): Promise<void> {
    const { channel, sound } = this.needs;
    const wasBridged = this.partner !== undefined;
    const parked = wasBridged ? this.untilEvent('CHANNEL_PARK') : this.parking;
    this.begin();
    if (wasBridged) await channel.order('uuid_transfer', '-both park inline');
    await parked;
    if (!wasBridged) await sound.giveWay();
  }

  /** Out of a room, and alone. */
  async park(): Promise<void> {
    const parked = this.untilEvent('CHANNEL_PARK');
    await this.needs.channel.order('uuid_transfer', 'park inline');
    await parked;
    this.needs.sound.companyEnded();
  }

  /** Begun in the order in which it was asked for. */
  inTurn<T>(others: readonly FreeswitchEndpoint[], act: () => Promise<T>): Promise<T> {
    const all = [this, ...others.map(({ company }) => company)];
    const doing = Promise.all(all.map((each) => each.turn)).then(() => {
      for (const each of all) each.needs.mustLive();
      return act();
    });
    const over = doing.catch(() => undefined);
    for (const each of all) each.turn = over;
    return doing;
  }

  /** FreeSWITCH parks this one; what was played to it goes on when it has. */
  private async aloneAgain(): Promise<void> {
    await this.untilEvent('CHANNEL_PARK');
    if (!this.partner && !this.room) this.needs.sound.companyEnded();
  }

  private untilEvent(name: string): Promise<FreeswitchEvent | undefined> {
    return this.needs.channel.until((event) => event.name === name, placeLimitMs);
  }
}
