// One endpoint inside an engine: its party, its SDP and its transport, and what connects the three. engine.ts keeps the seats.
// Opens and closes the transport; decides nothing about who hears whom.

import { randomBytes, randomInt } from 'node:crypto';
import type { Opus } from '../../../protocol/rtp/opus.ts';
import type { SrtpCrypto } from '../../../protocol/rtp/srtp-crypto.ts';
import { isIceRestart } from '../../../protocol/sdp/webrtc.ts';
import { asError } from '../../../shared/errors.ts';
import type { EndpointEvents, MediaProfile } from '../../endpoint.ts';
import { type Incompatible, type Local, type LocalIce, Negotiation, readOffer } from '../../negotiation.ts';
import type { EngineConfig } from '../engine-protocol.ts';
import { EngineFault } from './engine-fault.ts';
import { Party } from './party.ts';
import type { Player } from './player.ts';
import type { UdpPorts } from './sockets/udp-ports.ts';
import { createPacketProtection } from './transport/packet-protection.ts';
import type { BrowserSide, BrowserTransport } from './transport/transport.ts';
import { UdpTransport } from './transport/udp-transport.ts';

export interface SeatNeeds {
  endpoint: string;
  profile: MediaProfile;
  codecs: readonly string[] | undefined;
  config: EngineConfig;
  browsers: BrowserSide;
  srtp: SrtpCrypto;
  opus: Opus;
  ports: UdpPorts;
  emit<N extends keyof EndpointEvents>(name: N, detail: EndpointEvents[N]): void;
  replan(): void;
  onTransportLost(because: string): void;
}

type Done = { kind: 'ok' } | Incompatible;

/** What the WebRTC library throws about an SDP is the far end's SDP being unusable, not our fault. */
const unusable = (thrown: unknown): Incompatible => ({
  kind: 'incompatible',
  because: `the description cannot be used: ${asError(thrown).message}`,
});

export class Seat {
  readonly party: Party;
  readonly plays = new Map<number, Player>();
  private readonly needs: SeatNeeds;
  private readonly negotiation: Negotiation;
  private readonly local: Local;
  private webrtc: BrowserTransport | undefined;
  /** A new ICE session that we offered and that is not answered yet. */
  private restarting: { transport: BrowserTransport; ice: LocalIce } | undefined;
  private udp: UdpTransport | undefined;
  /** The crypto lines in use, so that new keys are noticed. */
  private keys: string | undefined;
  /** By transports that are not in use any more. */
  private refusedBefore = 0;

  private constructor(needs: SeatNeeds) {
    const { config } = needs;
    const ssrc = randomInt(1, 2 ** 32);
    const cname = randomBytes(9).toString('base64url');
    this.needs = needs;
    this.negotiation = new Negotiation(needs.profile, needs.codecs);
    this.local = { address: config.publicAddress ?? config.rtpAddress, port: 0, ssrc, cname };
    this.party = new Party({
      id: needs.endpoint,
      ssrc,
      cname,
      opus: needs.opus,
      sequence: randomInt(0, 2 ** 15),
      timestamp: randomInt(0, 2 ** 32),
      mediaTimeoutMs: config.mediaTimeoutMs,
      emit: needs.emit,
      replan: needs.replan,
    });
  }

  /** A seat with its transport open. Throws when no port is free. */
  static async open(needs: SeatNeeds): Promise<Seat> {
    const seat = new Seat(needs);
    if (needs.profile === 'webrtc') {
      seat.useWebrtc(seat.makeWebrtc());
      return seat;
    }
    const pair = await needs.ports.take();
    if (!pair) throw new EngineFault('media-unavailable', 'no RTP port is free: widen media.rtpPorts');
    seat.udp = new UdpTransport(pair, seat.party);
    seat.local.port = seat.udp.port;
    seat.party.transport = seat.udp;
    return seat;
  }

  get localSdp(): string {
    return this.negotiation.localSdp;
  }

  private makeWebrtc(): BrowserTransport {
    const { party, local, needs } = this;
    return needs.browsers.open({
      name: party.id,
      ssrc: local.ssrc,
      cname: local.cname,
      listener: party,
      onLost: needs.onTransportLost,
    });
  }

  private useWebrtc(transport: BrowserTransport): void {
    const before = this.webrtc;
    this.webrtc = transport;
    this.local.port = this.needs.browsers.port;
    this.party.transport = transport;
    if (!before) return;
    this.refusedBefore += before.refused;
    void before.close();
  }

  /** Packets that were not from whom they should be, or not intact. */
  get refused(): number {
    return this.refusedBefore + (this.webrtc ?? this.udp)!.refused;
  }

  /** The first description: an answer when there is an offer, else an offer. */
  async begin(sdpOffer: string | undefined): Promise<Done> {
    if (sdpOffer !== undefined) return this.answer(sdpOffer);
    this.offer({});
    return { kind: 'ok' };
  }

  offer(change: { direction?: 'sendrecv' | 'sendonly' | 'inactive'; iceRestart?: boolean }): string {
    void this.restarting?.transport.close();
    this.restarting = undefined;
    if (this.webrtc) this.local.ice ??= this.webrtc.offer();
    if (!this.webrtc || !change.iceRestart) return this.negotiation.offer(this.local, change.direction);
    // The transport in use carries the call until the answer is here; should the offer be refused, it goes on.
    const transport = this.makeWebrtc();
    this.restarting = { transport, ice: transport.offer() };
    return this.negotiation.offer({ ...this.local, ice: this.restarting.ice }, change.direction);
  }

  async answer(sdpOffer: string): Promise<Done> {
    const read = readOffer(sdpOffer);
    if (read.kind === 'incompatible') return read;
    const { profile } = this.negotiation;
    if (read.profile !== profile) {
      return { kind: 'incompatible', because: `a ${profile} endpoint cannot become ${read.profile}` };
    }
    try {
      if (this.webrtc) this.local.ice = await this.iceFor(this.webrtc, sdpOffer);
    } catch (thrown) {
      return unusable(thrown);
    }
    const answered = this.negotiation.answer(sdpOffer, this.local);
    if (answered.kind === 'incompatible') return answered;
    this.agreed();
    return { kind: 'ok' };
  }

  /** Our credentials for an offer: those in use, or new ones when the browser begins a new ICE session. */
  private async iceFor(transport: BrowserTransport, sdpOffer: string): Promise<LocalIce> {
    const read = readOffer(sdpOffer);
    if (read.kind !== 'ok' || !read.ice) throw new Error('the offer has no ICE credentials or fingerprint');
    const before = this.negotiation.remoteIce;
    if (before && this.local.ice && !isIceRestart(before, read.ice)) return this.local.ice;
    if (!before && !this.local.ice) return transport.answer(sdpOffer);
    const fresh = this.makeWebrtc();
    const ice = await fresh.answer(sdpOffer);
    this.negotiation.forgetSetup();
    this.useWebrtc(fresh);
    return ice;
  }

  acceptAnswer(sdpAnswer: string): Done {
    const before = this.negotiation.remoteIce;
    const read = this.negotiation.acceptAnswer(sdpAnswer);
    if (read.kind === 'incompatible') return read;
    const now = this.negotiation.remoteIce;
    if (this.restarting) return this.restart(this.restarting, sdpAnswer);
    if (this.webrtc?.answered && before && now && isIceRestart(before, now)) {
      return { kind: 'incompatible', because: 'another browser answered; make a new endpoint for it' };
    }
    try {
      if (this.webrtc && !this.webrtc.answered) this.webrtc.setAnswer(sdpAnswer);
    } catch (thrown) {
      return unusable(thrown);
    }
    this.agreed();
    return { kind: 'ok' };
  }

  private restart({ transport, ice }: { transport: BrowserTransport; ice: LocalIce }, sdpAnswer: string): Done {
    this.restarting = undefined;
    try {
      transport.setAnswer(sdpAnswer);
    } catch (thrown) {
      void transport.close();
      return unusable(thrown);
    }
    this.local.ice = ice;
    this.useWebrtc(transport);
    this.agreed();
    return { kind: 'ok' };
  }

  private agreed(): void {
    const { audio } = this.negotiation;
    if (!audio) return;
    this.party.agree(audio);
    if (this.udp) {
      this.udp.rtcpMux = audio.rtcpMux;
      const keys = audio.crypto && JSON.stringify(audio.crypto);
      if (audio.crypto && keys !== this.keys)
        this.udp.protection = createPacketProtection(audio.crypto, this.needs.srtp);
      if (keys !== undefined) this.keys = keys;
      this.udp.setRemote(audio.remote);
    }
    this.needs.replan();
  }
}
