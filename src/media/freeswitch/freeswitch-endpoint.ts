// One party on FreeSWITCH, as the rest of the program sees it. SDP is negotiated here (media/negotiation.ts); FreeSWITCH is
// offered what was agreed, by re-INVITE, and where it listens goes into what we say to the far end.
//
//   alone ──bridge──▶ in a bridge ──unbridge, partner gone──▶ alone        what is played is heard only while alone,
//     └────join────▶ in a room   ──leave, room closed─────▶ alone        unless it is played over everything
//
// Digits are not passed on by FreeSWITCH (bridge_filter_dtmf) but from here, so that secret ones can be kept back at any time.

import type { NegotiatedAudio } from '../../protocol/sdp/offer-answer.ts';
import type { Clock } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError } from '../../shared/errors.ts';
import type { MediaQuality } from '../../shared/events.ts';
import type { EndpointId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint, EndpointEvents, EndpointFacts, MediaProfile } from '../endpoint.ts';
import type { Incompatible, Negotiation } from '../negotiation.ts';
import { AgreedMedia } from './agreed-media.ts';
import { attempt, type Channel } from './channel.ts';
import { ChannelDigits, readDigit } from './channel-digits.ts';
import { ChannelQuality } from './channel-quality.ts';
import { ChannelSilence } from './channel-silence.ts';
import { ChannelTap } from './channel-tap.ts';
import { Company } from './company.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import type { FreeswitchSide } from './far-end.ts';
import { endDialog, within } from './fsmrf.ts';
import { Arrivals, type CountsWatch } from './party-counts.ts';
import type { PartyCall } from './server-link.ts';
import { SoundPlayer } from './sound-player.ts';
import type { SoundSpecs } from './sound-specs.ts';
import type { ChannelFacts } from './taken-over.ts';

export interface FreeswitchEndpointNeeds {
  id: EndpointId;
  profile: MediaProfile;
  negotiation: Negotiation;
  side: FreeswitchSide;
  mrf: PartyCall;
  channel: Channel;
  sounds: SoundSpecs;
  counts: CountsWatch;
  /** Names this FreeSWITCH. */
  server: string;
  clock: Clock;
  log: Logger;
  mediaTimeoutMs: number;
  allowSelfSignedRecorder: boolean;
  onEnded(): void;
}

const defaultDigitMs = 100;
const closeLimitMs = 3000;

export class FreeswitchEndpoint implements Endpoint {
  readonly id: EndpointId;
  readonly profile: MediaProfile;
  readonly channel: Channel;
  readonly sound: SoundPlayer;
  readonly digits: ChannelDigits;
  readonly on: Endpoint['on'];
  readonly once: Endpoint['once'];
  readonly company: Company;
  private readonly needs: FreeswitchEndpointNeeds;
  private readonly emitter;
  private readonly negotiation: Negotiation;
  private readonly tap: ChannelTap;
  private readonly agreement: AgreedMedia;
  private readonly silence: ChannelSilence;
  private readonly quality: ChannelQuality;
  private readonly watching: { stop(): void };
  private state: 'live' | 'closing' | 'ended' = 'live';
  private closing: Promise<void> | undefined;
  private inband = false;
  private readonly arrivals: Arrivals;

  constructor(needs: FreeswitchEndpointNeeds) {
    this.needs = needs;
    this.id = needs.id;
    this.profile = needs.profile;
    this.negotiation = needs.negotiation;
    this.channel = needs.channel;
    const { channel, clock, log } = needs;
    this.emitter = createEmitter<EndpointEvents>((err) => log.error({ err }, 'endpoint listener failed'));
    this.on = this.emitter.on;
    this.once = this.emitter.once;
    this.sound = new SoundPlayer({ channel, sounds: needs.sounds, clock, log });
    this.company = new Company({ self: this, channel, sound: this.sound, mustLive: () => this.mustLive() });
    this.digits = new ChannelDigits({ channel, clock, events: () => this.audio?.telephoneEvent !== undefined });
    this.tap = new ChannelTap({ channel, clock, log, allowSelfSigned: needs.allowSelfSignedRecorder });
    this.agreement = new AgreedMedia({ ...needs, agreed: () => this.adopt() });
    this.silence = new ChannelSilence(channel, () => this.audio?.direction ?? 'sendrecv');
    this.quality = new ChannelQuality({ channel, counts: needs.counts, log, codec: () => this.audio?.codec });
    this.arrivals = new Arrivals({
      clock,
      mediaTimeoutMs: needs.mediaTimeoutMs,
      first: (afterMs) => {
        if (this.profile === 'webrtc') this.emitter.emit('connected', {});
        this.emitter.emit('firstPacket', { afterMs });
      },
      timeout: (silentMs) => this.emitter.emit('mediaTimeout', { silentMs }),
    });
    channel.on('event', (event) => this.onDigit(event));
    channel.once('gone', () => this.end(this.state === 'closing' ? 'closed' : 'lost'));
    this.watching = needs.counts.watch(channel.uuid, ({ received }) => {
      const direction = this.audio?.direction;
      if (this.state === 'live') this.arrivals.counted(received, direction === 'sendrecv' || direction === 'recvonly');
    });
  }

  get localSdp(): string {
    return this.negotiation.localSdp;
  }

  facts(): EndpointFacts | undefined {
    const negotiation = this.negotiation.save();
    const dialog = this.needs.mrf.dialog.facts;
    if (this.state !== 'live' || !negotiation || !dialog) return undefined;
    const { id, profile } = this;
    const { side, version } = this.agreement;
    const { muted } = this.silence;
    const fork = this.tap.bug ?? null;
    const data: ChannelFacts = {
      ...{ uuid: this.channel.uuid, id, profile, side, negotiation, version, muted, fork, dialog },
    };
    return { server: this.needs.server, data };
  }

  /** Goes on where another program was: nothing is agreed anew, and nothing is heard of it. */
  async takeOver({ version, muted, fork }: ChannelFacts): Promise<void> {
    this.agreement.takeOver(version);
    this.silence.muted = muted;
    const { audio } = this;
    this.inband = audio !== undefined && !audio.telephoneEvent && audio.codec.name !== 'opus';
    if (fork) await this.tap.stopOther(fork);
    await this.adopt();
  }

  /** What follows from what was agreed when the endpoint was made. */
  prepare(): Promise<void> {
    return this.adopt();
  }

  get tapped(): boolean {
    return this.tap.bug !== undefined;
  }

  /** Of the audio as it is decoded. */
  get clockRateHz(): number {
    return this.audio?.codec.clockRateHz ?? 8000;
  }

  private get audio(): NegotiatedAudio | undefined {
    return this.agreement.audio;
  }

  async acceptAnswer(sdpAnswer: string): Promise<{ kind: 'ok' } | Incompatible> {
    this.mustLive();
    return this.company.inTurn([], () => this.agreement.acceptAnswer(sdpAnswer));
  }

  async answerOffer(sdpOffer: string): Promise<{ kind: 'ok'; sdpAnswer: string } | Incompatible> {
    this.mustLive();
    return this.company.inTurn([], () => this.agreement.answerOffer(sdpOffer));
  }

  async createOffer(
    change: { direction?: 'sendrecv' | 'sendonly' | 'inactive'; iceRestart?: boolean } = {},
  ): Promise<string> {
    this.mustLive();
    return this.company.inTurn([], async () => this.agreement.offer(change.direction));
  }

  play(...args: Parameters<Endpoint['play']>): ReturnType<Endpoint['play']> {
    this.mustLive();
    return this.sound.play(...args);
  }

  async bridge(other: Endpoint): Promise<void> {
    this.mustLive();
    const partner = this.sameServer(other);
    await this.company.bridge(partner);
  }

  async unbridge(): Promise<void> {
    this.mustLive();
    await this.company.unbridge();
  }

  async setMuted(muted: boolean): Promise<void> {
    this.mustLive();
    this.silence.muted = muted;
    await this.silence.apply();
    if (muted) await this.company.room?.silenced(this);
  }

  async setDigitsAudible(audible: boolean): Promise<void> {
    this.mustLive();
    this.silence.digitsAudible = audible;
    await this.silence.apply();
    if (!audible) await this.company.room?.silenced(this);
  }

  async sendDigits(digits: string, { durationMs = defaultDigitMs }: { durationMs?: number } = {}): Promise<void> {
    this.mustLive();
    await this.digits.sendAll(digits, durationMs);
  }

  async startTap(tap: { url: string; metadata: Record<string, unknown> }): Promise<void> {
    this.mustLive();
    await this.tap.start(tap);
  }

  async stopTap(): Promise<void> {
    if (this.state === 'live') await this.tap.stop();
  }

  async stats(): Promise<MediaQuality> {
    this.mustLive();
    return this.quality.stats();
  }

  close(): Promise<void> {
    this.closing ??= this.hangUp();
    return this.closing;
  }

  /** FreeSWITCH or the way to it is gone. */
  lose(): void {
    this.channel.lose();
    this.end('lost');
    // Nobody tells the SIP server: without this it would keep the dialog.
    endDialog(this.needs.mrf.dialog);
  }

  letGo(): void {
    if (this.state === 'ended') return;
    this.state = 'closing';
    this.channel.lose();
  }

  private async hangUp(): Promise<void> {
    if (this.state === 'ended') return;
    this.state = 'closing';
    this.sound.close();
    const { log, mrf } = this.needs;
    const gone = new Promise<void>((resolve) => this.channel.once('gone', () => resolve()));
    endDialog(mrf.dialog);
    try {
      await within('closing', closeLimitMs, gone);
    } catch {
      // The SIP server has gone and nobody knows it yet: nobody else would end the channel.
      log.debug('FreeSWITCH has not let go of a channel in time');
      await attempt(log, 'channel not ended', within('uuid_kill', closeLimitMs, this.channel.order('uuid_kill')));
    }
    this.end('closed');
  }

  private end(because: 'closed' | 'lost'): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.watching.stop();
    this.company.begin();
    this.sound.close();
    this.needs.onEnded();
    this.emitter.emit('ended', { because });
    this.emitter.clear();
  }

  private mustLive(): void {
    if (this.state !== 'live') throw new AppError('not-found', 'the media endpoint has ended');
  }

  sameServer(other: Endpoint): FreeswitchEndpoint {
    const one = other instanceof FreeswitchEndpoint ? other : undefined;
    if (one && one.channel.control === this.channel.control) return one;
    throw new AppError(
      'invalid-argument',
      'only endpoints of one FreeSWITCH can be joined: create both with the same callId',
    );
  }

  /** What follows from an agreement, beside the media itself. */
  private async adopt(): Promise<void> {
    const { audio } = this;
    this.arrivals.agreed();
    if (!audio) return;
    if (!audio.telephoneEvent && !this.inband && audio.codec.name !== 'opus') {
      this.inband = true;
      await this.channel.execute('start_dtmf');
    }
    await this.silence.apply();
    if (this.profile !== 'webrtc') setImmediate(() => this.emitter.emit('connected', {}));
  }

  private onDigit(event: FreeswitchEvent): void {
    const press = event.name === 'DTMF' ? readDigit(event) : undefined;
    if (!press || this.state !== 'live') return;
    this.emitter.emit('digit', press);
    const { partner } = this.company;
    // What was heard in the audio goes into the bridge with it.
    if (!partner || !this.silence.digitsAudible || this.silence.muted || press.by === 'inband') return;
    const durationMs = Math.max(60, Math.min(press.durationMs, 500));
    attempt(this.needs.log, 'digit not passed on', partner.digits.send(press.digit, durationMs));
  }
}
