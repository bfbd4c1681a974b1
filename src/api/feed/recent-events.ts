// The last events, in memory, so that a reader who was away for a moment needs no database (which may be away, too).

import type { EngawaEvent } from '../../shared/events.ts';
import type { EventId } from '../../shared/ids.ts';
import type { EventLog } from '../../store/event-log.ts';

export interface RecentEvents {
  /** Everything after this id, or undefined if that goes back further than what is kept. */
  after(id: EventId): EngawaEvent[] | undefined;
  close(): void;
}

export function keepRecentEvents(events: EventLog, kept = 2000): RecentEvents {
  const recent: EngawaEvent[] = [];
  const off = events.subscribe((event) => {
    recent.push(event);
    if (recent.length > kept * 2) recent.splice(0, recent.length - kept);
  });

  return {
    after(id) {
      const oldest = recent[0];
      if (!oldest || oldest.id > id) return undefined;
      const from = recent.findLastIndex((event) => event.id <= id) + 1;
      return recent.slice(from);
    },
    close: off,
  };
}
