// What the parts of the upper half share: the transaction layer below, the applications above, and the tables between
// them. Each act is a file of its own.

import type { SipHeader, SipRequest } from '../../../protocol/sip/message.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import type { Application } from '../control/application.ts';
import type { ProxyCommand } from '../control/commands.ts';
import type { ControlServer } from '../control/control-server.ts';
import type { ServerTransaction, TransactionLayer } from '../layers.ts';
import type { Addresses } from './addresses.ts';
import type { CdrReporter } from './cdr.ts';
import type { ContactConnections } from './contact-connections.ts';
import type { DialogStore } from './dialog-store.ts';
import type { IncomingRequest, OutgoingRequest } from './records.ts';

export interface StackTimers {
  /** RFC 3261's T1 and T2, as the transaction layer has them. */
  t1Ms: number;
  t2Ms: number;
  /** An INVITE to which the application has said nothing gets 480 after this. */
  unansweredInviteMs: number;
  /** Another request gets 500 after this. */
  unansweredRequestMs: number;
  /**
   * How long a dialog's requests wait after the echo of its 200, so that they cannot share a segment with it. Below T1, so
   * that nobody repeats a request for it; only calls that end, or change, within a blink of their answer notice.
   */
  apartMs: number;
  /**
   * How long a dialog outlives the connection of its application, so that the application, or another, may take it up with a
   * re-INVITE of the same Call-ID and tags. Then it ends with BYE.
   */
  orphanMs: number;
}

export const defaultStackTimers: StackTimers = {
  t1Ms: 500,
  t2Ms: 4000,
  unansweredInviteMs: 64_000,
  unansweredRequestMs: 30_000,
  apartMs: 250,
  orphanMs: 10_000,
};

export interface SessionTimerPolicy {
  /** Refuses shorter intervals with 422. RFC 4028 §5 says at least 90. */
  minSeconds: number;
  /** Put on our INVITEs and 200s when neither side asks; 0 leaves it to them. */
  offerSeconds: number;
}

export const defaultSessionTimerPolicy: SessionTimerPolicy = { minSeconds: 90, offerSeconds: 0 };

export interface ProxyRequest {
  remainInDialog: boolean;
  fullResponse: boolean;
  followRedirects: boolean;
  simultaneous: boolean;
  provisionalTimeoutMs: number | undefined;
  finalTimeoutMs: number | undefined;
  destinations: string[];
  headers: SipHeader[];
}

/** What proxy/ does for the rest, which knows nothing of it. */
export interface Forwarder {
  start(incoming: IncomingRequest, request: ProxyRequest): void;
  obey(application: Application, command: ProxyCommand): void;
  /** Requests of dialogs that we stay in as a proxy; false when it is none. */
  inDialog(transaction: ServerTransaction): boolean;
  /** Whether `inDialog` would take it. */
  isInDialog(request: SipRequest): boolean;
  ack(ack: SipRequest): boolean;
  cancel(invite: ServerTransaction): boolean;
}

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
  readonly proxy: Forwarder;
  /** Takes a new request when outbound routing is configured for it. */
  readonly routeOutbound: (incoming: IncomingRequest) => boolean;
  readonly incoming: Map<string, IncomingRequest>;
  readonly outgoing: Map<string, OutgoingRequest>;
  /** INVITEs that no dialog has taken yet, by Call-ID. */
  readonly pendingInvites: Map<string, Set<IncomingRequest>>;
  newTag(): string;
  count(what: string): void;
}
