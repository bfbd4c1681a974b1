// A dialog (RFC 3261 §12), as the server holds it for its application.
//   trying ─1xx with tag▶ early ─2xx▶ confirmed ─BYE, time-out, refusal▶ terminated        (trying: UAC only)
// Its id towards the application is `Call-ID;from-tag=<tag of the From that created it>`; drachtio-srf relies on that.
// While a UAC dialog is early there may be several forks, told apart by the far end's tag; the first 2xx decides.

import { parseAddress, tagOf } from '../../../protocol/sip/address.ts';
import { parseCSeq } from '../../../protocol/sip/cseq.ts';
import {
  header,
  headerLines,
  type SipHeader,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../../protocol/sip/message.ts';
import { paramValue, splitList } from '../../../protocol/sip/params.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';
import type { Timer } from '../../../shared/clock.ts';
import type { Application } from '../control/application.ts';
import type { Flow, Target } from '../layers.ts';
import { isPrivateAddress, targetOfUri } from './addresses.ts';
import type { IncomingRequest } from './stack.ts';

/** The far end of one fork: where to send, and through whom. */
export interface Fork {
  tag: string;
  remoteTarget: string;
  routeSet: string[];
  /** Where its messages come from. */
  flow: Flow;
  /** The last reliable provisional response of this fork (RFC 3262). */
  lastRSeq: number | undefined;
}

export interface SessionTimer {
  intervalSeconds: number;
  weRefresh: boolean;
  timer: Timer;
}

export interface Dialog {
  readonly id: string;
  readonly role: 'uac' | 'uas';
  readonly kind: 'INVITE' | 'SUBSCRIBE';
  state: 'trying' | 'early' | 'confirmed' | 'terminated';
  readonly application: Application;
  readonly callId: string;
  readonly localTag: string;
  /** From of our requests, with tag. */
  local: string;
  /** To of our requests, without tag: the fork has it. */
  remote: string;
  localSeq: number;
  remoteSeq: number | undefined;
  /** The far end; for a UAC the fork heard last, until a 2xx decides. */
  far: Fork | undefined;
  forks: Map<string, Fork> | undefined;
  /** Our Contact header value, once it has been said. */
  contact: string;
  /** Bodies last sent, for refreshing a session without asking the application. */
  localSdp: string | undefined;
  /** UAC: INVITEs answered 2xx whose ACK the application has not sent, or has (kept for retransmitted 2xx). */
  answered: Map<string, AnsweredInvite> | undefined;
  /** UAS: our 2xx waiting for its ACK. */
  unacknowledged: UnacknowledgedAnswer | undefined;
  /** INVITE transactions under way in this dialog. */
  inviteIn: IncomingRequest | undefined;
  inviteOut: boolean;
  updateIn: boolean;
  updateOut: boolean;
  /** Set when the application cancelled the INVITE; a 2xx that crosses is then acknowledged and ended. */
  cancelled: boolean;
  /** What waits until the 2xx is acknowledged: our BYE (RFC 3261 §15). */
  afterAck: (() => void) | undefined;
  sessionTimer: SessionTimer | undefined;
  /** SUBSCRIBE: ends the dialog when nobody refreshes it. INVITE: ends it when the application does not acknowledge. */
  reaper: Timer | undefined;
  /** Deliveries to the application that wait (see deliver.ts). */
  held: { payloads: string[]; untilMs: number; timer: Timer | undefined };
}

export interface AnsweredInvite {
  cseq: number;
  forkTag: string;
  ack: SipRequest | undefined;
}

export interface UnacknowledgedAnswer {
  incoming: IncomingRequest;
  cseq: number;
}

export function dialogIdOf(callId: string, fromTag: string | undefined): string {
  return `${callId};from-tag=${fromTag ?? ''}`;
}

interface NewDialog {
  role: 'uac' | 'uas';
  kind: 'INVITE' | 'SUBSCRIBE';
  application: Application;
  callId: string;
  fromTag: string;
  localTag: string;
  local: string;
  remote: string;
  localSeq: number;
  remoteSeq?: number;
  contact?: string;
}

export function newDialog(parts: NewDialog): Dialog {
  return {
    id: dialogIdOf(parts.callId, parts.fromTag),
    role: parts.role,
    kind: parts.kind,
    state: 'trying',
    application: parts.application,
    callId: parts.callId,
    localTag: parts.localTag,
    local: parts.local,
    remote: parts.remote,
    localSeq: parts.localSeq,
    remoteSeq: parts.remoteSeq,
    far: undefined,
    forks: undefined,
    contact: parts.contact ?? '',
    localSdp: undefined,
    answered: undefined,
    unacknowledged: undefined,
    inviteIn: undefined,
    inviteOut: false,
    updateIn: false,
    updateOut: false,
    cancelled: false,
    afterAck: undefined,
    sessionTimer: undefined,
    reaper: undefined,
    held: { payloads: [], untilMs: 0, timer: undefined },
  };
}

/** The dialog that our answer to `request` makes. */
export function uasDialog(
  request: SipRequest,
  parts: { application: Application; localTag: string; flow: Flow },
): Dialog {
  const from = header(request, 'from') ?? '';
  const to = header(request, 'to') ?? '';
  const fromTag = tagOf(from) ?? '';
  const dialog = newDialog({
    role: 'uas',
    kind: request.method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE',
    application: parts.application,
    callId: header(request, 'call-id') ?? '',
    fromTag,
    localTag: parts.localTag,
    local: withTag(to, parts.localTag),
    remote: withoutTag(from),
    localSeq: 0,
    remoteSeq: parseCSeq(header(request, 'cseq') ?? '')?.number ?? 0,
  });
  dialog.far = {
    tag: fromTag,
    remoteTarget: contactUri(request) ?? parseAddress(from)?.uri ?? '',
    routeSet: routeList(request),
    flow: parts.flow,
    lastRSeq: undefined,
  };
  return dialog;
}

/** The fork that a response to our dialog-creating request comes from; made when it is new. */
export function forkOf(dialog: Dialog, response: SipResponse, flow: Flow): Fork {
  const tag = tagOf(header(response, 'to') ?? '') ?? '';
  dialog.forks ??= new Map();
  let fork = dialog.forks.get(tag);
  if (!fork) {
    fork = { tag, remoteTarget: '', routeSet: [], flow, lastRSeq: undefined };
    dialog.forks.set(tag, fork);
  }
  const contact = contactUri(response);
  if (contact) fork.remoteTarget = contact;
  if (response.status < 300) fork.routeSet = routeList(response).reverse();
  fork.flow = flow;
  dialog.far = fork;
  return fork;
}

/** Target refresh (RFC 3261 §12.2): the Contact of a re-INVITE, UPDATE or SUBSCRIBE, or of its 2xx. */
export function refreshTarget(dialog: Dialog, message: SipMessage, flow: Flow): void {
  if (!dialog.far) return;
  const contact = contactUri(message);
  if (contact) dialog.far.remoteTarget = contact;
  dialog.far.flow = flow;
}

/** Headers of a request of ours inside the dialog, in front of those that the application gives. */
export function inDialogHeaders(dialog: Dialog, fork: Fork, method: string, cseq: number): SipHeader[] {
  const headers: SipHeader[] = [];
  for (const value of fork.routeSet) headers.push({ name: 'Route', value });
  headers.push({ name: 'Max-Forwards', value: '70' }, { name: 'From', value: dialog.local });
  headers.push({ name: 'To', value: fork.tag === '' ? dialog.remote : `${dialog.remote};tag=${fork.tag}` });
  headers.push({ name: 'Call-ID', value: dialog.callId }, { name: 'CSeq', value: `${cseq} ${method}` });
  return headers;
}

/** Where a request inside the dialog goes: the connection the far end uses, else its route or target, or around its NAT. */
export function inDialogTarget(fork: Fork): Target {
  const hop = fork.routeSet[0];
  const uri = (hop && parseAddress(hop)?.uri) ?? fork.remoteTarget;
  const { flow } = fork;
  const back: Target = { protocol: flow.protocol, host: flow.address, port: flow.port };
  if (flow.connectionId) back.connectionId = flow.connectionId;
  const target = targetOfUri(uri);
  if (!target) return back;
  if (flow.connectionId) {
    const reachable = !target.host.endsWith('.invalid') && flow.protocol !== 'ws' && flow.protocol !== 'wss';
    return reachable ? { ...target, connectionId: flow.connectionId } : back;
  }
  const unreachable =
    target.host.endsWith('.invalid') || (isPrivateAddress(target.host) && !isPrivateAddress(flow.address));
  if (unreachable) return back;
  return target.protocol ? target : { ...target, protocol: flow.protocol };
}

/** The request URI and Route set; a strict router in front takes the request URI's place (RFC 3261 §12.2.1.1). */
export function requestUri(fork: Fork): string {
  return fork.remoteTarget;
}

export function contactUri(message: SipMessage): string | undefined {
  const value = header(message, 'contact');
  if (value === undefined || value === '*') return undefined;
  return parseAddress(splitList(value)[0]!)?.uri;
}

function routeList(message: SipMessage): string[] {
  return headerLines(message, 'record-route').flatMap((line) => splitList(line));
}

export function withTag(value: string, tag: string): string {
  return tagOf(value) === undefined ? `${value};tag=${tag}` : value;
}

/** From or To without its tag parameter; everything else stays as written. */
export function withoutTag(value: string): string {
  return value.replace(/;\s*tag\s*=\s*[^;>\s]+(?=[^>]*$)/i, '');
}

/** True when the first route of the set is a loose router, or there is none. */
export function isLooseRoute(fork: Fork): boolean {
  const first = fork.routeSet[0];
  if (first === undefined) return true;
  const uri = parseSipUri(parseAddress(first)?.uri ?? '');
  return uri !== undefined && paramValue(uri.params, 'lr') !== undefined;
}
