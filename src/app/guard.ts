// The guard of the border, as the configuration wants it, and what follows from a block: a line that fail2ban reads, an event for
// supervisors and for the other nodes, figures. With drachtio-server in front the same points are counted, for the line and the list;
// that server itself does not ask us.

import type { Config } from '../config.ts';
import { type Block, type Blocks, createBlocks } from '../sbc/guard/blocks.ts';
import { createSipGuard, type SipGuard } from '../sbc/guard/sip-guard.ts';
import { createTokenBuckets } from '../sbc/guard/token-buckets.ts';
import { createAddressMatch } from '../shared/address-match.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { AppError, asError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import type { EventLog } from '../store/event-log.ts';

export interface OpenedGuard {
  guard: SipGuard;
  blocks: Blocks;
  gauges(): Record<string, number>;
}

/** A flood with invented senders can make many blocks: so many a minute are told to people, and written to the event log. */
const eventsPerMinute = 30;

export function openGuard(
  { border }: Config,
  needs: { clock: Clock; log: Logger; closer: Closer; events: EventLog },
): OpenedGuard {
  const { clock, closer, events } = needs;
  const log = needs.log.child({ part: 'guard' });
  for (const [name, entries] of Object.entries({ allow: border.allow, deny: border.deny })) {
    const [bad] = createAddressMatch(entries).unreadable;
    if (bad !== undefined)
      throw new AppError(
        'config-invalid',
        `border.${name}: "${bad}" is no address and no network such as 192.0.2.0/24.`,
      );
  }
  const telling = createTokenBuckets({ perSecond: eventsPerMinute / 60, burst: eventsPerMinute });

  function onBlocked({ source, address, because, until }: Block): void {
    log.warn({ address, source, because, until: new Date(until).toISOString() }, 'a source of SIP is blocked');
    if (!telling.take('', clock.now())) return;
    events.append({ type: 'source-blocked', source, because, untilMs: until }).catch((thrown: unknown) => {
      log.warn({ err: asError(thrown) }, 'a block could not be written to the event log');
    });
  }

  const blocks = createBlocks({
    clock,
    settings: { points: border.blockAfterPoints, seconds: border.blockMinutes * 60 },
    onBlocked,
  });
  const guard = createSipGuard({
    clock,
    blocks,
    settings: border,
    onIgnored: (address, method) => log.warn({ address, method }, 'SIP from an unknown source is not answered'),
  });
  const off = events.subscribe((event) => {
    if (event.type === 'source-blocked') {
      const { source, because, untilMs } = event;
      blocks.adopt({ source, because, until: untilMs });
    } else if (event.type === 'source-let-in') blocks.lift(event.source);
  });
  closer.add('guard', off);

  return {
    guard,
    blocks,
    gauges: () => ({
      engawa_sip_blocks: blocks.list().length,
      engawa_sip_blocked_messages: blocks.dropped,
      ...Object.fromEntries(
        Object.entries(guard.counters).map(([kind, value]) => [`engawa_sip_guard_${kind.replaceAll('-', '_')}`, value]),
      ),
    }),
  };
}
