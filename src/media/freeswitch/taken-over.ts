// A channel whose program has died, as another one goes on with it: the facts that the first left behind. The dialog was the dead
// program's (freeswitch-dialog.ts). Our own SIP server would end it ten seconds after its program: it is told to forget it. drachtio-server
// leaves it alone.

import type Srf from 'drachtio-srf';
import type { MediaProfile } from '../endpoint.ts';
import type { SavedNegotiation } from '../negotiation.ts';
import type { FreeswitchSide } from './far-end.ts';
import { type DialogNeeds, type DialogWithFreeswitch, TakenOverDialog } from './freeswitch-dialog.ts';
import type { PartyCall } from './server-link.ts';

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

export function takenOver(facts: ChannelFacts, needs: DialogNeeds): PartyCall {
  // Whether the channel is there is heard on our own event socket.
  return { uuid: facts.uuid, dialog: new TakenOverDialog(needs, facts.dialog), conn: null, on: () => undefined };
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
