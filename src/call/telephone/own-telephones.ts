// Own telephones: who may work with one, which device is in use today, and how a call that we make to one is known again when
// the telephone sends it back to us. The number stays in the number vault and comes out only to be dialled; people and pages
// are shown its last two digits. On several nodes each keeps a copy of who uses what, and is told to read a row again.
// Does not ring anybody (ring-telephone.ts).

import { maskedNumber } from '../../privacy/number-display.ts';
import { PhoneNumber } from '../../privacy/phone-number.ts';
import type { Alias, Vault } from '../../privacy/vault.ts';
import type { Clock } from '../../shared/clock.ts';
import { createEmitter, type Unsubscribe } from '../../shared/emitter.ts';
import { asError } from '../../shared/errors.ts';
import type { Device, NewEvent } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';
import type { LiveState } from '../../store/live-state.ts';
import type { OwnTelephoneRow, OwnTelephoneRows } from '../../store/own-telephones.ts';
import type { Refusal } from '../outbound/refusals.ts';
import type { DialDecision } from '../parts.ts';

export type TelephoneOutcome = { kind: 'ok' } | { kind: 'conflict' | 'forbidden'; because: Refusal };

/** What a policy says of the device: a failed connection check leaves the telephone only. */
export type DeviceRule = 'either' | 'telephone-only' | 'browser-only';

export interface TelephoneView {
  device: Device;
  /** A number is known and this person may work with it. */
  usable: boolean;
  allowed: boolean;
  /** The last two digits of the number; null: none is known. */
  masked: string | null;
}

export interface OwnTelephones {
  /** Reads who uses what. Until then everybody is at the browser. */
  start(): Promise<void>;
  /** Where this person takes calls now. */
  deviceOf(personId: PersonId): Device;
  /** A number is known and this person may work with it. */
  isUsable(personId: PersonId): boolean;
  view(personId: PersonId): Promise<TelephoneView>;
  /** For dialling only. Undefined: none is known. */
  number(personId: PersonId): Promise<PhoneNumber | undefined>;
  /** The administrator's: another number (null: none), or whether the person may work with it. */
  set(
    personId: PersonId,
    change: { number?: string | null; allowed?: boolean },
    by: PersonId | null,
  ): Promise<TelephoneOutcome>;
  /** The person's choice for today. */
  choose(personId: PersonId, device: Device): Promise<TelephoneOutcome>;
  /** An own telephone rings, called with this number of the company; the result says that it no longer does. */
  ringing(key: string, presentedNumber: string): () => void;
  /** A call that comes in is one of ours to an own telephone, sent back by it (call forwarding). */
  isLoop(call: { caller: PhoneNumber | undefined; divertedBy?: readonly PhoneNumber[] }): Promise<boolean>;
  /** `here`: it was this program that made the change. */
  onChanged(listener: (personId: PersonId, here: boolean) => void): Unsubscribe;
  close(): void;
}

export interface OwnTelephonesNeeds {
  clock: Clock;
  log: Logger;
  rows: OwnTelephoneRows;
  vault: Vault;
  /** Whether anybody at all works by telephone. */
  allowed: boolean;
  /** Canonical. */
  companyNumbers: readonly string[];
  events: Pick<EventLog, 'append'>;
  checkDial(typed: string): DialDecision;
  live?: Pick<LiveState, 'publish' | 'subscribe' | 'map' | 'nodeId'>;
  /** What the policy says of a person's device now; `either` unless given. */
  rule?: (personId: PersonId) => DeviceRule;
}

const topic = 'own-telephones';

export function createOwnTelephones(needs: OwnTelephonesNeeds): OwnTelephones {
  const { clock, log, rows, vault, live } = needs;
  const known = new Map<PersonId, OwnTelephoneRow>();
  const changes = createEmitter<{ changed: { personId: PersonId; here: boolean } }>((error) =>
    log.error({ err: error }, 'a listener of own telephones failed'),
  );
  const tell = (event: NewEvent) => needs.events.append(event);
  const rings = createRings(live);
  const offs = [
    live?.subscribe(topic, (message, from) => {
      if (from === live.nodeId) return;
      const { personId } = message as { personId: PersonId };
      readAgain(personId).catch((thrown: unknown) =>
        log.warn({ err: asError(thrown), personId }, 'what another node changed about a telephone could not be read'),
      );
    }),
  ];

  function isUsable(personId: PersonId): boolean {
    const row = known.get(personId);
    return needs.allowed && row?.allowed === true && row.alias !== null;
  }

  async function readAgain(personId: PersonId): Promise<void> {
    const row = await rows.byPerson(personId);
    if (row) known.set(personId, row);
    else known.delete(personId);
    changes.emit('changed', { personId, here: false });
  }

  async function change(personId: PersonId, what: Partial<OwnTelephoneRow>): Promise<TelephoneOutcome> {
    const before = known.get(personId) ?? { personId, alias: null, allowed: true, device: 'browser' as const };
    const row: OwnTelephoneRow = { ...before, ...what, changedAt: clock.now() };
    await rows.put(row);
    known.set(personId, row);
    changes.emit('changed', { personId, here: true });
    live?.publish(topic, { personId }).catch((thrown: unknown) => {
      log.warn({ err: asError(thrown), personId }, 'the other nodes do not know of a telephone yet');
    });
    return { kind: 'ok' };
  }

  async function number(personId: PersonId): Promise<PhoneNumber | undefined> {
    const alias = known.get(personId)?.alias;
    return alias ? vault.recall(alias as Alias) : undefined;
  }

  const ownNumbers = needs.companyNumbers.flatMap((own) => PhoneNumber.fromCanonical(own) ?? []);
  const isOurs = (one: PhoneNumber) => ownNumbers.some((own) => own.equals(one));

  return {
    async start() {
      for (const row of await rows.list()) known.set(row.personId, row);
    },
    deviceOf(personId) {
      const rule = needs.rule?.(personId) ?? 'either';
      if (rule === 'browser-only' || !isUsable(personId)) return 'browser';
      return rule === 'telephone-only' ? 'telephone' : known.get(personId)!.device;
    },
    isUsable,
    number,
    async view(personId) {
      const row = known.get(personId);
      const dialled = await number(personId);
      return {
        device: this.deviceOf(personId),
        usable: isUsable(personId),
        allowed: needs.allowed && (row?.allowed ?? true),
        masked: dialled ? maskedNumber(dialled) : null,
      };
    },
    async set(personId, { number: typed, allowed }, by) {
      const what: Partial<OwnTelephoneRow> = {};
      if (allowed !== undefined) what.allowed = allowed;
      if (typed === null) Object.assign(what, { alias: null, device: 'browser' });
      else if (typed !== undefined) {
        const decision = needs.checkDial(typed);
        if (decision.kind === 'refused') return { kind: 'forbidden', because: decision.because };
        if (isOurs(decision.number))
          return { kind: 'conflict', because: 'This is a number of the company: a call to it would come back here.' };
        what.alias = await vault.remember(decision.number);
      }
      const changed = await change(personId, what);
      const { alias, allowed: mayUse } = known.get(personId)!;
      await tell({ type: 'telephone-changed', personId, known: alias !== null, allowed: mayUse, by });
      return changed;
    },
    async choose(personId, device) {
      const rule = needs.rule?.(personId) ?? 'either';
      if (device === 'telephone' && !known.get(personId)?.alias)
        return { kind: 'conflict', because: 'No telephone of your own is known. The administration enters it.' };
      if (device === 'telephone' && (!isUsable(personId) || rule === 'browser-only'))
        return { kind: 'forbidden', because: 'You may not work by telephone.' };
      if (device === 'browser' && rule === 'telephone-only')
        return { kind: 'forbidden', because: 'Only the telephone may be used at the moment.' };
      const chosen = await change(personId, { device });
      await tell({ type: 'device-chosen', personId, device });
      return chosen;
    },
    ringing: rings.begin,
    async isLoop({ caller, divertedBy = [] }) {
      if (caller && rings.presented().some((own) => PhoneNumber.fromCanonical(own)?.equals(caller))) return true;
      if (divertedBy.length === 0) return false;
      const telephones = new Set([...known.values()].map(({ alias }) => alias));
      const aliases = await Promise.all(divertedBy.map((one) => vault.remember(one)));
      return aliases.some((alias) => telephones.has(alias)) && (caller === undefined || isOurs(caller));
    },
    onChanged: (listener) => changes.on('changed', ({ personId, here }) => listener(personId, here)),
    close() {
      for (const off of offs) off?.();
      changes.clear();
    },
  };
}

/** Own telephones that ring, of all nodes: the numbers of the company that they were called with. */
function createRings(live: OwnTelephonesNeeds['live']): {
  begin(key: string, presented: string): () => void;
  presented(): string[];
} {
  const here = new Map<string, string>();
  const everywhere = live?.map<string>('telephone-rings');
  return {
    begin(key, presented) {
      here.set(key, presented);
      everywhere?.put(key, presented).catch(() => undefined);
      return () => {
        here.delete(key);
        everywhere?.remove(key).catch(() => undefined);
      };
    },
    presented: () => [...here.values(), ...(everywhere?.entries() ?? []).map(({ value }) => value)],
  };
}
