// One SIP dialog with FreeSWITCH, whoever made it and whichever SIP server it was made through.
//
//   made ──its connection is gone──▶ gone on with elsewhere      taken over: from the beginning
//
// Gone on with, or taken over: the dialog is not known to the SIP server that we use now. We speak in it with its Call-ID and tags and a CSeq
// taken from the clock (RFC 3261 §8.1.1.5; §12.2.1.1 asks for growth, not for steps), and end the channel by the event socket.

import type { Clock } from '../../shared/clock.ts';
import { AppError, asError } from '../../shared/errors.ts';
import type { MrfDialog } from './fsmrf.ts';
import type { SipConnection, SipControl, SipWay } from './sip-way.ts';

/** Plain data: with it another program can go on. */
export interface DialogWithFreeswitch {
  sipCallId: string;
  local: string;
  remote: string;
  remoteTarget: string;
  /** Where it was: control address of the SIP server, and its name for the dialog there. */
  at: { control: string; dialogId: string } | null;
}

export interface FreeswitchDialog extends MrfDialog {
  /** Undefined when the library does not tell them. */
  readonly facts: DialogWithFreeswitch | undefined;
}

export interface DialogNeeds {
  way: SipWay;
  clock: Clock;
  /** Ends the channel by the event socket. */
  hangUp(): Promise<unknown>;
}

export const controlName = ({ host, port }: Pick<SipControl, 'host' | 'port'>): string => `${host}:${port}`;

/** What a dialog of drachtio-srf has beneath its declarations. */
interface SrfDialog extends MrfDialog {
  id?: string;
  req?: { get(name: string): string | undefined };
  res?: { get(name: string): string | undefined };
  remote: { sdp: string; uri?: string };
  /** drachtio-srf 5.0.29 counts a refused re-INVITE as still going on, and holds back every later one. */
  _reinvitesInProgress?: { count: number };
}

export class MadeDialog implements FreeswitchDialog {
  private readonly needs: DialogNeeds;
  private readonly dialog: SrfDialog;
  private readonly made: SipConnection;
  private elsewhere: TakenOverDialog | undefined;

  constructor(needs: DialogNeeds, dialog: MrfDialog, made: SipConnection) {
    this.needs = needs;
    this.dialog = dialog as SrfDialog;
    this.made = made;
  }

  get remote(): { sdp: string } {
    return this.elsewhere?.remote ?? this.dialog.remote;
  }

  get facts(): DialogWithFreeswitch | undefined {
    return this.elsewhere?.facts ?? this.ownFacts;
  }

  private get ownFacts(): DialogWithFreeswitch | undefined {
    const { id, req, res, remote } = this.dialog;
    const [sipCallId, local, to] = [res?.get('Call-ID'), req?.get('From'), res?.get('To')];
    if (!sipCallId || !local || !to || !remote.uri) return undefined;
    const at = id && !this.made.closed ? { control: controlName(this.made.control), dialogId: id } : null;
    return { sipCallId, local, remote: to, remoteTarget: remote.uri, at };
  }

  async modify(sdp: string): Promise<string> {
    if (this.made.closed) return this.goneOn().modify(sdp);
    try {
      return await this.dialog.modify(sdp);
    } catch (thrown) {
      if (this.dialog._reinvitesInProgress) this.dialog._reinvitesInProgress.count = 0;
      throw thrown;
    }
  }

  async destroy(): Promise<unknown> {
    if (this.made.closed) return this.needs.hangUp();
    return this.dialog.destroy();
  }

  private goneOn(): TakenOverDialog {
    const facts = this.ownFacts;
    if (!facts) throw new AppError('media-unavailable', 'the SIP server of a dialog with FreeSWITCH is gone');
    this.elsewhere ??= new TakenOverDialog(this.needs, facts);
    return this.elsewhere;
  }
}

interface SrfRequest {
  on(event: 'response', listener: (response: SrfResponse, ack: (request: object) => void) => void): void;
}

interface SrfResponse {
  status: number;
  body: string;
  stackDialogId?: string;
}

type SendRequest = (uri: string, options: object, callback: (error: unknown, request?: SrfRequest) => void) => void;

export class TakenOverDialog implements FreeswitchDialog {
  remote = { sdp: '' };
  private readonly needs: DialogNeeds;
  private readonly found: DialogWithFreeswitch;
  /** Where our first request has made it known. */
  private at: { connection: SipConnection; dialogId: string } | undefined;
  private cseq = 0;

  constructor(needs: DialogNeeds, found: DialogWithFreeswitch) {
    this.needs = needs;
    this.found = found;
  }

  get facts(): DialogWithFreeswitch {
    if (!this.at || this.at.connection.closed) return this.found;
    const { connection, dialogId } = this.at;
    return { ...this.found, at: { control: controlName(connection.control), dialogId } };
  }

  async modify(sdp: string): Promise<string> {
    const connection = await this.needs.way.open();
    const { srf } = connection;
    const send = srf.request.bind(srf) as unknown as SendRequest;
    const options = { method: 'INVITE', ...this.inDialog(connection), body: sdp };
    return new Promise((resolve, reject) => {
      send(this.found.remoteTarget, options, (error, request) => {
        if (error || !request) return reject(asError(error ?? 'a re-INVITE was not sent'));
        request.on('response', (response, ack) => {
          if (response.status < 200) return;
          if (response.status >= 300) {
            const refused = new AppError('media-unavailable', `FreeSWITCH answers ${response.status}`);
            return reject(Object.assign(refused, { status: response.status }));
          }
          ack({});
          if (response.stackDialogId) this.at = { connection, dialogId: response.stackDialogId };
          this.remote = { sdp: response.body };
          resolve(response.body);
        });
      });
    });
  }

  destroy(): Promise<unknown> {
    return this.needs.hangUp();
  }

  /** A SIP server that has taken it up counts by itself; ours refuses to be told of it twice. */
  private inDialog(connection: SipConnection): { stackDialogId?: string; headers: Record<string, string> } {
    const type = { 'Content-Type': 'application/sdp' };
    if (this.at?.connection === connection) return { stackDialogId: this.at.dialogId, headers: type };
    const { sipCallId, local, remote } = this.found;
    this.cseq = Math.max(this.cseq + 1, Math.floor(this.needs.clock.now() / 1000));
    return { headers: { ...type, 'Call-ID': sipCallId, From: local, To: remote, CSeq: `${this.cseq} INVITE` } };
  }
}
