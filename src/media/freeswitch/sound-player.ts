// What is played to one party. One play at a time; a new one replaces it; each ends exactly once.
//
//   preparing ─▶ playing    an application of the channel, while it is in nobody's company
//             ─▶ silent     in a bridge or a room: not heard, in time all the same; begins (again) when the company ends
//             ─▶ over       mixed into whatever the party hears (uuid_displace), company or not
//
// FreeSWITCH's break flushes what is queued and stops what runs; an application that starts in between is told apart by its
// id and broken again.

import type { Clock, Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Playback, PlaySource } from '../endpoint.ts';
import { attempt, type Channel } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { SoundSpec, SoundSpecs } from './sound-specs.ts';

type How = 'finished' | 'stopped' | 'failed';

interface Play {
  state: 'preparing' | 'playing' | 'silent' | 'over' | 'ended';
  over: boolean;
  spec?: SoundSpec;
  /** The Application-UUID, while it plays as an application. */
  application?: string;
  /** For what is mixed in or not heard: FreeSWITCH does not tell its end. */
  timer?: Timer;
  startedAt: number;
  settle(how: How): void;
}

export interface SoundPlayerNeeds {
  channel: Channel;
  sounds: SoundSpecs;
  clock: Clock;
  log: Logger;
}

const displaceFlags = { once: 'm', loop: 'ml' };

export class SoundPlayer {
  private readonly channel: Channel;
  private readonly sounds: SoundSpecs;
  private readonly clock: Clock;
  private readonly log: Logger;
  private current: Play | undefined;
  private inCompany = false;

  constructor({ channel, sounds, clock, log }: SoundPlayerNeeds) {
    this.channel = channel;
    this.sounds = sounds;
    this.clock = clock;
    this.log = log;
    channel.on('event', (event) => this.onEvent(event));
  }

  play(source: PlaySource, { loop, over = false }: { loop?: boolean; over?: boolean } = {}): Playback {
    const replaced = this.current;
    if (replaced) this.end(replaced, 'stopped');
    let settle: (how: How) => void = () => {};
    const finished = new Promise<How>((resolve) => {
      settle = resolve;
    });
    const play: Play = { state: 'preparing', over, settle, startedAt: 0 };
    this.current = play;
    this.begin(play, source, loop ?? source.kind === 'music').catch((thrown: unknown) => {
      if (play.state === 'ended') return;
      if (this.channel.live) this.log.warn({ err: asError(thrown), sound: source.kind }, 'sound cannot be played');
      this.end(play, this.channel.live ? 'failed' : 'stopped');
    });
    return { finished, stop: () => this.end(play, 'stopped') };
  }

  /** The party is now in a bridge or a room, which has ended its application. */
  companyBegan(): void {
    this.inCompany = true;
    const play = this.current;
    if (play?.state === 'playing') this.goSilent(play);
  }

  /** The party is alone again: what played before goes on. */
  companyEnded(): void {
    if (!this.inCompany) return;
    this.inCompany = false;
    const play = this.current;
    if (play?.state === 'silent') attempt(this.log, 'sound does not go on', this.sound(play));
  }

  /** Stops the application that runs, so that another may; it counts as not heard. */
  async giveWay(): Promise<void> {
    this.companyBegan();
    await this.channel.control.api(`uuid_break ${this.channel.uuid} all`);
  }

  close(): void {
    if (this.current) this.end(this.current, 'stopped');
  }

  private async begin(play: Play, source: PlaySource, loop: boolean): Promise<void> {
    const spec = await this.sounds.specFor(source, loop);
    if (play.state === 'ended') return;
    play.spec = spec;
    play.startedAt = this.clock.now();
    if (play.over && spec.application !== 'echo') return this.mixIn(play, spec);
    if (this.inCompany) return this.goSilent(play);
    return this.sound(play);
  }

  private async sound(play: Play): Promise<void> {
    const spec = play.spec!;
    play.timer?.cancel();
    play.state = 'playing';
    const offset = spec.durationMs === undefined || /:\/\//.test(spec.file) ? 0 : this.clock.now() - play.startedAt;
    // Samples of a file at 8 kHz; close enough for what was not heard at its beginning.
    const file = offset > 100 ? `${spec.file}@@${Math.round(offset * 8)}` : spec.file;
    play.application = await this.channel.execute(spec.application, file);
    if (hasEnded(play)) await this.channel.control.api(`uuid_break ${this.channel.uuid} all`);
  }

  private async mixIn(play: Play, spec: SoundSpec): Promise<void> {
    play.state = 'over';
    const { once, loop } = displaceFlags;
    await this.channel.order('uuid_displace', `start ${spec.file} 0 ${spec.again ? loop : once}`);
    if (hasEnded(play)) return this.unmix(spec);
    this.endInTime(play, spec);
  }

  private async unmix(spec: SoundSpec): Promise<void> {
    await attempt(this.log, 'displacing not stopped', this.channel.order('uuid_displace', `stop ${spec.file}`));
  }

  private goSilent(play: Play): void {
    play.state = 'silent';
    play.application = undefined;
    if (play.spec) this.endInTime(play, play.spec);
  }

  private endInTime(play: Play, { durationMs }: SoundSpec): void {
    if (durationMs === undefined) return;
    const left = Math.max(0, durationMs - (this.clock.now() - play.startedAt));
    play.timer = this.clock.after(left, () => this.end(play, 'finished'));
  }

  private onEvent(event: FreeswitchEvent): void {
    const id = event.header('Application-UUID');
    if (!id) return;
    const play = this.current;
    if (event.name === 'CHANNEL_EXECUTE_COMPLETE' && play?.state === 'playing' && play.application === id) {
      const response = event.header('Application-Response') ?? '';
      const failed = /NOT FOUND|ERROR|FAILED/.test(response);
      if (failed) this.log.warn({ response, file: play.spec?.file }, 'FreeSWITCH cannot play a sound');
      else if (play.spec?.again && !this.inCompany)
        return void attempt(this.log, 'sound does not go on', this.sound(play));
      this.end(play, failed ? 'failed' : /FILE PLAYED/.test(response) ? 'finished' : 'stopped');
    }
  }

  private end(play: Play, how: How): void {
    if (play.state === 'ended') return;
    const { state, spec } = play;
    play.state = 'ended';
    play.timer?.cancel();
    if (this.current === play) this.current = undefined;
    if (how === 'stopped' && this.channel.live) {
      if (state === 'playing')
        attempt(this.log, 'play not stopped', this.channel.control.api(`uuid_break ${this.channel.uuid} all`));
      if (state === 'over' && spec) void this.unmix(spec);
    }
    play.settle(how);
  }
}

/** Asked again after waiting: it may have been stopped meanwhile. */
const hasEnded = (play: Play): boolean => play.state === 'ended';
