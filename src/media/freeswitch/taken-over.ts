// A channel whose program has died, as another one goes on with it: the facts that the first left behind, and the SIP dialog with
// FreeSWITCH made usable again. The dialog was the dead program's; we speak in it with its Call-ID and tags and a CSeq far ahead
// (RFC 3261 §12.2.1.1 asks for growth, not for steps), and end the channel by the event socket.
// Our own SIP server would end it ten seconds after its program: it is told to forget it. drachtio-server leaves it alone.

import type Srf from 'drachtio-srf';
import { AppError, asError } from '../../shared/errors.ts';
import type { MediaProfile } from '../endpoint.ts';
import type { SavedNegotiation } from '../negotiation.ts';
import type { FreeswitchSide } from './far-end.ts';
import type { FreeswitchControl } from './freeswitch-control.ts';
import type { MrfDialog, MrfEndpoint, SipControl } from './fsmrf.ts';

/** Plain data. It has keys of SRTP in it: whoever keeps it seals it. */
export interface ChannelFacts {
  uuid: string;
  id: string;
  profile: MediaProfile;
  side: FreeswitchSide;
  negotiation: SavedNegotiation;
  /** Of the SDP that FreeSWITCH was last offered. */
  version: number;
  muted: boolean;
  /** The fork that hands the audio to the recorder of the program that made it. */
  fork: string | null;
  dialog: DialogWithFreeswitch;
}

export interface DialogWithFreeswitch {
  sipCallId: string;
  local: string;
  remote: string;
  remoteTarget: string;
  /** Where it was: control address of the SIP server, and its name for the dialog there. */
  at: { control: string; dialogId: string } | null;
}

interface SrfDialog extends MrfDialog {
  id?: string;
  req?: { get(name: string): string | undefined };
  res?: { get(name: string): string | undefined };
  remote: { sdp: string; uri?: string };
}

interface SrfRequest {
  on(event: 'response', listener: (response: SrfResponse, ack: (request: object) => void) => void): void;
}

interface SrfResponse {
  status: number;
  body: string;
}

const farAhead = 2 ** 30;

/** Facts as they are after JSON: keys are bytes again. */
export function fromPlain(data: unknown): ChannelFacts {
  return revive(data) as ChannelFacts;
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type === 'Buffer' && Array.isArray(data)) return Buffer.from(data as number[]);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revive(each)]));
}

export const controlName = ({ host, port }: Pick<SipControl, 'host' | 'port'>): string => `${host}:${port}`;

/** Undefined when the library does not tell it. */
export function dialogFacts(dialog: MrfDialog, control: string | undefined): DialogWithFreeswitch | undefined {
  if (dialog instanceof TakenOverDialog) return dialog.facts;
  const { id, req, res, remote } = dialog as SrfDialog;
  const [sipCallId, local, to] = [res?.get('Call-ID'), req?.get('From'), res?.get('To')];
  if (!sipCallId || !local || !to || !remote.uri) return undefined;
  const at = control && id ? { control, dialogId: id } : null;
  return { sipCallId, local, remote: to, remoteTarget: remote.uri, at };
}

export function takenOver(facts: ChannelFacts, srf: Srf, control: FreeswitchControl): MrfEndpoint {
  const dialog = new TakenOverDialog(facts.dialog, srf, () => control.order(`uuid_kill ${facts.uuid}`));
  // Whether the channel is there is heard on our own event socket.
  return { uuid: facts.uuid, dialog, conn: null, on: () => undefined };
}

class TakenOverDialog implements MrfDialog {
  readonly facts: DialogWithFreeswitch;
  remote = { sdp: '' };
  private readonly srf: Srf;
  private readonly hangUp: () => Promise<unknown>;
  private cseq = farAhead;

  constructor(facts: DialogWithFreeswitch, srf: Srf, hangUp: () => Promise<unknown>) {
    this.facts = facts;
    this.srf = srf;
    this.hangUp = hangUp;
  }

  modify(sdp: string): Promise<string> {
    const { sipCallId, local, remote, remoteTarget } = this.facts;
    this.cseq += 1;
    const headers = {
      ...{ 'Call-ID': sipCallId, From: local, To: remote, CSeq: `${this.cseq} INVITE` },
      'Content-Type': 'application/sdp',
    };
    return new Promise((resolve, reject) => {
      const sent = (error: unknown, request?: SrfRequest) => {
        if (error || !request) return reject(asError(error ?? 'a re-INVITE was not sent'));
        request.on('response', (response, ack) => {
          if (response.status < 200) return;
          if (response.status >= 300) {
            const refused = new AppError('media-unavailable', `FreeSWITCH answers ${response.status}`);
            return reject(Object.assign(refused, { status: response.status }));
          }
          ack({});
          this.remote = { sdp: response.body };
          resolve(response.body);
        });
      };
      const request = this.srf.request.bind(this.srf) as unknown as (
        uri: string,
        options: object,
        callback: typeof sent,
      ) => void;
      request(remoteTarget, { method: 'INVITE', headers, body: sdp }, sent);
    });
  }

  destroy(): Promise<unknown> {
    return this.hangUp();
  }
}

/** What drachtio-srf has beneath its declarations. */
interface SrfInside {
  _app?: {
    client?: {
      wp: { send(socket: unknown, message: string): unknown };
      mapServer: Map<unknown, { serverVersion?: string | null }>;
    };
  };
}

/** Only our own SIP server knows this, and must be told; drachtio-server would close the connection. */
export function forgetDialog(srf: Srf, dialogId: string): void {
  const client = (srf as unknown as SrfInside)._app?.client;
  for (const [socket, { serverVersion }] of client?.mapServer ?? [])
    if (serverVersion?.endsWith('-engawa')) client!.wp.send(socket, `forget|${dialogId}`);
}
