// An engine: the parties of one process, the 20 ms tick, the plan of who hears whom. Takes commands, gives events.
// Knows no IPC (engine-process.ts), no database, no SIP. Every party of a call, bridge or room is in one engine.

import type { Opus } from '../../../protocol/rtp/opus.ts';
import type { SrtpCrypto } from '../../../protocol/rtp/srtp-crypto.ts';
import type { MediaQuality } from '../../../shared/events.ts';
import type { EndpointEvents } from '../../endpoint.ts';
import { readOffer } from '../../negotiation.ts';
import type { CommandInput, CommandOutput, EngineConfig, EngineHealth, EngineSound } from '../engine-protocol.ts';
import { EngineFault } from './engine-fault.ts';
import type { Party } from './party.ts';
import { qualityOf } from './party-quality.ts';
import { plan, type Room } from './plan.ts';
import { Player } from './player.ts';
import { Seat } from './seat.ts';
import { createUdpPorts } from './sockets/udp-ports.ts';
import type { UdpSockets } from './sockets/udp-socket.ts';
import { createSoundFiles, ringback, tone } from './sounds.ts';
import { Tap } from './tap.ts';
import { startTicker } from './ticker.ts';
import type { BrowserSide } from './transport/transport.ts';

const ticksPerSecond = 50;
const reportEveryTicks = 5 * ticksPerSecond;
const tapEveryTicks = 10;

const beginTick = (party: Party, tick: number, now: number) => party.beginTick(tick, now);
const endTick = (party: Party, tick: number, now: number) => party.tick(tick, now);

export interface EngineNeeds {
  config: EngineConfig;
  /** Closed with the engine. */
  browsers: BrowserSide;
  srtp: SrtpCrypto;
  udp: UdpSockets;
  opus: Opus;
  endpointEvent<N extends keyof EndpointEvents>(endpoint: string, name: N, detail: EndpointEvents[N]): void;
  playEnded(endpoint: string, play: number, how: 'finished' | 'stopped' | 'failed'): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
}

export class Engine {
  private readonly needs: EngineNeeds;
  private readonly seats = new Map<string, Seat>();
  /** Of the seats, in their order. */
  private parties: Party[] = [];
  private readonly rooms = new Map<string, Room>();
  private readonly ports;
  private readonly sounds = createSoundFiles();
  /** Packets of endpoints that are closed. */
  private refusedBefore = 0;
  private readonly ticker;

  constructor(needs: EngineNeeds) {
    this.needs = needs;
    this.ports = createUdpPorts(needs.udp, needs.config.rtpAddress, needs.config.rtpPorts);
    this.ticker = startTicker((tick, now) => this.tick(tick, now));
  }

  private tick(tick: number, now: number): void {
    this.needs.udp.look?.(now);
    const { parties } = this;
    for (const party of parties) if (party.decoding) this.guarded(party, tick, now, beginTick);
    let order = 0;
    for (const party of parties) {
      order++;
      if (party.restsUntil <= tick) this.guarded(party, tick, now, endTick);
      if ((tick + order) % ticksPerSecond === 0) party.watch(now);
      // Spread over the interval, so that what many parties report and record does not leave in one tick.
      if ((tick + order * 7) % reportEveryTicks === 0) party.sendReport(now);
      if ((tick + order) % tapEveryTicks === 0) party.tap?.pump(now);
    }
  }

  /** A fault in one party's audio ends nothing but that frame. */
  private guarded(
    party: Party,
    tick: number,
    now: number,
    run: (party: Party, tick: number, now: number) => void,
  ): void {
    try {
      run(party, tick, now);
    } catch (err) {
      this.needs.log('error', 'media party failed in a tick', { endpoint: party.id, error: String(err) });
    }
  }

  /** Works out the plan once, after everything of this moment has changed. */
  private replan(): void {
    this.parties = [...this.seats.values()].map((seat) => seat.party);
    plan(this.parties, [...this.rooms.values()]);
    for (const party of this.parties) party.wake();
  }

  private seat(endpoint: string): Seat {
    const found = this.seats.get(endpoint);
    if (!found) throw new EngineFault('not-found', `no media endpoint ${endpoint}`);
    return found;
  }

  // Negotiating

  async create(input: CommandInput<'create'>): Promise<CommandOutput<'create'>> {
    const { endpoint, sdpOffer, codecs } = input;
    const read = sdpOffer === undefined ? undefined : readOffer(sdpOffer);
    if (read?.kind === 'incompatible') return read;
    const profile = read?.profile ?? input.profile ?? 'rtp';
    const { config, browsers, srtp, opus } = this.needs;
    const seat = await Seat.open({
      endpoint,
      profile,
      codecs,
      config,
      browsers,
      srtp,
      opus,
      ports: this.ports,
      emit: (name, detail) => this.needs.endpointEvent(endpoint, name, detail),
      replan: () => this.replan(),
      onTransportLost: (because) => this.needs.log('info', 'browser media transport lost', { endpoint, because }),
    });
    const { party } = seat;
    party.playTones = (samples) => {
      this.start(party, new Player({ samples, loop: false, over: true }, () => this.playerEnded(party)));
    };
    const done = await seat.begin(sdpOffer);
    if (done.kind === 'incompatible') {
      await party.close(performance.now());
      return done;
    }
    this.seats.set(endpoint, seat);
    this.replan();
    return { kind: 'created', localSdp: seat.localSdp, profile };
  }

  acceptAnswer({ endpoint, sdpAnswer }: CommandInput<'acceptAnswer'>): CommandOutput<'acceptAnswer'> {
    return this.seat(endpoint).acceptAnswer(sdpAnswer);
  }

  async answerOffer({ endpoint, sdpOffer }: CommandInput<'answerOffer'>): Promise<CommandOutput<'answerOffer'>> {
    const seat = this.seat(endpoint);
    const answered = await seat.answer(sdpOffer);
    return answered.kind === 'ok' ? { kind: 'ok', sdpAnswer: seat.localSdp } : answered;
  }

  createOffer({ endpoint, ...change }: CommandInput<'createOffer'>): CommandOutput<'createOffer'> {
    return { sdpOffer: this.seat(endpoint).offer(change) };
  }

  // Listening and playing

  async play({ endpoint, play, sound, loop, over }: CommandInput<'play'>): Promise<null> {
    const seat = this.seat(endpoint);
    const { party } = seat;
    let samples: Int16Array;
    try {
      samples = await this.samplesOf(sound);
    } catch (error) {
      this.needs.log('warn', 'sound cannot be played', { endpoint, error: String(error) });
      this.needs.playEnded(endpoint, play, 'failed');
      return null;
    }
    if (this.seats.get(endpoint) !== seat) {
      this.needs.playEnded(endpoint, play, 'stopped');
      return null;
    }
    const endless = sound.kind === 'ringback' || (sound.kind === 'tone' && sound.durationMs === undefined);
    const player = new Player({ samples, loop: loop || endless, over, echo: sound.kind === 'echo' }, (how) => {
      seat.plays.delete(play);
      this.needs.playEnded(endpoint, play, how);
      this.playerEnded(party);
    });
    seat.plays.set(play, player);
    this.start(party, player);
    return null;
  }

  private start(party: Party, player: Player): void {
    const before = party.player;
    party.player = player;
    before?.stop();
    this.replan();
  }

  private playerEnded(party: Party): void {
    if (party.player?.ended) party.player = undefined;
    this.replan();
  }

  private async samplesOf(sound: EngineSound): Promise<Int16Array> {
    switch (sound.kind) {
      case 'file':
        return this.sounds.load(sound.path);
      case 'ringback':
        return ringback();
      case 'tone':
        return tone(sound.frequencyHz, sound.durationMs);
      case 'echo':
        return new Int16Array(0);
    }
  }

  stopPlay({ endpoint, play }: CommandInput<'stopPlay'>): null {
    this.seats.get(endpoint)?.plays.get(play)?.stop();
    return null;
  }

  bridge({ endpoint, other }: CommandInput<'bridge'>): null {
    const one = this.seat(endpoint).party;
    const two = this.seat(other).party;
    if (one === two) throw new EngineFault('invalid-argument', 'an endpoint cannot be bridged to itself');
    this.separate(one);
    this.separate(two);
    one.bridgedTo = two;
    two.bridgedTo = one;
    this.replan();
    return null;
  }

  unbridge({ endpoint }: CommandInput<'unbridge'>): null {
    this.separate(this.seat(endpoint).party);
    this.replan();
    return null;
  }

  /** Out of its bridge or room. */
  private separate(party: Party): void {
    if (party.bridgedTo) party.bridgedTo.bridgedTo = undefined;
    party.bridgedTo = undefined;
    for (const room of this.rooms.values()) room.delete(party);
  }

  setMuted({ endpoint, muted }: CommandInput<'setMuted'>): null {
    this.seat(endpoint).party.muted = muted;
    this.replan();
    return null;
  }

  setDigitsAudible({ endpoint, audible }: CommandInput<'setDigitsAudible'>): null {
    const { party } = this.seat(endpoint);
    party.digits.setAudible(audible, performance.now());
    party.wake();
    return null;
  }

  async sendDigits({ endpoint, digits, durationMs }: CommandInput<'sendDigits'>): Promise<null> {
    if (!/^[0-9A-D*#]+$/i.test(digits)) throw new EngineFault('invalid-argument', 'digits are 0-9, A-D, * and #');
    const { party } = this.seat(endpoint);
    party.wake();
    await party.digits.send(digits, durationMs);
    return null;
  }

  // Rooms

  createRoom({ room }: CommandInput<'createRoom'>): null {
    this.rooms.set(room, new Map());
    return null;
  }

  /** All at once, in one plan: nobody who goes on hearing another hears a gap. */
  join({ room, members }: CommandInput<'join'>): null {
    const present = this.rooms.get(room);
    if (!present) throw new EngineFault('not-found', `no conference ${room}`);
    const joining = members.map(({ endpoint, muted, heardBy }) => ({
      party: this.seat(endpoint).party,
      muted,
      listeners: heardBy && new Set(heardBy.map((each) => this.seat(each).party)),
    }));
    for (const { party, muted, listeners } of joining) {
      if (!present.has(party)) this.separate(party);
      present.set(party, { muted, ...(listeners ? { heardBy: listeners } : {}) });
    }
    this.replan();
    return null;
  }

  leave({ room, endpoint }: CommandInput<'leave'>): null {
    const party = this.seats.get(endpoint)?.party;
    if (party) this.rooms.get(room)?.delete(party);
    this.replan();
    return null;
  }

  closeRoom({ room }: CommandInput<'closeRoom'>): null {
    this.rooms.delete(room);
    this.replan();
    return null;
  }

  // Recording and figures

  async startTap({ endpoint, url, metadata }: CommandInput<'startTap'>): Promise<null> {
    const { party } = this.seat(endpoint);
    await this.endTap(party);
    const tap = new Tap({
      url,
      metadata,
      onTrouble: (because, fields) => this.needs.log('warn', because, { endpoint, ...fields }),
    });
    party.tap = tap;
    this.replan();
    try {
      await tap.open();
    } catch (error) {
      if (party.tap === tap) party.tap = undefined;
      this.replan();
      throw new EngineFault('media-unavailable', `recorder did not accept the audio: ${String(error)}`);
    }
    return null;
  }

  async stopTap({ endpoint }: CommandInput<'stopTap'>): Promise<null> {
    const party = this.seats.get(endpoint)?.party;
    if (party) await this.endTap(party);
    return null;
  }

  private async endTap(party: Party): Promise<void> {
    const { tap } = party;
    if (!tap) return;
    this.drain(party);
    if (party.hearsForwarded) this.drain(party.hearsForwarded);
    party.tap = undefined;
    this.replan();
    await tap.close(performance.now());
  }

  /** What a party said and a jitter buffer still holds goes to who taps it, unless others are to hear it in its time. */
  private drain(party: Party): void {
    for (const { party: other } of this.seats.values()) if (other.mixFrom.includes(party)) return;
    party.drain(performance.now());
  }

  stats({ endpoint }: CommandInput<'stats'>): MediaQuality {
    return qualityOf(this.seat(endpoint).party);
  }

  health(): EngineHealth {
    const cpu = process.cpuUsage();
    return {
      endpoints: this.seats.size,
      worstTickDelayMs: this.ticker.takeWorstDelayMs(),
      cpuMs: (cpu.user + cpu.system) / 1000,
      refusedPackets: [...this.seats.values()].reduce(
        (sum, seat) => sum + seat.refused,
        this.refusedBefore + this.needs.browsers.strangers,
      ),
    };
  }

  async close({ endpoint }: CommandInput<'close'>): Promise<null> {
    const seat = this.seats.get(endpoint);
    if (!seat) return null;
    this.drain(seat.party);
    const tapEnded = this.endTap(seat.party);
    this.seats.delete(endpoint);
    this.refusedBefore += seat.refused;
    this.separate(seat.party);
    this.replan();
    await Promise.all([tapEnded, seat.party.close(performance.now())]);
    return null;
  }

  async shutdown(): Promise<null> {
    await Promise.all([...this.seats.keys()].map((endpoint) => this.close({ endpoint })));
    this.ticker.stop();
    await this.needs.browsers.close();
    return null;
  }
}
