// What is kept of a dialog (RFC 3261 §12) and of the requests under way, for as long as they live. Only data.
//   dialog: trying ─1xx with tag▶ early ─2xx▶ confirmed ─BYE, time-out, refusal▶ terminated        (trying: UAC only)
// A dialog's id towards the application is `Call-ID;from-tag=<tag of the From that created it>`; drachtio-srf relies on that.
// While a UAC dialog is early there may be several forks, told apart by the far end's tag; the first 2xx decides.

import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import type { Timer } from '../../../shared/clock.ts';
import type { Application } from '../control/application.ts';
import type { ClientTransaction, Flow, ServerTransaction } from '../layers.ts';

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
  /** The far end's Allow names UPDATE; undefined while it said nothing. */
  farTakesUpdate?: boolean;
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

/** A request from the network that an application (or a proxy run) is answering. */
export interface IncomingRequest {
  /** The transaction's name towards the application. */
  readonly id: string;
  readonly method: string;
  readonly transaction: ServerTransaction;
  readonly callId: string;
  readonly cseq: number;
  /** Undefined while the application is being dialled. */
  application: Application | undefined;
  /** The dialog it came in, or the one that its first response makes. */
  dialog: Dialog | undefined;
  /** True for a request inside a dialog that existed before. */
  readonly inDialog: boolean;
  /** Our tag, chosen with the first response. */
  localTag: string | undefined;
  finalStatus: number | undefined;
  /** Gives a final response when nobody else does. */
  giveUp: Timer | undefined;
  reliable: ReliableProvisionals | undefined;
  /** Runs once the final response has gone out. */
  afterFinal: (() => void) | undefined;
  /** Set while a proxy run answers instead of the application. */
  proxying: { cancel(): void } | undefined;
}

/** RFC 3262: at most one reliable provisional response is unacknowledged; what comes after waits its turn. */
export interface ReliableProvisionals {
  nextRSeq: number;
  unacknowledged: { rseq: number; response: SipResponse; timer: Timer; deadline: Timer } | undefined;
  waiting: (() => void)[];
}

/** A request that an application asked for. */
export interface OutgoingRequest {
  readonly id: string;
  readonly method: string;
  application: Application;
  dialog: Dialog | undefined;
  /** False for a request that makes a dialog, or needs none. */
  readonly inDialog: boolean;
  request: SipRequest;
  transaction: ClientTransaction | undefined;
  cancelled: boolean;
  /** Cancelled and nothing came: answered for the far end. */
  giveUp: Timer | undefined;
  /** Called with each final outcome once the application has been told. */
  onFinal?: (status: number) => void;
}
