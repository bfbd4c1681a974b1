// Which node has which call, and what the agent's desk shows of it, in live.map('calls'): so that every node can show every
// desk and pass on every command. A node lists its own calls and reads those of the others; the local calls themselves are not
// here. An entry holds aliases and ids, never a number.

import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { LiveMap, LiveState } from '../../store/live-state.ts';
import type { CallState } from '../call-state.ts';
import { peopleOf, personOf } from '../call-state.ts';
import type { DeskCallState, MonitorView, ParkedView } from '../desk.ts';
import { deskCall } from '../desks.ts';
import { monitorsOf } from '../supervise/monitor.ts';
import { parkedView } from '../transfer/park.ts';

export interface ListedCall {
  startedAt: number;
  /** Who is being offered it or is in it. */
  personId: PersonId | null;
  /** What that person's desk shows of it. */
  desk: DeskCallState | null;
  /** Colleagues who are asked about it, and what their desks show. */
  others?: { personId: PersonId; desk: DeskCallState }[];
  parked?: ParkedView;
  monitors?: MonitorView[];
}

export interface CallDirectory {
  /** This node's calls: what is put in or taken out is listed or taken off the list. */
  readonly calls: Map<CallId, CallState>;
  /** Lists what has changed about a call of this node. */
  changed(call: CallState): void;
  /** The node that has this call, if it is another one that is there. */
  nodeOf(callId: CallId): NodeId | undefined;
  /** As `nodeOf`, of the call that this person is in or is being offered. */
  callOf(personId: PersonId): { callId: CallId; listed: ListedCall } | undefined;
  /** What the desk of this person shows of a call of another node. */
  deskOf(personId: PersonId): DeskCallState | undefined;
  agentOf(callId: CallId): PersonId | undefined;
  partOf(callId: CallId, personId: PersonId): 'agent' | 'consulted' | 'monitor' | undefined;
  /** Of other nodes. */
  parked(): ParkedView[];
  monitors(): MonitorView[];
  /** How many calls each node has. */
  countByNode(): Map<NodeId, number>;
  /** Listed by any node. */
  isListed(callId: CallId): boolean;
  close(): void;
}

export function createCallDirectory(needs: {
  live: LiveState;
  /** The desk of this person shows something new, because a call of another node changed. */
  onDesk(personId: PersonId): void;
  /** Calls of a node that is gone; told on every node. */
  onOwnerGone(callId: CallId, node: NodeId): void;
}): CallDirectory {
  const { live } = needs;
  const map: LiveMap<ListedCall> = live.map<ListedCall>('calls');
  /** Calls of other nodes by who is in them. */
  const byPerson = new Map<PersonId, CallId>();
  const calls = new ListedCalls(list, (callId) => void map.remove(callId).catch(() => undefined));

  function list(call: CallState): void {
    if (call.phase === 'ended' || calls.get(call.id) !== call) return;
    const personId = personOf(call) ?? null;
    const others = peopleOf(call)
      .filter((id) => id !== personId)
      .map((id) => ({ personId: id, desk: deskCall(call, id) }));
    const parked = parkedView(call);
    const monitors = monitorsOf(call);
    const listed: ListedCall = {
      startedAt: call.startedAt,
      personId,
      desk: personId && deskCall(call, personId),
      ...(others.length > 0 ? { others } : {}),
      ...(parked ? { parked } : {}),
      ...(monitors.length > 0 ? { monitors } : {}),
    };
    // While the live state is away the maker keeps it, and puts it again.
    map.put(call.id, listed).catch(() => undefined);
  }

  function forget(callId: CallId): PersonId[] {
    const people = [...byPerson].flatMap(([personId, id]) => (id === callId ? [personId] : []));
    for (const personId of people) byPerson.delete(personId);
    return people;
  }

  function remember(callId: CallId, { personId, others = [] }: ListedCall): PersonId[] {
    const people = [...(personId ? [personId] : []), ...others.map((other) => other.personId)];
    for (const one of people) byPerson.set(one, callId);
    return people;
  }

  const offs = [
    map.on('put', ({ key, value, owner }) => {
      if (owner === live.nodeId) return;
      const callId = key as CallId;
      const before = forget(callId);
      const now = remember(callId, value);
      for (const personId of new Set([...before, ...now])) needs.onDesk(personId);
    }),
    live.on('declaredDead', () => {
      for (const call of calls.values()) list(call);
    }),
    map.on('removed', ({ key, owner, because }) => {
      const callId = key as CallId;
      const before = forget(callId);
      if (because !== 'replaced') for (const personId of before) needs.onDesk(personId);
      if (because === 'owner-gone' && owner !== live.nodeId) needs.onOwnerGone(callId, owner);
    }),
  ];
  for (const { key, value, owner } of map.entries()) if (owner !== live.nodeId) remember(key as CallId, value);

  const listedElsewhere = () =>
    [...map.entries()].flatMap(({ value, owner, orphan }) => (owner === live.nodeId || orphan ? [] : [value]));
  const elsewhere = (callId: CallId) => {
    const entry = map.get(callId);
    return entry && entry.owner !== live.nodeId && !entry.orphan ? entry : undefined;
  };

  return {
    calls,
    changed: list,
    nodeOf: (callId) => elsewhere(callId)?.owner,
    callOf(personId) {
      const callId = byPerson.get(personId);
      const entry = callId && map.get(callId);
      return callId && entry ? { callId, listed: entry.value } : undefined;
    },
    deskOf(personId) {
      const callId = byPerson.get(personId);
      const listed = callId && map.get(callId)?.value;
      if (!listed) return undefined;
      return listed.others?.find((other) => other.personId === personId)?.desk ?? listed.desk ?? undefined;
    },
    partOf(callId, personId) {
      const listed = elsewhere(callId)?.value;
      if (listed?.personId === personId) return 'agent';
      if (listed?.others?.some((other) => other.personId === personId)) return 'consulted';
      return listed?.monitors?.some((one) => one.personId === personId) ? 'monitor' : undefined;
    },
    parked: () => listedElsewhere().flatMap(({ parked }) => parked ?? []),
    monitors: () => listedElsewhere().flatMap(({ monitors }) => monitors ?? []),
    agentOf: (callId) => elsewhere(callId)?.value.personId ?? undefined,
    countByNode() {
      const counts = new Map<NodeId, number>();
      for (const { owner, orphan } of map.entries()) if (!orphan) counts.set(owner, (counts.get(owner) ?? 0) + 1);
      return counts;
    },
    isListed: (callId) => map.get(callId) !== undefined,
    close() {
      for (const off of offs) off();
    },
  };
}

/** A map of calls that tells who is put in and who is taken out. */
class ListedCalls extends Map<CallId, CallState> {
  readonly #onPut: (call: CallState) => void;
  readonly #onGone: (callId: CallId) => void;

  constructor(onPut: (call: CallState) => void, onGone: (callId: CallId) => void) {
    super();
    this.#onPut = onPut;
    this.#onGone = onGone;
  }

  override set(callId: CallId, call: CallState): this {
    super.set(callId, call);
    this.#onPut(call);
    return this;
  }

  override delete(callId: CallId): boolean {
    const was = super.delete(callId);
    if (was) this.#onGone(callId);
    return was;
  }
}
