// The event log as readers of one node see it when there are several: what any node appends comes to the subscribers of every
// node, once, and in one order for all of them, because all hear it from the same place (live.publish). A reader that comes
// back to another node with the last event it has can therefore be told exactly what followed. What is kept, and read, is in
// PostgreSQL, which all nodes share. While the live state is away, subscribers hear this node's events alone.

import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent } from '../../shared/events.ts';
import type { EventId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { LiveState } from '../../store/live-state.ts';

/** What was published and has not come back within this is told here all the same. */
const comesBackWithinMs = 2000;
/** So long an event that came late, or twice, is known to have been told. */
const toldRemembered = 20_000;

export interface SpreadEvents extends EventLog {
  stopSpreading(): void;
}

export function spreadEvents(needs: { events: EventLog; live: LiveState; clock: Clock; log: Logger }): SpreadEvents {
  const { events, live, clock, log } = needs;
  const emitter = createEmitter<{ event: EngawaEvent }>((error) => log.error({ err: error }, 'a listener failed'));
  const told = new Set<EventId>();
  const onTheirWay = new Map<EventId, Timer>();
  let away = false;

  function tell(event: EngawaEvent): void {
    onTheirWay.get(event.id)?.cancel();
    onTheirWay.delete(event.id);
    if (told.has(event.id)) return;
    told.add(event.id);
    if (told.size > toldRemembered) for (const oldest of told) if (told.delete(oldest)) break;
    emitter.emit('event', event);
  }

  const offs = [
    events.subscribe((event) => {
      live.publish('events', event).catch((thrown: unknown) => {
        log.debug({ err: asError(thrown) }, 'an event was not told to the other nodes');
      });
      if (away) tell(event);
      else if (!told.has(event.id))
        onTheirWay.set(
          event.id,
          clock.after(comesBackWithinMs, () => tell(event)),
        );
    }),
    live.subscribe('events', (message) => tell(message as EngawaEvent)),
    live.on('down', () => {
      away = true;
    }),
    live.on('up', () => {
      away = false;
    }),
  ];

  return {
    append: (event) => events.append(event),
    subscribe: (listener) => emitter.on('event', listener),
    read: (query) => events.read(query),
    flush: () => events.flush(),
    close: () => events.close(),
    stopSpreading() {
      for (const off of offs) off();
      for (const timer of onTheirWay.values()) timer.cancel();
    },
  };
}
