// Against toll fraud: every call out (not those to own telephones, whose numbers an administrator enters) is counted, refused
// when a cap is reached (routing/toll-caps.ts), and ended when it lasts longer than its kind of number may. What is counted is
// read from the event log, so that it outlives a restart, and from what other nodes tell; two nodes that begin a call in the same
// instant may go beyond a cap by one. Emergency calls are neither counted nor refused.

import { classifyNumber, type NumberClass } from '../../privacy/number-classes.ts';
import type { PhoneNumber } from '../../privacy/phone-number.ts';
import { createTollBook, type TollCap, type TollStand } from '../../routing/toll-caps.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Unsubscribe } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent, EventType } from '../../shared/events.ts';
import type { CallId, LegId, PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { Refusal } from './refusals.ts';

export interface TollSettings {
  caps: readonly TollCap[];
  rates: Readonly<Record<string, number>>;
  /** By kind of number; 0 or absent: no limit. */
  longestMinutes: Readonly<Record<string, number>>;
  homeCountry: string;
  /** Names of trunks that calls may go out by. */
  trunks: readonly string[];
}

export interface TollGuard {
  /** Counts what the log has of the last day, and from now on what happens on any node. */
  start(): Promise<void>;
  /** Whether one more call to this number may be made; a refusal is told as an event. */
  check(to: PhoneNumber, personId: PersonId | null, callId?: CallId): Refusal | undefined;
  /** Trunks whose caps leave no room for this number. */
  spentTrunks(to: PhoneNumber): string[];
  /** A leg to this number begins; tell what becomes of it. Undefined: it is not counted. */
  begin(leg: { callId: CallId; legId: LegId; personId: PersonId | null; to: PhoneNumber }): TollLeg | undefined;
  close(): void;
}

export interface TollLeg {
  readonly numberClass: NumberClass;
  /** How long the call may last; undefined: as long as it likes. */
  readonly longestMs: number | undefined;
  answered(trunk: string | null): void;
  ended(): void;
}

export interface TollGuardNeeds {
  clock: Clock;
  log: Logger;
  settings: TollSettings;
  /** Of all nodes. */
  events: Pick<EventLog, 'append' | 'subscribe' | 'read'>;
}

const counted = ['outside-dialled', 'outside-answered', 'outside-ended', 'call-ended'] as const satisfies EventType[];
const dayMs = 24 * 3_600_000;
const pageSize = 1000;

export function createTollGuard({ clock, log, settings, events }: TollGuardNeeds): TollGuard {
  const book = createTollBook(settings);
  const toldAt = new Map<string, number>();
  let off: Unsubscribe | undefined;
  let closed = false;

  function count(event: EngawaEvent): void {
    switch (event.type) {
      case 'outside-dialled': {
        const { callId, legId, personId, numberClass, at } = event;
        const times = { dialledAt: at, answeredAt: null, endedAt: null };
        return book.dialled({ callId, legId, personId, numberClass, trunk: null, ...times });
      }
      case 'outside-answered':
        return book.answered(event.legId, event.trunk, event.at);
      case 'outside-ended':
        return book.ended(event.legId, event.at);
      case 'call-ended':
        return book.callEnded(event.callId, event.cutOffAt ?? event.at);
      case 'toll-cap':
        toldAt.set(`${event.level} ${event.cap} ${event.unit} ${event.subject}`, event.at);
    }
  }

  async function readLastDay(): Promise<void> {
    const fromMs = clock.now() - dayMs;
    let after: EngawaEvent['id'] | undefined;
    while (!closed) {
      const page = await events.read({ types: counted, fromMs, limit: pageSize, ...(after ? { after } : {}) });
      for (const event of page) count(event);
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }

  /** Once in the window of the cap, whichever node says it first. */
  function tell(level: 'alarm' | 'reached', stand: TollStand, personId: PersonId | null, callId?: CallId): void {
    const { cap, subject, unit, used, limit } = stand;
    const key = `${level} ${cap.name} ${unit} ${subject}`;
    const now = clock.now();
    if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < (cap.window === 'hour' ? dayMs / 24 : dayMs)) return;
    toldAt.set(key, now);
    log.warn({ cap: cap.name, level, subject, unit, used, limit, personId, callId }, 'calls out come to their cap');
    void events.append({
      ...{ type: 'toll-cap', level, cap: cap.name, per: cap.per, subject, unit, limit },
      ...{ used: Math.round(used * 100) / 100, personId },
    });
  }

  const classOf = (to: PhoneNumber) => classifyNumber(to, settings.homeCountry);

  function spentTrunks(to: PhoneNumber): string[] {
    const call = { personId: null, numberClass: classOf(to) };
    return settings.trunks.filter((trunk) => {
      const stand = book.refusing({ ...call, trunk }, clock.now());
      return stand?.cap.per === 'trunk';
    });
  }

  return {
    async start() {
      off = events.subscribe(count);
      await readLastDay();
    },
    check(to, personId, callId) {
      const numberClass = classOf(to);
      if (numberClass === 'emergency') return undefined;
      const refusing = book.refusing({ personId, numberClass, trunk: null }, clock.now());
      if (refusing) tell('reached', refusing, personId, callId);
      const spent = settings.trunks.length > 0 && spentTrunks(to).length === settings.trunks.length;
      if (!refusing && !spent) return undefined;
      return 'So many calls of this kind have been made that no more are allowed for now. A supervisor has been told.';
    },
    spentTrunks,
    begin({ callId, legId, personId, to }) {
      const numberClass = classOf(to);
      if (numberClass === 'emergency') return undefined;
      const at = clock.now();
      // Before the event comes back from the log, or the call that is made meanwhile would not know of it.
      book.dialled({
        callId,
        legId,
        personId,
        numberClass,
        trunk: null,
        dialledAt: at,
        answeredAt: null,
        endedAt: null,
      });
      void events.append({ type: 'outside-dialled', callId, legId, personId, numberClass });
      for (const stand of book.alarming({ personId, numberClass, trunk: null }, at))
        tell('alarm', stand, personId, callId);
      const longest = settings.longestMinutes[numberClass];
      let over = false;
      return {
        numberClass,
        longestMs: longest ? longest * 60_000 : undefined,
        answered(trunk) {
          book.answered(legId, trunk, clock.now());
          void events.append({ type: 'outside-answered', callId, legId, trunk });
        },
        ended() {
          if (over) return;
          over = true;
          const now = clock.now();
          book.ended(legId, now);
          const { minutes, cost } = book.costOf(legId, now) ?? { minutes: 0, cost: 0 };
          const estimatedCost = Math.round(cost * 100) / 100;
          void events.append({
            type: 'outside-ended',
            callId,
            legId,
            talkMs: Math.round(minutes * 60_000),
            estimatedCost,
          });
          for (const stand of book.alarming({ personId, numberClass, trunk: null }, now))
            tell('alarm', stand, personId, callId);
        },
      };
    },
    close() {
      closed = true;
      off?.();
    },
  };
}

/** Reads in the background what was dialled before; until it is read, that does not count. */
export function startTollGuard(guard: TollGuard, log: Logger): void {
  guard.start().catch((thrown: unknown) => {
    log.error({ err: asError(thrown) }, 'what was dialled in the last day cannot be read: caps begin anew');
  });
}
