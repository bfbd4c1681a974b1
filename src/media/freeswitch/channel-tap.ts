// Hands both directions of one channel to a recorder by mod_audio_fork: a WebSocket from FreeSWITCH straight to the recorder,
// so that no audio is on a disk of FreeSWITCH and none passes through this process.
//
// What the module leaves to us: it says +OK before it connects, so success is its event, and silence for three seconds is a
// failure; a fork that has not connected must not be stopped (later ones would carry nothing), so it is left to its own
// time-out and stopped only if it connects after all; it does not connect again, so when the far end goes a new fork is
// started that says at which point of the recording it goes on; each fork needs a name, or it cannot be stopped.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { attempt, type Channel } from './channel.ts';
import type { FreeswitchEvent } from './event-frames.ts';

const connectLimitMs = 3000;
/** Between tries to reach a recorder that went away; the last one repeats. */
const againAfterMs = [200, 500, 1000, 2000];

export interface TapRequest {
  url: string;
  metadata: Record<string, unknown>;
}

export interface ChannelTapNeeds {
  channel: Channel;
  clock: Clock;
  log: Logger;
  /** The recorder has a certificate that no authority signed. */
  allowSelfSigned?: boolean;
}

type Outcome = 'connected' | 'refused' | 'silent' | 'gone';

export class ChannelTap {
  private readonly needs: ChannelTapNeeds;
  private readonly channel: Channel;
  private running: { request: TapRequest; startedAt: number; bug: string; connected: boolean } | undefined;
  private connecting = false;
  private prepared = false;

  constructor(needs: ChannelTapNeeds) {
    this.needs = needs;
    this.channel = needs.channel;
    this.channel.on('event', (event) => this.onEvent(event));
  }

  async start(request: TapRequest): Promise<void> {
    if (this.running) await this.stop();
    if (/[\s^|]/.test(request.url)) throw new AppError('invalid-argument', 'the address of a tap has a space in it');
    const running = { request, startedAt: this.needs.clock.now(), bug: '', connected: false };
    this.running = running;
    const outcome = await this.fork(running, request.metadata);
    if (outcome === 'connected') return;
    if (this.running === running) this.running = undefined;
    const because = {
      refused: 'the recorder does not take the connection',
      silent: `the recorder has not answered within ${connectLimitMs} ms`,
      gone: 'the media endpoint has ended',
    }[outcome];
    throw new AppError('media-unavailable', `the call is not being recorded: ${because}`);
  }

  async stop(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (!running?.connected || !this.channel.live) return;
    await attempt(this.needs.log, 'fork not stopped', this.channel.order('uuid_audio_fork', `stop ${running.bug}`));
  }

  /** The name of the fork that runs. */
  get bug(): string | undefined {
    return this.running?.connected ? this.running.bug : undefined;
  }

  /** Another program's fork on this channel, whose recorder is gone with it. */
  async stopOther(bug: string): Promise<void> {
    await attempt(
      this.needs.log,
      'another one’s fork not stopped',
      this.channel.order('uuid_audio_fork', `stop ${bug}`),
    );
  }

  private async fork(running: NonNullable<ChannelTap['running']>, metadata: Record<string, unknown>): Promise<Outcome> {
    await this.prepare();
    const bug = `tap-${randomUUID()}`;
    running.bug = bug;
    running.connected = false;
    this.connecting = true;
    try {
      const answered = this.channel.until(isAnswer, connectLimitMs);
      // One argument: no space may be left in it.
      const text = JSON.stringify(metadata).replaceAll(' ', '\\u0020');
      await this.channel.order('uuid_audio_fork', `start ${running.request.url} stereo 8000 ${bug} ${text}`);
      const answer = await answered;
      if (answer?.subclass === 'mod_audio_fork::connect') {
        running.connected = true;
        return 'connected';
      }
      if (answer) return 'refused';
      if (!this.channel.live) return 'gone';
      this.stopIfLate(bug);
      return 'silent';
    } finally {
      this.connecting = false;
    }
  }

  private async prepare(): Promise<void> {
    if (this.prepared || !this.needs.allowSelfSigned) return;
    await this.channel.order('uuid_setvar', 'MOD_AUDIO_FORK_ALLOW_SELFSIGNED true');
    this.prepared = true;
  }

  /** A fork that connects after we gave it up would record a second time. */
  private stopIfLate(bug: string): void {
    const late = this.channel.until((event) => event.subclass === 'mod_audio_fork::connect', 15_000);
    void late.then((event) => {
      if (!event || this.running?.bug === bug || this.connecting) return;
      return attempt(this.needs.log, 'late fork not stopped', this.channel.order('uuid_audio_fork', `stop ${bug}`));
    });
  }

  private onEvent(event: FreeswitchEvent): void {
    if (event.subclass === 'mod_audio_fork::buffer_overrun')
      this.needs.log.warn({ uuid: this.channel.uuid }, 'the recorder is too slow: audio of a call was dropped');
    const { running } = this;
    if (event.subclass !== 'mod_audio_fork::disconnect' || !running?.connected) return;
    running.connected = false;
    this.needs.log.warn({ uuid: this.channel.uuid }, 'the recorder went away in the middle of a call');
    void this.connectAgain(running, 0);
  }

  private async connectAgain(running: NonNullable<ChannelTap['running']>, attempts: number): Promise<void> {
    if (this.running !== running || !this.channel.live) return;
    const { clock, log } = this.needs;
    if (attempts === 0)
      await attempt(log, 'ended fork not removed', this.channel.order('uuid_audio_fork', `stop ${running.bug}`));
    await new Promise<void>((resolve) =>
      clock.after(againAfterMs[Math.min(attempts, againAfterMs.length - 1)]!, resolve),
    );
    if (this.running !== running || !this.channel.live) return;
    const resumedAtMs = clock.now() - running.startedAt;
    const outcome = await this.fork(running, { ...running.request.metadata, resumedAtMs }).catch((err: unknown) => {
      log.debug({ err }, 'the tap does not come back yet');
      return 'refused' as const;
    });
    if (this.running !== running && running.connected) {
      await attempt(log, 'fork not stopped', this.channel.order('uuid_audio_fork', `stop ${running.bug}`));
      return;
    }
    if (outcome === 'connected') log.info({ uuid: this.channel.uuid }, 'the recorder is back');
    else await this.connectAgain(running, attempts + 1);
  }
}

const isAnswer = (event: FreeswitchEvent): boolean =>
  event.subclass === 'mod_audio_fork::connect' || event.subclass === 'mod_audio_fork::connect_failed';
