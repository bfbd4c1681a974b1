// What a dialog is, as plain data (RFC 3261 §12): enough for any SIP server, and any node, to go on with it after the server that
// had it is gone. Pure. CSeq is only known where a request of ours was seen, so who goes on takes a leap (§12.2.1.1 asks for growth,
// not for steps).

import { parseAddress, parseAddressList, tagOf } from '../../protocol/sip/address.ts';
import type { SrfMessage } from '../link/srf-types.ts';

export interface DialogFacts {
  sipCallId: string;
  /** Name-addr with our tag, as it goes into From. */
  local: string;
  /** Name-addr with the far end's tag, as it goes into To. */
  remote: string;
  /** The far end's Contact: the Request-URI. */
  remoteTarget: string;
  /** URIs of the proxies to pass, nearest first. SIP servers take only the first of them from us. */
  routeSet: string[];
  /** Highest CSeq seen in a request of ours; 0 when none was. */
  cseq: number;
  /** What we last said in an offer or answer. */
  localSdp: string | undefined;
  /** Where it was, so that its server can be told to forget it once another has it. */
  at?: { server: string; dialogId: string };
}

const leap = 1_000;
const farAhead = 2 ** 30;

/** From the INVITE that we sent and its 2xx. */
export function factsAsCaller(sent: SrfMessage, ok: SrfMessage, localSdp: string | undefined): DialogFacts | undefined {
  return facts({
    sipCallId: sent.get('Call-ID'),
    local: sent.get('From'),
    remote: ok.get('To'),
    contact: ok.get('Contact'),
    routeSet: routes(ok.get('Record-Route')).reverse(),
    cseq: cseqOf(sent),
    localSdp,
  });
}

/** From the INVITE that came in and the 2xx as it was sent. */
export function factsAsCallee(
  invite: SrfMessage,
  ok: SrfMessage,
  localSdp: string | undefined,
): DialogFacts | undefined {
  return facts({
    sipCallId: invite.get('Call-ID'),
    local: ok.get('To'),
    remote: invite.get('From'),
    contact: invite.get('Contact'),
    routeSet: routes(invite.get('Record-Route')),
    cseq: 0,
    localSdp,
  });
}

/** A CSeq that is above whatever was sent before. */
export const nextCSeq = ({ cseq }: DialogFacts): number => Math.max(farAhead, cseq + leap);

export function cseqOf(message: SrfMessage): number {
  return Number.parseInt(message.get('CSeq') ?? '', 10) || 0;
}

/** The Contact of a message inside the dialog is the new remote target (RFC 3261 §12.2). */
export function targetOf(message: SrfMessage): string | undefined {
  return parseAddress(message.get('Contact') ?? '')?.uri;
}

function facts(
  from: {
    [Name in 'sipCallId' | 'local' | 'remote' | 'contact' | 'localSdp']: string | undefined;
  } & { routeSet: string[]; cseq: number },
): DialogFacts | undefined {
  const { sipCallId, local, remote, contact, routeSet, cseq, localSdp } = from;
  const remoteTarget = contact && parseAddress(contact)?.uri;
  if (!sipCallId || !local || !remote || !remoteTarget || !tagOf(local)) return undefined;
  return { sipCallId, local, remote, remoteTarget, routeSet, cseq, localSdp };
}

function routes(recordRoute: string | undefined): string[] {
  return (recordRoute ? parseAddressList(recordRoute) : undefined)?.map(({ uri }) => uri) ?? [];
}
