// Making dialogs and the messages inside them (RFC 3261 §12): from our answer, from a response to us, and the headers,
// target and Route set of a request in the dialog. What a dialog is: records.ts. Sends nothing.

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
import { splitList } from '../../../protocol/sip/params.ts';
import type { Application } from '../control/application.ts';
import type { Flow, Target } from '../layers.ts';
import { isPrivateAddress, targetOfUri } from './addresses.ts';
import type { Dialog, Fork } from './records.ts';

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

function contactUri(message: SipMessage): string | undefined {
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
function withoutTag(value: string): string {
  return value.replace(/;\s*tag\s*=\s*[^;>\s]+(?=[^>]*$)/i, '');
}
