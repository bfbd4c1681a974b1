// Checks before shifts: begins them, measures the line, judges what was found, keeps it, and says at any time where a person
// stands, for routing, for the choice of device, and for pages. What is required where, and for how long a result counts, is
// the company's (config section environment). On several nodes each keeps a copy of the newest check of everybody, and is told
// to read one again. A check that runs belongs to the node where it was begun.

import type { Clock, Timer } from '../../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { Place } from '../../shared/events.ts';
import { type CallId, type EnvironmentCheckId, newId, type PersonId, type SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EnvironmentCheckRow, EnvironmentChecks as Rows } from '../../store/environment-checks.ts';
import type { LiveState } from '../../store/live-state.ts';
import type { CheckResult, CheckSettings, EnvironmentClaims, MeasuredLine } from './check.ts';
import { judge } from './judge.ts';
import { lineFigures } from './line-figures.ts';
import { createNetworkKinds } from './network-kind.ts';
import { type CheckStanding, type KnownCheck, networkKey, standingOf } from './standing.ts';

/** What `EnvironmentCheckRow.record` holds. */
export interface CheckRecord {
  result: CheckResult;
  claims: EnvironmentClaims;
  /** Null: the line was not measured. */
  measured: MeasuredLine | null;
  /** As they were at that moment. */
  settings: Pick<CheckSettings, 'check' | 'items' | 'limits'>;
}

export interface CheckedBy {
  personId: PersonId;
  sessionId: SessionId;
  address: string;
  place: Place;
}

export type BeginOutcome =
  | { kind: 'begun'; id: EnvironmentCheckId; callId: CallId; seconds: number }
  /** `busy`: on a call, or to be offered one. `running`: one runs already. `full`: too many people measure at this moment. */
  | { kind: 'refused'; because: 'off' | 'busy' | 'running' | 'full' }
  | { kind: 'too-often'; retryAfterSeconds: number };

export interface EnvironmentChecks {
  /** Reads the newest check of everybody. Until then nobody has made one. */
  start(): Promise<void>;
  begin(by: CheckedBy): BeginOutcome;
  /** Waits for the line. Undefined: no such check of this person runs here. */
  finish(
    id: EnvironmentCheckId,
    personId: PersonId,
    claims: EnvironmentClaims,
  ): Promise<EnvironmentCheckRow | undefined>;
  /** Ends one that runs, without a result. */
  stop(id: EnvironmentCheckId, personId: PersonId): boolean;
  /** A call is on its way to this person: measuring gives way at once. */
  giveWay(personId: PersonId): void;
  standing(personId: PersonId, place: Place): CheckStanding;
  /** As it was when the place was last known; for what cannot wait. */
  lastStanding(personId: PersonId): CheckStanding | undefined;
  /** This session is used from there. */
  seenFrom(personId: PersonId, address: string): void;
  /** Another result, another network, or its time is over: routing must know. `here`: it happened in this program. */
  onChanged(listener: (personId: PersonId, here: boolean) => void): Unsubscribe;
  close(): void;
}

export interface EnvironmentNeeds {
  clock: Clock;
  log: Logger;
  rows: Rows;
  settings: CheckSettings;
  /** Calls the softphone and counts (call/measure/measure-line.ts). */
  measure: (
    personId: PersonId,
    options: { seconds: number },
  ) => {
    callId: CallId;
    done: Promise<{ kind: 'measured'; line: MeasuredLine } | { kind: 'failed'; because: string }>;
    stop(): void;
  };
  /** On a call, or available for one. */
  isBusy: (personId: PersonId) => boolean;
  hasTelephone: (personId: PersonId) => boolean;
  live?: Pick<LiveState, 'publish' | 'subscribe' | 'nodeId'>;
  limits?: Partial<CheckPace>;
}

interface CheckPace {
  seconds: number;
  perHour: number;
  atOnce: number;
}

const pace: CheckPace = { seconds: 10, perHour: 20, atOnce: 50 };
const hourMs = 3_600_000;
const lookEveryMs = 10_000;
/** The line (at most half a minute), and time to speak into the microphone. */
const abandonedAfterMs = 120_000;
const topic = 'environment-checks';

interface Running extends CheckedBy {
  id: EnvironmentCheckId;
  addresses: string[];
  line: ReturnType<EnvironmentNeeds['measure']>;
  abandon: Timer;
}

export function createEnvironmentChecks(needs: EnvironmentNeeds): EnvironmentChecks {
  const { clock, log, rows, settings, live } = needs;
  const limits = { ...pace, ...needs.limits };
  const kindOf = createNetworkKinds(settings.networks);
  const newest = new Map<PersonId, KnownCheck>();
  const lastPlaces = new Map<PersonId, Place>();
  const running = new Map<PersonId, Running>();
  const begunAt = new Map<PersonId, number[]>();
  const changes = createEmitter<{ changed: { personId: PersonId; here: boolean } }>((error) =>
    log.error({ err: error }, 'a listener of checks before shifts failed'),
  );
  const offs = [
    live?.subscribe(topic, (message, from) => {
      if (from === live.nodeId) return;
      const { personId } = message as { personId: PersonId };
      readAgain(personId).catch((err: unknown) =>
        log.warn({ err: asError(err), personId }, 'a check that another node took could not be read'),
      );
    }),
  ];
  let lookedAt = clock.now();
  const timer = clock.every(lookEveryMs, look);

  async function readAgain(personId: PersonId): Promise<void> {
    const row = await rows.latest(personId);
    if (row) newest.set(personId, known(row));
    changes.emit('changed', { personId, here: false });
  }

  function changed(personId: PersonId): void {
    changes.emit('changed', { personId, here: true });
    live?.publish(topic, { personId }).catch((err: unknown) => {
      log.warn({ err: asError(err), personId }, 'the other nodes do not know of a check yet');
    });
  }

  /** Results whose time has come to an end since the last look. */
  function look(): void {
    const now = clock.now();
    for (const [personId, { countsUntil }] of newest)
      if (countsUntil > lookedAt && countsUntil <= now) changes.emit('changed', { personId, here: true });
    lookedAt = now;
  }

  function tooOften(personId: PersonId): number | undefined {
    const now = clock.now();
    const lately = (begunAt.get(personId) ?? []).filter((at) => at + hourMs > now);
    begunAt.set(personId, lately);
    return lately.length < limits.perHour ? undefined : Math.ceil((lately[0]! + hourMs - now) / 1000);
  }

  function end(check: Running): void {
    check.abandon.cancel();
    check.line.stop();
    if (running.get(check.personId) === check) running.delete(check.personId);
  }

  async function keep(check: Running, claims: EnvironmentClaims): Promise<EnvironmentCheckRow> {
    const outcome = await check.line.done;
    const measured = outcome.kind === 'measured' ? outcome.line : undefined;
    const line = lineFigures(measured, claims.line);
    const network = kindOf({ addresses: check.addresses, claimed: claims.network, reach: claims.reach, line });
    const result = judge({ line, network, claims, limits: settings.limits }, settings);
    const now = clock.now();
    const record: CheckRecord = {
      ...{ result, claims, measured: measured ?? null },
      settings: { check: settings.check, items: settings.items, limits: settings.limits },
    };
    const row: EnvironmentCheckRow = {
      ...{ id: check.id, personId: check.personId, sessionId: check.sessionId, at: now, place: check.place, record },
      address: check.addresses.join(' '),
      passed: result.passed,
      countsUntil: now + settings.countsForHours * hourMs,
      staleAt: null,
    };
    await rows.put(row);
    newest.set(check.personId, known(row));
    changed(check.personId);
    await rows.forgetBefore(now - settings.keepDays * 24 * hourMs);
    return row;
  }

  async function makeStale(check: KnownCheck): Promise<void> {
    const at = clock.now();
    newest.set(check.personId, { ...check, staleAt: at });
    await rows.makeStale(check.id, at);
    changed(check.personId);
  }

  return {
    async start() {
      for (const row of await rows.latestOfAll()) newest.set(row.personId, known(row));
    },
    begin(by) {
      const { personId } = by;
      if (settings.check === 'off') return { kind: 'refused', because: 'off' };
      if (running.has(personId)) return { kind: 'refused', because: 'running' };
      if (needs.isBusy(personId)) return { kind: 'refused', because: 'busy' };
      if (running.size >= limits.atOnce) return { kind: 'refused', because: 'full' };
      const retryAfterSeconds = tooOften(personId);
      if (retryAfterSeconds !== undefined) return { kind: 'too-often', retryAfterSeconds };
      const now = clock.now();
      begunAt.get(personId)!.push(now);
      const id = newId('environmentCheck', now);
      const line = needs.measure(personId, { seconds: limits.seconds });
      const check: Running = {
        ...by,
        ...{ id, line, addresses: [by.address] },
        abandon: clock.after(abandonedAfterMs, () => end(check)),
      };
      running.set(personId, check);
      return { kind: 'begun', id, callId: line.callId, seconds: limits.seconds };
    },
    async finish(id, personId, claims) {
      const check = running.get(personId);
      if (!check || check.id !== id) return undefined;
      check.abandon.cancel();
      // Whoever could not answer does not let this wait for an answer.
      if (!claims.line) check.line.stop();
      try {
        return await keep(check, claims);
      } finally {
        end(check);
      }
    },
    stop(id, personId) {
      const check = running.get(personId);
      if (!check || check.id !== id) return false;
      end(check);
      return true;
    },
    giveWay(personId) {
      running.get(personId)?.line.stop();
    },
    standing(personId, place) {
      lastPlaces.set(personId, place);
      return standing(personId, place);
    },
    lastStanding(personId) {
      const place = lastPlaces.get(personId);
      return place && standing(personId, place);
    },
    seenFrom(personId, address) {
      const check = running.get(personId);
      if (check && check.addresses.at(-1) !== address) check.addresses.push(address);
      const last = newest.get(personId);
      if (check || !last || last.staleAt !== null || !settings.staleWhenNetworkChanges) return;
      const from = networkKey(address);
      if (last.address.split(' ').some((one) => networkKey(one) === from)) return;
      makeStale(last).catch((err: unknown) =>
        log.warn({ err: asError(err), personId }, 'that a check is stale could not be kept: it is tried again'),
      );
    },
    onChanged: (listener) => changes.on('changed', ({ personId, here }) => listener(personId, here)),
    close() {
      timer.cancel();
      for (const check of [...running.values()]) end(check);
      for (const off of offs) off?.();
      changes.clear();
    },
  };

  function standing(personId: PersonId, place: Place): CheckStanding {
    const hasTelephone = needs.hasTelephone(personId);
    return standingOf(newest.get(personId), { settings, place, hasTelephone, nowMs: clock.now() });
  }
}

const known = ({
  id,
  personId,
  sessionId,
  at,
  address,
  place,
  passed,
  countsUntil,
  staleAt,
}: KnownCheck): KnownCheck => ({
  ...{ id, personId, sessionId, at, address, place, passed, countsUntil, staleAt },
});
