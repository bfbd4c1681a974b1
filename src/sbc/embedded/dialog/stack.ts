// What the parts of the upper half share: the transaction layer below, the applications above, and the tables between
// them. A request from the network is an IncomingRequest until it is finally answered; a request from an application is an
// OutgoingRequest until its final response. Only data and the interfaces; each act is a file of its own.

import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import type { Clock, Timer } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import type { Application } from '../control/application.ts';
import type { ControlServer } from '../control/control-server.ts';
import type { ClientTransaction, ServerTransaction, TransactionLayer } from '../layers.ts';
import type { Addresses } from './addresses.ts';
import type { CdrReporter } from './cdr.ts';
import type { ContactConnections } from './contact-connections.ts';
import type { Dialog } from './dialog.ts';
import type { DialogStore } from './dialog-store.ts';

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

export interface StackTimers {
  /** RFC 3261's T1 and T2, as the transaction layer has them. */
  t1Ms: number;
  t2Ms: number;
  /** An INVITE to which the application has said nothing gets 480 after this. */
  unansweredInviteMs: number;
  /** Another request gets 500 after this. */
  unansweredRequestMs: number;
  /** What an application must have had time for before a dialog's next request is delivered after the 200's echo. */
  apartMs: number;
}

export const defaultStackTimers: StackTimers = {
  t1Ms: 500,
  t2Ms: 4000,
  unansweredInviteMs: 64_000,
  unansweredRequestMs: 30_000,
  apartMs: 20,
};

export interface SessionTimerPolicy {
  /** Refuses shorter intervals with 422. RFC 4028 §5 says at least 90. */
  minSeconds: number;
  /** Put on our INVITEs and 200s when neither side asks; 0 leaves it to them. */
  offerSeconds: number;
}

export const defaultSessionTimerPolicy: SessionTimerPolicy = { minSeconds: 90, offerSeconds: 0 };

export interface Stack {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly timers: StackTimers;
  readonly sessionTimers: SessionTimerPolicy;
  readonly layer: TransactionLayer;
  readonly control: ControlServer;
  readonly addresses: Addresses;
  readonly dialogs: DialogStore;
  readonly contacts: ContactConnections;
  readonly cdr: CdrReporter;
  readonly incoming: Map<string, IncomingRequest>;
  readonly outgoing: Map<string, OutgoingRequest>;
  /** INVITEs that no dialog has taken yet, by Call-ID. */
  readonly pendingInvites: Map<string, Set<IncomingRequest>>;
  newTag(): string;
  count(what: string): void;
}
