// One party on FreeSWITCH, as the rest of the program sees it. SDP is negotiated here (media/negotiation.ts); FreeSWITCH is
// offered what was agreed, by re-INVITE, and where it listens goes into what we say to the far end.
//
//   alone ──bridge──▶ in a bridge ──unbridge, partner gone──▶ alone        what is played is heard only while alone,
//     └────join────▶ in a room   ──leave, room closed─────▶ alone        unless it is played over everything
//
// Digits are not passed on by FreeSWITCH (bridge_filter_dtmf) but from here, so that secret ones can be kept back at any time.

import { estimateMos } from '../../protocol/rtp/quality.ts';
import type { NegotiatedAudio } from '../../protocol/sdp/offer-answer.ts';
import type { Clock } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { MediaQuality } from '../../shared/events.ts';
import type { EndpointId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint, EndpointEvents, EndpointFacts, MediaProfile } from '../endpoint.ts';
import type { Incompatible, Local, Negotiation } from '../negotiation.ts';
import { attempt, type Channel } from './channel.ts';
import { ChannelDigits, readDigit } from './channel-digits.ts';
import { ChannelTap } from './channel-tap.ts';
import type { FreeswitchEvent } from './event-frames.ts';
import { type FreeswitchSide, readFreeswitchAnswer, sdpForFreeswitch } from './far-end.ts';
import { endDialog, type MrfEndpoint, within } from './fsmrf.ts';
import { Arrivals, type CountsWatch, PartyReports } from './party-counts.ts';
import { SoundPlayer } from './sound-player.ts';
import type { SoundSpecs } from './sound-specs.ts';
import { type ChannelFacts, dialogFacts } from './taken-over.ts';

export interface FreeswitchEndpointNeeds {
  id: EndpointId;
  profile: MediaProfile;
  negotiation: Negotiation;
  side: FreeswitchSide;
  mrf: MrfEndpoint;
  channel: Channel;
  sounds: SoundSpecs;
  counts: CountsWatch;
  /** Names this FreeSWITCH. */
  server: string;
  clock: Clock;
  log: Logger;
  mediaTimeoutMs: number;
  allowSelfSignedRecorder: boolean;
  /** Of the SIP server through which FreeSWITCH was called; for `facts`. */
  control?: string;
  onEnded(): void;
}

/** The room that an endpoint is in tells it so, and is told when the endpoint is taken elsewhere. */
export interface Room {
  /** The endpoint is no longer a member. */
  forget(endpoint: FreeswitchEndpoint): void;
  /** Something that this member says or hears is silenced from now on. */
  silenced(endpoint: FreeswitchEndpoint): Promise<void>;
}

const defaultDigitMs = 100;
const placeLimitMs = 3000;
const renegotiateLimitMs = 5000;
const closeLimitMs = 3000;

export class FreeswitchEndpoint implements Endpoint {
  readonly id: EndpointId;
  readonly profile: MediaProfile;
  readonly channel: Channel;
  readonly sound: SoundPlayer;
  readonly digits: ChannelDigits;
  readonly on: Endpoint['on'];
  readonly once: Endpoint['once'];
  partner: FreeswitchEndpoint | undefined;
  room: Room | undefined;
  private readonly needs: FreeswitchEndpointNeeds;
  private readonly emitter;
  private readonly negotiation: Negotiation;
  private readonly tap: ChannelTap;
  private readonly reports = new PartyReports();
  private readonly watching: { stop(): void };
  private side: FreeswitchSide;
  private version = 2;
  /** What FreeSWITCH was last told of a browser. */
  private toldSession = '';
  private state: 'live' | 'closing' | 'ended' = 'live';
  private closing: Promise<void> | undefined;
  private muted = false;
  private digitsAudible = true;
  private silenced = { read: false, write: false };
  private inband = false;
  private turn: Promise<unknown> = Promise.resolve();
  /** Its partner has gone and FreeSWITCH is about to park it. */
  private parking: Promise<void> | undefined;
  private readonly arrivals: Arrivals;

  constructor(needs: FreeswitchEndpointNeeds) {
    this.needs = needs;
    this.id = needs.id;
    this.profile = needs.profile;
    this.negotiation = needs.negotiation;
    this.side = needs.side;
    this.channel = needs.channel;
    const { channel, clock, log } = needs;
    this.emitter = createEmitter<EndpointEvents>((err) => log.error({ err }, 'endpoint listener failed'));
    this.on = this.emitter.on;
    this.once = this.emitter.once;
    this.sound = new SoundPlayer({ channel, sounds: needs.sounds, clock, log });
    this.digits = new ChannelDigits({ channel, clock, events: () => this.audio?.telephoneEvent !== undefined });
    this.tap = new ChannelTap({ channel, clock, log, allowSelfSigned: needs.allowSelfSignedRecorder });
    this.arrivals = new Arrivals({
      clock,
      mediaTimeoutMs: needs.mediaTimeoutMs,
      first: (afterMs) => {
        if (this.profile === 'webrtc') this.emitter.emit('connected', {});
        this.emitter.emit('firstPacket', { afterMs });
      },
      timeout: (silentMs) => this.emitter.emit('mediaTimeout', { silentMs }),
    });
    channel.on('event', (event) => this.onEvent(event));
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
    const { mrf, control } = this.needs;
    const negotiation = this.negotiation.save();
    const dialog = dialogFacts(mrf.dialog, control);
    if (this.state !== 'live' || !negotiation || !dialog) return undefined;
    const { id, profile, side, version, muted } = this;
    const fork = this.tap.bug ?? null;
    const data: ChannelFacts = {
      ...{ uuid: this.channel.uuid, id, profile, side, negotiation, version, muted, fork, dialog },
    };
    return { server: this.needs.server, data };
  }

  /** Goes on where another program was: nothing is agreed anew, and nothing is heard of it. */
  async takeOver({ version, muted, fork }: ChannelFacts): Promise<void> {
    this.version = version;
    this.muted = muted;
    // As they were left; asked for again they change nothing.
    const ice = this.negotiation.remoteIce;
    const { audio } = this;
    if (audio && ice)
      this.toldSession = `${audio.codec.name} ${audio.codec.sendPayloadType} ${ice.usernameFragment} ${ice.password}`;
    this.inband = audio !== undefined && !audio.telephoneEvent && audio.codec.name !== 'opus';
    if (fork) await this.tap.stopOther(fork);
    await this.adopt();
  }

  /** They were bridged when this program came to them. */
  alreadyWith(partner: FreeswitchEndpoint): void {
    this.beginCompany();
    partner.beginCompany();
    this.partner = partner;
    partner.partner = this;
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
    return this.negotiation.audio;
  }

  private get local(): Local {
    return localOf(this.side, this.id);
  }

  async acceptAnswer(sdpAnswer: string): Promise<{ kind: 'ok' } | Incompatible> {
    this.mustLive();
    return this.inTurn([], async () => {
      const accepted = this.negotiation.acceptAnswer(sdpAnswer);
      if (accepted.kind === 'incompatible') return accepted;
      return this.tellFreeswitch();
    });
  }

  async answerOffer(sdpOffer: string): Promise<{ kind: 'ok'; sdpAnswer: string } | Incompatible> {
    this.mustLive();
    return this.inTurn([], async () => {
      const read = this.negotiation.answer(sdpOffer, this.local);
      if (read.kind === 'incompatible') return read;
      const told = await this.tellFreeswitch();
      if (told.kind === 'incompatible') return told;
      // Once more with what FreeSWITCH says now: its key may be another one.
      const answered = this.negotiation.answer(sdpOffer, this.local);
      if (answered.kind === 'incompatible') return answered;
      return { kind: 'ok', sdpAnswer: this.negotiation.localSdp };
    });
  }

  async createOffer(
    change: { direction?: 'sendrecv' | 'sendonly' | 'inactive'; iceRestart?: boolean } = {},
  ): Promise<string> {
    this.mustLive();
    return this.inTurn([], async () => this.negotiation.offer(this.local, change.direction));
  }

  play(...args: Parameters<Endpoint['play']>): ReturnType<Endpoint['play']> {
    this.mustLive();
    return this.sound.play(...args);
  }

  async bridge(other: Endpoint): Promise<void> {
    this.mustLive();
    const partner = this.sameServer(other);
    await this.inTurn([partner], async () => {
      if (this.partner === partner) {
        // They are not to be parted when a room that was made around them is closed.
        for (const each of [this, partner]) {
          each.room?.forget(each);
          each.room = undefined;
        }
        return;
      }
      this.beginCompany();
      partner.beginCompany();
      this.partner = partner;
      partner.partner = this;
      const bridged = this.untilEither(partner, 'CHANNEL_BRIDGE');
      await this.channel.control.order(`uuid_bridge ${this.channel.uuid} ${partner.channel.uuid}`);
      if (!(await bridged)) throw new AppError('internal', 'FreeSWITCH has not joined two parties in time');
    });
  }

  /** Leaves whatever company there was, in our books; FreeSWITCH parks those who stay behind by itself. */
  beginCompany(): void {
    const { partner } = this;
    this.partner = undefined;
    if (partner) {
      partner.partner = undefined;
      partner.parking = partner.aloneAgain();
    }
    this.room?.forget(this);
    this.room = undefined;
    this.sound.companyBegan();
  }

  /** FreeSWITCH parks this one; what was played to it goes on when it has. */
  private async aloneAgain(): Promise<void> {
    await this.channel.until(({ name }) => name === 'CHANNEL_PARK', placeLimitMs);
    if (!this.partner && !this.room) this.sound.companyEnded();
  }

  /** Alone, and what is played to it is not heard: to be taken into other company. */
  async leaveCompany(): Promise<void> {
    const wasBridged = this.partner !== undefined;
    const parked = wasBridged ? this.untilEvent('CHANNEL_PARK') : this.parking;
    this.beginCompany();
    if (wasBridged) await this.channel.order('uuid_transfer', '-both park inline');
    await parked;
    if (!wasBridged) await this.sound.giveWay();
  }

  async unbridge(): Promise<void> {
    this.mustLive();
    const { partner } = this;
    if (!partner) return;
    await this.inTurn([partner], async () => {
      if (this.partner !== partner) return;
      const parked = Promise.all([this, partner].map((each) => each.untilEvent('CHANNEL_PARK')));
      await this.channel.order('uuid_transfer', '-both park inline');
      await parked;
      this.partner = undefined;
      partner.partner = undefined;
      this.sound.companyEnded();
      partner.sound.companyEnded();
    });
  }

  /** Out of a room, and alone. */
  async park(): Promise<void> {
    const parked = this.untilEvent('CHANNEL_PARK');
    await this.channel.order('uuid_transfer', 'park inline');
    await parked;
    this.sound.companyEnded();
  }

  async setMuted(muted: boolean): Promise<void> {
    this.mustLive();
    this.muted = muted;
    await this.applySilence();
    if (muted) await this.room?.silenced(this);
  }

  async setDigitsAudible(audible: boolean): Promise<void> {
    this.mustLive();
    this.digitsAudible = audible;
    await this.applySilence();
    if (!audible) await this.room?.silenced(this);
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
    const counts = (await this.needs.counts.ask(this.channel.uuid)) ?? { received: 0, sent: 0 };
    const codec = this.audio?.codec.name ?? null;
    const { lost, jitterMs, roundTripMs } = this.reports;
    const tenth = (value: number) => Math.round(value * 10) / 10;
    const mosEstimate =
      codec && counts.received > 0
        ? estimateMos({ codec, lossRatio: lost / (counts.received + lost), jitterMs, roundTripMs })
        : null;
    return {
      packetsReceived: counts.received,
      packetsSent: counts.sent,
      packetsLost: lost,
      jitterMs: tenth(jitterMs),
      roundTripMs: roundTripMs === null ? null : tenth(roundTripMs),
      mosEstimate,
      codec,
      lossCounted: this.reports.counted,
    };
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
    await attempt(log, 'FreeSWITCH has not let go of a channel in time', within('closing', closeLimitMs, gone));
    this.end('closed');
  }

  private end(because: 'closed' | 'lost'): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.watching.stop();
    this.beginCompany();
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

  /** What concerns several endpoints waits for what each of them is doing; begun in the order in which it was asked for. */
  inTurn<T>(others: readonly FreeswitchEndpoint[], act: () => Promise<T>): Promise<T> {
    const all = [this, ...others];
    const doing = Promise.all(all.map((each) => each.turn)).then(() => {
      this.mustLive();
      for (const other of others) other.mustLive();
      return act();
    });
    const over = doing.catch(() => undefined);
    for (const each of all) each.turn = over;
    return doing;
  }

  untilEvent(name: string): Promise<FreeswitchEvent | undefined> {
    return this.channel.until((event) => event.name === name, placeLimitMs);
  }

  private async untilEither(other: FreeswitchEndpoint, name: string): Promise<boolean> {
    const events = [this, other].map((each) => each.untilEvent(name));
    return (await Promise.race(events)) !== undefined;
  }

  /** A re-INVITE with what is agreed now. */
  private async tellFreeswitch(): Promise<{ kind: 'ok' } | Incompatible> {
    const { mrf, log } = this.needs;
    const { audio } = this;
    if (!audio) return { kind: 'incompatible', because: 'nothing was agreed' };
    const ice = this.negotiation.remoteIce;
    // A browser's hold and resume change nothing of the transport, which a re-INVITE would disturb.
    const session = `${audio.codec.name} ${audio.codec.sendPayloadType} ${ice?.usernameFragment} ${ice?.password}`;
    if (ice && session === this.toldSession) {
      await this.adopt();
      return { kind: 'ok' };
    }
    this.toldSession = session;
    const { setup } = this.side.ice ?? {};
    const offer = sdpForFreeswitch({
      profile: this.profile,
      audio,
      version: ++this.version,
      ...(ice ? { ice } : {}),
      ...(setup === 'active' || setup === 'passive' ? { role: setup } : {}),
    });
    let answer: string;
    try {
      answer = await within('a re-INVITE to FreeSWITCH', renegotiateLimitMs, mrf.dialog.modify(offer));
    } catch (thrown) {
      const { status } = thrown as { status?: number };
      if (status === undefined) throw thrown;
      forgetFailedReInvite(mrf.dialog);
      log.warn({ status, err: asError(thrown) }, 'FreeSWITCH refuses what was agreed');
      return { kind: 'incompatible', because: `FreeSWITCH answers ${status}` };
    }
    const side = readFreeswitchAnswer(answer);
    if (!side) return { kind: 'incompatible', because: 'FreeSWITCH refuses the audio stream' };
    this.side = side;
    if (side.crypto.length > 0) this.negotiation.useKeys(side.crypto);
    await this.adopt();
    return { kind: 'ok' };
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
    await this.applySilence();
    if (this.profile !== 'webrtc') setImmediate(() => this.emitter.emit('connected', {}));
  }

  /**
   * Nothing of the party may be heard while it is muted, keys secretly, or shall not send; nothing may reach it while
   * it shall not be sent to.
   */
  private async applySilence(): Promise<void> {
    const direction = this.audio?.direction ?? 'sendrecv';
    const receives = direction === 'sendrecv' || direction === 'recvonly';
    const read = this.muted || !receives || !this.digitsAudible;
    const write = direction === 'recvonly';
    const before = this.silenced;
    if (read === before.read && write === before.write) return;
    this.silenced = { read, write };
    if (!read && !write) {
      await this.channel.order('uuid_audio', 'stop');
      return;
    }
    if (read !== before.read) await this.channel.order('uuid_audio', `start read mute ${read ? 1 : 0}`);
    if (write !== before.write) await this.channel.order('uuid_audio', `start write mute ${write ? 1 : 0}`);
  }

  private onEvent(event: FreeswitchEvent): void {
    if (event.name === 'DTMF') this.onDigit(event);
    else if (event.name === 'RECV_RTCP_MESSAGE') this.reports.heard(event);
    else if (event.name === 'SEND_RTCP_MESSAGE') {
      const { highestSequence, atMs } = this.reports.sent(event, this.audio?.codec.clockRateHz ?? 8000);
      const asked = this.needs.counts.ask(this.channel.uuid).then((counts) => {
        if (counts && highestSequence > 0 && counts.received > 0)
          this.reports.arrived(highestSequence, counts.received, counts.atMs - atMs);
      });
      attempt(this.needs.log, 'loss not counted', asked);
    }
  }

  private onDigit(event: FreeswitchEvent): void {
    const press = readDigit(event);
    if (!press || this.state !== 'live') return;
    this.emitter.emit('digit', press);
    const { partner } = this;
    // What was heard in the audio goes into the bridge with it.
    if (!partner || !this.digitsAudible || this.muted || press.by === 'inband') return;
    const durationMs = Math.max(60, Math.min(press.durationMs, 500));
    attempt(this.needs.log, 'digit not passed on', partner.digits.send(press.digit, durationMs));
  }
}

export function localOf(side: FreeswitchSide, id: string): Local {
  return {
    address: side.address,
    port: side.port,
    ssrc: side.ssrc,
    cname: id,
    ...(side.ice ? { ice: side.ice } : {}),
  };
}

/** drachtio-srf 5.0.29 counts a refused re-INVITE as still going on, and holds back every later one. */
function forgetFailedReInvite(dialog: unknown): void {
  const counted = dialog as { _reinvitesInProgress?: { count: number } };
  if (counted._reinvitesInProgress) counted._reinvitesInProgress.count = 0;
}
