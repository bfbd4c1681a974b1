// What the parts of the transaction layer share.

import type { SipTimers } from '../../../protocol/sip/transaction/timers.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/logger.ts';
import type { Random } from '../../../shared/random.ts';
import type { Resolver } from '../dns.ts';
import type { SipTransport } from '../transport/transport.ts';
import type { ClientAttempt } from './client-attempt.ts';
import type { Counters } from './counters.ts';
import type { Deadlines } from './deadlines.ts';
import type { ServerEntry } from './server.ts';

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
  clients: Map<string, ClientAttempt>;
  /** Runs what the transaction user gave us; what it throws is logged and counted, and never reaches the socket. False if it threw. */
  guard(run: () => void): boolean;
}
