// What the parts of the transaction layer share.

import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import type { ParsedMessage } from '../../../protocol/sip/parse.ts';
import type { SipTimers } from '../../../protocol/sip/transaction/timers.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import type { Resolver } from '../dns.ts';
import type { Flow, ServerTransaction } from '../layers.ts';
import type { SipTransport } from '../transport/transport.ts';
import type { Counters } from './counters.ts';
import type { Deadlines } from './deadlines.ts';

export interface ServerEntry {
  readonly transaction: ServerTransaction;
  /** An INVITE that has sent a 2xx: an ACK in its own transaction is then meant for the dialog all the same. */
  readonly accepted: boolean;
  readonly ended: boolean;
  input(input: { kind: 'start' | 'retransmission' | 'ack' | 'ack-2xx' | 'transport-failed' }): void;
}

/** One attempt of a client transaction, as the matching sees it. */
export interface ClientEntry {
  readonly request: SipRequest;
  readonly flow: Flow;
  receive(response: SipResponse, parsed: ParsedMessage, flow: Flow): void;
  fail(): void;
}

export interface LayerContext {
  clock: Clock;
  log: Logger;
  random: Random;
  timers: SipTimers;
  transport: SipTransport;
  resolver: Resolver;
  deadlines: Deadlines;
  counters: Counters;
  /** By serverKey. */
  servers: Map<string, ServerEntry>;
  /** INVITE server transactions that sent a 2xx, by acceptedKey. */
  accepted: Map<string, ServerEntry>;
  /** By clientKey. */
  clients: Map<string, ClientEntry>;
  /** Runs what the transaction user gave us; what it throws is logged and counted, and never reaches the socket. False if it threw. */
  guard(run: () => void): boolean;
}
