// The last events, in memory, so that a reader who was away for a moment needs no database (which may be away, too).
// They are kept in the order in which they were told, which with several nodes is not quite that of their ids.

import type { EngawaEvent } from '../../shared/events.ts';
import type { EventId } from '../../shared/ids.ts';
import type { EventLog } from '../../store/event-log.ts';

export interface RecentEvents {
  /** Everything that was told after this event, or undefined if it is not among what is kept. */
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
      const at = recent.findLastIndex((event) => event.id === id);
      return at === -1 ? undefined : recent.slice(at + 1);
    },
    close: off,
  };
}
