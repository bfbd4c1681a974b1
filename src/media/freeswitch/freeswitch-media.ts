// FreeSWITCH as a maker of MediaServer, one object for one FreeSWITCH (media/media-pool.ts makes a fleet of several).
//
//   down ──linked──▶ up ──connection lost, process hangs, killed──▶ down ──tries again──▶ …      closed, from anywhere
//
// While down, createEndpoint rejects at once and says why; nothing waits for a server that is not there. When it goes down its
// endpoints end as 'lost' and their SIP dialogs are ended. A server that comes back is linked anew from the beginning.
// Calls go to FreeSWITCH through the same SIP server as all others, on a control connection of its own.

import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { AppError, asError } from '../../shared/errors.ts';
import { type EndpointId, newId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EndpointRequest, MediaServer, MediaServerEvents } from '../media-server.ts';
import { type Incompatible, type Local, Negotiation, readOffer } from '../negotiation.ts';
import type { Prompts } from '../prompts.ts';
import { localOf } from './agreed-media.ts';
import { createChannel } from './channel.ts';
import type { EventSocketAddress } from './event-socket.ts';
import { readFreeswitchAnswer, sdpForFreeswitch } from './far-end.ts';
import { FreeswitchConference } from './freeswitch-conference.ts';
import { noticesHangWithinMs, ownerHeader, type ServerLoad } from './freeswitch-control.ts';
import { controlName } from './freeswitch-dialog.ts';
import { FreeswitchEndpoint } from './freeswitch-endpoint.ts';
import { endDialog, within } from './fsmrf.ts';
import { type ListenAddress, linkServer, type PartyCall, type ServerLink } from './server-link.ts';
import { connectSip, type SipControl, SipWay } from './sip-way.ts';
import { createSoundSpecs, type SharedFolder } from './sound-specs.ts';
import { type ChannelFacts, forgetDialog, fromPlain, takenOver } from './taken-over.ts';

export { noticesHangWithinMs };

export interface FreeswitchMediaNeeds {
  clock: Clock;
  log: Logger;
  prompts: Prompts;
  /** Its event socket. */
  server: EventSocketAddress;
  /** The SIP servers through which it is called: the first that can be reached. */
  sip: readonly SipControl[];
  listen: ListenAddress;
  /** FreeSWITCH's SIP profile. */
  profile?: string;
  /** This program's name among those that use the server. Two must not have the same. */
  node: string;
  /** 'end' what an earlier run of this node left there, or 'leave' it for another node to take over. 'end' unless told. */
  strangers?: 'end' | 'leave';
  /** When FreeSWITCH is on another host. */
  sharedSounds?: SharedFolder;
  /** No packet for this long is a media time-out. 0 switches it off. */
  mediaTimeoutMs: number;
  /** The recorder's certificate is signed by itself. */
  allowSelfSignedRecorder?: boolean;
}

export interface FreeswitchMedia extends MediaServer {
  readonly kind: 'freeswitch';
  /** `host:port` of the event socket. */
  readonly name: string;
  /** What FreeSWITCH carries for everybody; undefined while it is down. Two seconds old at most. */
  load(): ServerLoad | undefined;
  /**
   * True: FreeSWITCH refuses new calls of everybody with 503 and keeps those it has; false: it takes calls again. Rejects with
   * 'media-unavailable' while it is down.
   */
  drain(on: boolean): Promise<void>;
}

type State = { kind: 'down'; because: string } | { kind: 'up'; link: ServerLink } | { kind: 'closed' };

/**
 * Of every channel. Digits are passed on by us; a party on hold hears what we play; the silence of one party is sent to the
 * other, and not nothing; the certificate of a browser that begins the handshake must be the one in its SDP, which
 * FreeSWITCH does not look at by itself; a star ends no prompt, unless the flow says so.
 */
const variables = [
  'bridge_filter_dtmf=true',
  'hold_music=silence',
  'bridge_generate_comfort_noise=-1',
  'rtp_dtls_client_cert_verify_mode=fingerprint',
  'playback_terminators=none',
].join(';');
const reInviteLimitMs = 5000;
const againAfterMs = [500, 1000, 2000, 4000];
/** Where nothing is yet, to find out whether an offer can be met at all. */
const unplaced: Local = { address: '127.0.0.1', port: 9, ssrc: 1, cname: 'unplaced' };

/**
 * Resolves after the first try to reach the server, whether it is up or not: health() tells, and trying goes on. Rejects only
 * when it was told what cannot be.
 */
export async function createFreeswitchMedia(needs: FreeswitchMediaNeeds): Promise<FreeswitchMedia> {
  if (!/^[\w-]+$/.test(needs.node))
    throw new AppError(
      'config-invalid',
      `“${needs.node}” cannot name this node to FreeSWITCH: use letters, digits and -`,
    );
  const media = new Media(needs);
  await media.tryNow();
  return media;
}

class Media implements FreeswitchMedia {
  readonly kind = 'freeswitch';
  readonly name: string;
  readonly on: MediaServer['on'];
  readonly once: MediaServer['once'];
  private readonly needs: FreeswitchMediaNeeds;
  private readonly emitter;
  private readonly sounds;
  private readonly endpoints = new Set<FreeswitchEndpoint>();
  private readonly way: SipWay;
  private state: State = { kind: 'down', because: 'not tried yet' };
  private failures = 0;
  private again: Timer | undefined;
  private trying: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  constructor(needs: FreeswitchMediaNeeds) {
    this.needs = needs;
    this.name = `${needs.server.host}:${needs.server.port}`;
    this.way = new SipWay({ clock: needs.clock, log: needs.log, servers: needs.sip });
    this.emitter = createEmitter<MediaServerEvents>((err) => needs.log.error({ err }, 'media listener failed'));
    this.on = this.emitter.on;
    this.once = this.emitter.once;
    this.sounds = createSoundSpecs({
      prompts: needs.prompts,
      ...(needs.sharedSounds ? { shared: needs.sharedSounds } : {}),
    });
  }

  tryNow(): Promise<void> {
    this.trying ??= this.connect().finally(() => {
      this.trying = undefined;
    });
    return this.trying;
  }

  private async connect(): Promise<void> {
    const { clock, log, server, node, listen, profile = 'drachtio_mrf', strangers = 'end' } = this.needs;
    let because: string;
    try {
      const linked = await linkServer({
        clock,
        log,
        sip: this.way,
        address: server,
        profile,
        listen,
        sounds: this.sounds,
        owner: `${node}.${randomBytes(6).toString('hex')}`,
        endStrangers: strangers === 'end' && this.endpoints.size === 0,
      });
      if (linked.kind === 'linked') return this.up(linked.link);
      because = linked.because;
    } catch (thrown) {
      because = asError(thrown).message;
    }
    this.down(because);
  }

  private up(link: ServerLink): void {
    if (this.state.kind === 'closed') return link.close();
    this.failures = 0;
    this.state = { kind: 'up', link };
    this.needs.log.info({ freeswitch: this.name, version: link.control.load.version }, 'FreeSWITCH is up');
    this.emitter.emit('engineState', { engine: this.name, up: true, because: 'connected and proved' });
    link.on('lost', ({ because }) => {
      if (this.state.kind !== 'up' || this.state.link !== link) return;
      this.down(because);
      for (const endpoint of [...this.endpoints]) endpoint.lose();
    });
  }

  private down(because: string): void {
    if (this.state.kind === 'closed') return;
    const wasUp = this.state.kind === 'up';
    const isNews = wasUp || this.failures === 0;
    this.state = { kind: 'down', because };
    if (isNews) {
      this.needs.log.error({ freeswitch: this.name, because }, 'FreeSWITCH is down; trying again');
      this.emitter.emit('engineState', { engine: this.name, up: false, because });
    }
    const pause = againAfterMs[Math.min(this.failures++, againAfterMs.length - 1)]!;
    this.again = this.needs.clock.after(pause, () => void this.tryNow());
  }

  private link(): ServerLink {
    if (this.state.kind === 'up') return this.state.link;
    if (this.state.kind === 'closed') throw new AppError('shutting-down', 'media is being shut down');
    throw new AppError('media-unavailable', `FreeSWITCH cannot be used: ${this.state.because}`);
  }

  async createEndpoint(request: EndpointRequest): ReturnType<MediaServer['createEndpoint']> {
    const link = this.link();
    const { sdpOffer, codecs, callId } = request;
    const read = sdpOffer === undefined ? undefined : readOffer(sdpOffer);
    if (read?.kind === 'incompatible') return read;
    const profile = read?.profile ?? request.profile ?? 'rtp';
    const negotiation = new Negotiation(profile, codecs);
    if (sdpOffer !== undefined) {
      const possible = negotiation.answer(sdpOffer, unplaced);
      if (possible.kind === 'incompatible') return possible;
    }
    const id = newId('endpoint', this.needs.clock.now());
    const { audio, remoteIce } = negotiation;
    const offer = sdpForFreeswitch({
      profile,
      version: 2,
      ...(audio ? { audio } : {}),
      ...(remoteIce ? { ice: remoteIce } : {}),
    });
    // A channel that begins with DTLS does nothing until the handshake is done, which here waits for somebody to answer. And
    // ICE in a later offer is begun before FreeSWITCH has made its own credentials: they are made by an offer of nobody's.
    const first = profile === 'webrtc' ? sdpForFreeswitch({ profile: 'rtp', version: 0 }) : offer;
    const called = await this.call(link, first, { 'X-Engawa-Call': callId, 'X-Engawa-Endpoint': id });
    if (called.kind === 'incompatible') return called;
    const { mrf } = called;
    try {
      await link.control.order(`uuid_setvar_multi ${mrf.uuid} ${variables}`);
      if (profile === 'webrtc') await this.reInvite(mrf, sdpForFreeswitch({ profile, version: 1 }));
      if (remoteIce) await this.reInvite(mrf, offer);
      const side = readFreeswitchAnswer(mrf.dialog.remote.sdp);
      if (!side) throw new AppError('media-unavailable', 'FreeSWITCH answers without saying where it listens');
      if (side.ice) side.ice.fingerprint ||= link.fingerprint;
      if (side.crypto.length > 0) negotiation.useKeys(side.crypto);
      const local = localOf(side, id);
      if (sdpOffer === undefined) negotiation.offer(local);
      else negotiation.answer(sdpOffer, local);
      const endpoint = this.makeEndpoint(link, mrf, { id, profile, negotiation, side });
      await endpoint.prepare();
      return { kind: 'created', endpoint };
    } catch (thrown) {
      endDialog(mrf.dialog);
      throw thrown;
    }
  }

  private async call(
    link: ServerLink,
    sdpOffer: string,
    headers: Record<string, string>,
  ): Promise<{ kind: 'called'; mrf: PartyCall } | Incompatible> {
    for (let tries = 1; ; tries++) {
      try {
        return { kind: 'called', mrf: await link.call(sdpOffer, headers) };
      } catch (cause) {
        const { status } = cause as { status?: number };
        // FreeSWITCH takes its RTP ports in turn and refuses when somebody else has the next one.
        if (status === 488 && tries < 3) continue;
        if (status === 488) return { kind: 'incompatible', because: 'FreeSWITCH cannot meet the offer (488)' };
        const because = status === undefined ? asError(cause).message : `it answers ${status}`;
        throw new AppError('media-unavailable', `FreeSWITCH ${this.name} takes no call: ${because}`, { cause });
      }
    }
  }

  private reInvite(mrf: PartyCall, sdpOffer: string): Promise<string> {
    return within('a re-INVITE to FreeSWITCH', reInviteLimitMs, mrf.dialog.modify(sdpOffer));
  }

  private makeEndpoint(
    link: ServerLink,
    mrf: PartyCall,
    rest: Pick<ConstructorParameters<typeof FreeswitchEndpoint>[0], 'id' | 'profile' | 'negotiation' | 'side'>,
  ): FreeswitchEndpoint {
    const { clock, mediaTimeoutMs, allowSelfSignedRecorder = false } = this.needs;
    const log = this.needs.log.child({ endpointId: rest.id });
    const endpoint = new FreeswitchEndpoint({
      ...rest,
      mrf,
      channel: createChannel(link.control, mrf.uuid, log),
      sounds: this.sounds,
      counts: link.counts,
      server: this.name,
      clock,
      log,
      mediaTimeoutMs,
      allowSelfSignedRecorder,
      onEnded: () => void this.endpoints.delete(endpoint),
    });
    this.endpoints.add(endpoint);
    mrf.on('destroy', () => endpoint.channel.lose());
    return endpoint;
  }

  async adoptEndpoints({
    facts,
  }: Parameters<NonNullable<MediaServer['adoptEndpoints']>>[0]): ReturnType<
    NonNullable<MediaServer['adoptEndpoints']>
  > {
    const link = this.link();
    const adopted = await Promise.all(facts.map(({ data }) => this.adoptEndpoint(link, fromPlain(data))));
    for (const endpoint of adopted) {
      if (!endpoint) continue;
      const bond = (await link.control.api(`uuid_getvar ${endpoint.channel.uuid} signal_bond`)).trim();
      const partner = adopted.find((other) => other && other !== endpoint && other.channel.uuid === bond);
      if (partner && endpoint.company.partner !== partner) endpoint.company.alreadyWith(partner);
    }
    return adopted;
  }

  private async adoptEndpoint(link: ServerLink, facts: ChannelFacts): Promise<FreeswitchEndpoint | undefined> {
    const { uuid, id, profile, negotiation, side, dialog } = facts;
    const { control, owner } = link;
    if ((await control.api(`uuid_exists ${uuid}`)).trim() !== 'true') return undefined;
    // Its events come to us from now on, and nobody takes it for left behind.
    await control.order(`uuid_setvar ${uuid} sip_h_${ownerHeader} ${owner}`);
    if (dialog.at) await this.forget(dialog.at);
    const { clock } = this.needs;
    const hangUp = () => control.order(`uuid_kill ${uuid}`);
    const endpoint = this.makeEndpoint(link, takenOver(facts, { way: this.way, clock, hangUp }), {
      ...{ id: id as EndpointId, profile, negotiation: Negotiation.restored(negotiation), side },
    });
    await endpoint.takeOver(facts);
    return endpoint;
  }

  /** At the SIP server where the dialog is, which need not be the one that we use. */
  private async forget({ control, dialogId }: { control: string; dialogId: string }): Promise<void> {
    const { now } = this.way;
    if (now && controlName(now.control) === control) return forgetDialog(now.srf, dialogId);
    const where = this.needs.sip.find((one) => controlName(one) === control);
    if (!where) return;
    const other = await connectSip([where]).catch(() => undefined);
    if (!other) return;
    forgetDialog(other.srf, dialogId);
    this.needs.clock.after(1000, () => other.close());
  }

  async createConference(): ReturnType<MediaServer['createConference']> {
    const link = this.link();
    if (!link.canConference)
      throw new AppError('media-unavailable', `FreeSWITCH ${this.name} has not loaded mod_conference`);
    return new FreeswitchConference(link.control, this.needs.log, (endpoint) => {
      if (endpoint instanceof FreeswitchEndpoint && endpoint.channel.control === link.control) return endpoint;
      throw new AppError(
        'invalid-argument',
        'an endpoint can only join a conference of its own FreeSWITCH: create both with the same callId',
      );
    });
  }

  whereIs(endpoint: Endpoint): string | undefined {
    return this.endpoints.has(endpoint as FreeswitchEndpoint) ? this.name : undefined;
  }

  get serverName(): string {
    return this.name;
  }

  async probe(): ReturnType<NonNullable<MediaServer['probe']>> {
    if (this.state.kind === 'down') await this.tryNow();
    else if (this.state.kind === 'up') {
      const because = await this.state.link.prove();
      if (because) return { ok: false, because };
    }
    const { ok, because = 'closed' } = await this.health();
    return ok ? { ok } : { ok, because };
  }

  async health(): ReturnType<MediaServer['health']> {
    const endpoints = this.endpoints.size;
    if (this.state.kind === 'up') return { ok: true, endpoints };
    return { ok: false, because: this.state.kind === 'down' ? this.state.because : 'closed', endpoints };
  }

  load(): ServerLoad | undefined {
    return this.state.kind === 'up' ? this.state.link.control.load : undefined;
  }

  async drain(on: boolean): Promise<void> {
    await this.link().control.order(`fsctl ${on ? 'pause' : 'resume'} inbound`);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const { state } = this;
    this.again?.cancel();
    await this.trying;
    await Promise.all([...this.endpoints].map((endpoint) => endpoint.close()));
    const last = this.state;
    this.state = { kind: 'closed' };
    for (const each of new Set([state, last])) if (each.kind === 'up') each.link.close();
    this.way.close();
    this.emitter.clear();
  }
}
