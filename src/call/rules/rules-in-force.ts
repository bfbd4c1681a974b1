// The rules that hold now and the mode of operation. The queues have them (routing/acd); this keeps who switched what and why,
// switches by the schedule, and answers what is asked past the queues: a transfer to a person, an outbound call.
//
// What lasts is the log: the newest `operation-changed` says the mode after a restart, and tells the other nodes. One node
// gives a change to the queues, which all nodes have in one order.

import { type CompiledPolicy, compilePolicy, type RuleTried } from '../../routing/policy/compile-policy.ts';
import { type OperationByHand, operationAt } from '../../routing/policy/operation.ts';
import type { CallFacts, Operation, PersonFacts, PolicyDecision, PolicySource } from '../../routing/policy/policy.ts';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { EngawaEvent, NewEvent } from '../../shared/events.ts';
import type { ApiKeyId, EventId, PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { EventLog } from '../../store/event-log.ts';

/** Who does something: a person, or a program by its key. */
export type Actor = { personId: PersonId } | { keyId: ApiKeyId };

export interface OperationState {
  operation: Operation;
  by: 'hand' | 'schedule';
  /** Of the switch by hand; null where the schedule says the mode. */
  why: string | null;
  personId: PersonId | null;
  keyId: ApiKeyId | null;
  /** Null: as long as anybody knows. */
  since: number | null;
  untilMs: number | null;
}

/** The queues, as this part knows them. */
export interface RuledQueues {
  rules(): { policy: PolicySource; operation: Operation };
  setRules(policy: PolicySource, operation: Operation): Promise<unknown>;
}

export interface Explained {
  allowed: boolean;
  rule: string | null;
  because: { code: string; ja: string; en: string } | null;
  tried: RuleTried[];
}

export interface RulesInForce {
  readonly policy: CompiledPolicy;
  operation(): OperationState;
  decide(person: PersonFacts, call: CallFacts): PolicyDecision;
  /** Every rule that was tried, and what came of it, now. */
  explain(person: PersonFacts, call: CallFacts, operation: Operation): Explained;
  /** At once: the next offer obeys. `untilMs`: then the schedule holds again. */
  switchOperation(
    to: Operation | 'by-schedule',
    how: { by: Actor; why: string | null; untilMs?: number | null },
  ): Promise<OperationState>;
  /** Puts rules into force; false: they are in force already. */
  publish(source: PolicySource, by: Actor | null): Promise<boolean>;
  /** The queues that are to obey; once, before `start`. */
  rule(queues: RuledQueues): void;
  /** Learns from the log what mode holds, gives both to the queues and begins to follow the schedule. */
  start(): Promise<void>;
  close(): void;
}

type Switched = EngawaEvent<'operation-changed'>;

const lookEveryMs = 1000;

export function createRulesInForce(needs: {
  clock: Clock;
  log: Logger;
  /** Those of all nodes. */
  events: Pick<EventLog, 'append' | 'read' | 'subscribe'>;
  source: PolicySource;
  /** Whether this is the node that acts when nobody asked. */
  mayAct?: () => boolean;
}): RulesInForce {
  const { clock, log, events, mayAct = () => true } = needs;
  let compiled = compilePolicy(needs.source);
  let queues: RuledQueues | undefined;
  let newest: Switched | undefined;
  let timer: { cancel(): void } | undefined;
  let looking = false;

  function policy(): CompiledPolicy {
    const source = queues?.rules().policy;
    if (source && source.version !== compiled.source.version) compiled = compilePolicy(source);
    return compiled;
  }

  const byHand = (): OperationByHand | null =>
    newest && newest.by !== 'schedule' ? { operation: newest.operation, untilMs: newest.untilMs ?? null } : null;
  const wanted = () => operationAt(byHand(), policy(), clock.now());
  const inForce = () => queues?.rules().operation ?? wanted().operation;

  function state(): OperationState {
    const { by, untilMs } = wanted();
    const { why, personId, keyId } = by === 'hand' && newest ? newest : nobody;
    const since = newest?.operation === inForce() ? newest.at : null;
    return { operation: inForce(), by, why, personId, keyId, since, untilMs };
  }

  /** Of two that were told, the later one holds, in whatever order they are heard. */
  function heard(event: Switched): void {
    if (!newest || sortsAfter(event.id, newest.id)) newest = event;
  }

  async function change(event: Omit<NewEvent<'operation-changed'>, 'type' | 'from'>): Promise<void> {
    const from = inForce();
    heard(await events.append({ type: 'operation-changed', from, ...event }));
    await queues?.setRules(policy().source, event.operation);
  }

  async function look(): Promise<void> {
    const { operation, by } = wanted();
    if (looking || operation === inForce() || !mayAct()) return;
    looking = true;
    try {
      if (by === 'schedule') await change({ operation, by, ...nobody, untilMs: null });
      else await queues?.setRules(policy().source, operation);
    } finally {
      looking = false;
    }
  }

  async function publish(source: PolicySource, by: Actor | null): Promise<boolean> {
    if (queues?.rules().policy.version === source.version) return false;
    const personId = by && 'personId' in by ? by.personId : null;
    const keyId = by && 'keyId' in by ? by.keyId : null;
    await events.append({ type: 'policy-changed', version: source.version, personId, keyId });
    const { operation } = operationAt(byHand(), compilePolicy(source), clock.now());
    await queues?.setRules(source, operation);
    return true;
  }

  const off = events.subscribe((event) => {
    if (event.type === 'operation-changed') heard(event);
  });

  return {
    get policy() {
      return policy();
    },
    operation: state,
    decide: (person, call) => policy().decide(person, call, inForce(), clock.now()),
    explain(person, call, operation) {
      const now = policy();
      const decision = now.decide(person, call, operation, clock.now());
      return {
        ...{ allowed: decision.allowed, rule: decision.rule },
        because: decision.allowed ? null : decision.because,
        tried: now.explain(person, call, operation, clock.now()),
      };
    },
    async switchOperation(to, { by, why, untilMs = null }) {
      const personId = 'personId' in by ? by.personId : null;
      const keyId = 'keyId' in by ? by.keyId : null;
      const planned = policy().plannedOperation(clock.now()).operation;
      const who = { personId, keyId, why };
      if (to === 'by-schedule') await change({ operation: planned, by: 'schedule', ...who, untilMs: null });
      else await change({ operation: to, by: 'personId' in by ? 'person' : 'program', ...who, untilMs });
      return state();
    },
    publish,
    rule(ruled) {
      queues = ruled;
    },
    async start() {
      const [last] = await events.read({ types: ['operation-changed'], descending: true, limit: 1 });
      if (last?.type === 'operation-changed') heard(last);
      await tellPolicy(events, needs.source);
      await queues?.setRules(needs.source, wanted().operation);
      timer = clock.every(lookEveryMs, () => {
        look().catch((thrown) => log.error({ err: asError(thrown) }, 'the mode of operation could not be looked at'));
      });
      log.info({ version: needs.source.version, operation: wanted().operation }, 'rules in force');
    },
    close() {
      off();
      timer?.cancel();
    },
  };
}

const nobody = { why: null, personId: null, keyId: null };

/** Ids sort by time; text that is compared by its bytes. */
const sortsAfter = (a: EventId, b: EventId): boolean => a > b;

/** The log says which rules held when, also when they came with a restart. */
async function tellPolicy(events: Pick<EventLog, 'append' | 'read'>, { version }: PolicySource): Promise<void> {
  const [last] = await events.read({ types: ['policy-changed'], descending: true, limit: 1 });
  if (last?.type === 'policy-changed' && last.version === version) return;
  await events.append({ type: 'policy-changed', version, personId: null, keyId: null });
}
