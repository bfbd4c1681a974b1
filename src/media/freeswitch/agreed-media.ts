// What was agreed with the far end of one endpoint, and FreeSWITCH brought to it by re-INVITE: SDP is negotiated by
// media/negotiation.ts, and where FreeSWITCH listens goes into what we say to the far end.

import type { NegotiatedAudio } from '../../protocol/sdp/offer-answer.ts';
import { asError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import type { MediaProfile } from '../endpoint.ts';
import type { Incompatible, Local, Negotiation } from '../negotiation.ts';
import { type FreeswitchSide, readFreeswitchAnswer, sdpForFreeswitch } from './far-end.ts';
import { within } from './fsmrf.ts';
import type { PartyCall } from './server-link.ts';

export interface AgreedMediaNeeds {
  id: string;
  profile: MediaProfile;
  negotiation: Negotiation;
  side: FreeswitchSide;
  mrf: PartyCall;
  log: Logger;
  /** FreeSWITCH has it: what follows beside the media itself. */
  agreed(): Promise<void>;
}

const renegotiateLimitMs = 5000;

export class AgreedMedia {
  side: FreeswitchSide;
  version = 2;
  private readonly needs: AgreedMediaNeeds;
  /** What FreeSWITCH was last told of a browser. */
  private toldSession = '';

  constructor(needs: AgreedMediaNeeds) {
    this.needs = needs;
    this.side = needs.side;
  }

  get audio(): NegotiatedAudio | undefined {
    return this.needs.negotiation.audio;
  }

  /** Goes on where another program was: asked for again, this changes nothing. */
  takeOver(version: number): void {
    this.version = version;
    if (this.audio && this.needs.negotiation.remoteIce) this.toldSession = this.session(this.audio);
  }

  async acceptAnswer(sdpAnswer: string): Promise<{ kind: 'ok' } | Incompatible> {
    const accepted = this.needs.negotiation.acceptAnswer(sdpAnswer);
    return accepted.kind === 'incompatible' ? accepted : this.tellFreeswitch();
  }

  async answerOffer(sdpOffer: string): Promise<{ kind: 'ok'; sdpAnswer: string } | Incompatible> {
    const { negotiation } = this.needs;
    const read = negotiation.answer(sdpOffer, this.local);
    if (read.kind === 'incompatible') return read;
    const told = await this.tellFreeswitch();
    if (told.kind === 'incompatible') return told;
    // Once more with what FreeSWITCH says now: its key may be another one.
    const answered = negotiation.answer(sdpOffer, this.local);
    if (answered.kind === 'incompatible') return answered;
    return { kind: 'ok', sdpAnswer: negotiation.localSdp };
  }

  offer(direction?: 'sendrecv' | 'sendonly' | 'inactive'): string {
    return this.needs.negotiation.offer(this.local, direction);
  }

  private get local(): Local {
    return localOf(this.side, this.needs.id);
  }

  private session({ codec }: NegotiatedAudio): string {
    const ice = this.needs.negotiation.remoteIce;
    return `${codec.name} ${codec.sendPayloadType} ${ice?.usernameFragment} ${ice?.password}`;
  }

  /** A re-INVITE with what is agreed now. */
  private async tellFreeswitch(): Promise<{ kind: 'ok' } | Incompatible> {
    const { mrf, log, negotiation, profile } = this.needs;
    const { audio } = this;
    if (!audio) return { kind: 'incompatible', because: 'nothing was agreed' };
    const ice = negotiation.remoteIce;
    // A browser's hold and resume change nothing of the transport, which a re-INVITE would disturb.
    const session = this.session(audio);
    if (ice && session === this.toldSession) {
      await this.needs.agreed();
      return { kind: 'ok' };
    }
    this.toldSession = session;
    const { setup } = this.side.ice ?? {};
    const offer = sdpForFreeswitch({
      profile,
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
      log.warn({ status, err: asError(thrown) }, 'FreeSWITCH refuses what was agreed');
      return { kind: 'incompatible', because: `FreeSWITCH answers ${status}` };
    }
    const side = readFreeswitchAnswer(answer);
    if (!side) return { kind: 'incompatible', because: 'FreeSWITCH refuses the audio stream' };
    this.side = side;
    if (side.crypto.length > 0) negotiation.useKeys(side.crypto);
    await this.needs.agreed();
    return { kind: 'ok' };
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
