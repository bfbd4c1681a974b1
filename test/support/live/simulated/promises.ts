// What must never be otherwise in the world of several nodes (world.ts), looked at after every event, and what must be true once
// everything is left in peace. simulated-nodes.ts says what each promise is.

import type { CallId, PersonId } from '../../../../src/shared/ids.ts';
import type { SimulatedNode, World } from './world.ts';

const instantMs = 500;
/** A conversation of which the order knows nothing is put right within two looks of the census. */
const putRightMs = 5000;
/** A node that is cut off lets go of the desks of others before they count it as gone. */
const letsGoWithinMs = 4000;

export class Promises {
  readonly #world: World;
  /** Since when a call has been waiting without being offered to anybody. */
  readonly #waitingSince = new Map<CallId, number>();
  /** Since when something has been so that may be so for a moment only. */
  readonly #wrongSince = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  look(): void {
    const busy = new Map<PersonId, { where: string; node: SimulatedNode }>();
    for (const node of this.#world.nodes) {
      if (node.runner.mode !== 'shared') node.apartAt = this.#world.clock.now();
      for (const call of node.calls.values()) {
        const personId = call.agent ?? call.ringing;
        if (!personId) continue;
        const where = `${call.id} (${call.phase}) at ${node.id} (${node.runner.mode})`;
        const other = busy.get(personId);
        // A node that is cut off keeps its conversations; the others cannot know of them.
        const agree = node.runner.mode === 'shared' && other?.node.runner.mode === 'shared';
        if (other && agree) this.#world.fail(`${personId} has two calls: ${other.where} and ${where}`);
        busy.set(personId, { where, node });
      }
    }
    this.#checkTelephones();
    this.#checkConversations();
    this.#world.throwFault();
    this.#noteWaiting();
  }

  /** Whether it is so now, and for how long without a break. */
  #lastsMs(what: string, isSo: boolean): number {
    if (!isSo) this.#wrongSince.delete(what);
    else if (!this.#wrongSince.has(what)) this.#wrongSince.set(what, this.#world.clock.now());
    return isSo ? this.#world.clock.now() - this.#wrongSince.get(what)! : -1;
  }

  /**
   * What the nodes really do, whatever they believe: no telephone rings for two calls, but for the time that news take. A node that
   * is cut off does not hear that an agent was taken away from it and is free again: it rings on until it lets go.
   */
  #checkTelephones(): void {
    const rings = new Map<PersonId, { call: string; away: boolean }[]>();
    for (const node of this.#world.nodes)
      for (const { id, ringing, ringsAt } of node.calls.values()) {
        const { mode } = node.runner;
        const ring = { call: `${id} of ${node.id} (${mode})`, away: mode === 'waiting' };
        if (ringing && ringsAt) rings.set(ringing, [...(rings.get(ringing) ?? []), ring]);
      }
    for (const { id } of this.#world.agents) {
      const calls = rings.get(id) ?? [];
      const lastsMs = this.#lastsMs(`${id} rings`, calls.length > 1);
      if (lastsMs < 0) continue;
      this.#world.count('rang for two calls for a moment');
      const mayMs = calls.some(({ away }) => away) ? letsGoWithinMs : this.#world.settings.delayMs;
      if (lastsMs >= mayMs)
        this.#world.fail(`the telephone of ${id} rings for ${calls.map(({ call }) => call).join(' and ')}`);
    }
  }

  /** What is so is in the order, once nodes that agree have had the time to say it. */
  #checkConversations(): void {
    const agree = this.#world.nodes.every(({ runner }) => runner.mode === 'shared');
    for (const node of this.#world.nodes)
      for (const { id, agent } of node.calls.values()) {
        const seat = agent && node.runner.acd.agent(agent);
        const wrong = seat != null && (seat.state !== 'on-call' || seat.callId !== id);
        if (this.#lastsMs(`${id} unknown`, agree && wrong) > putRightMs)
          this.#world.fail(`${agent} talks in ${id} of ${node.id}, and by the order is ${seat?.state} ${seat?.callId}`);
      }
  }

  #noteWaiting(): void {
    const agreeing = this.#world.nodes.find(({ runner }) => runner.mode === 'shared');
    const waiting = new Set(
      agreeing?.runner.acd
        .snapshot()
        .calls.flatMap(({ call, offeredTo }) => (offeredTo.length > 0 ? [] : [call.callId])),
    );
    for (const callId of this.#waitingSince.keys()) if (!waiting.has(callId)) this.#waitingSince.delete(callId);
    for (const callId of waiting)
      if (!this.#waitingSince.has(callId)) this.#waitingSince.set(callId, this.#world.clock.now());
  }

  checkOrder(node: SimulatedNode, callId: CallId): void {
    // What happened while it was away comes in one breath.
    if (this.#world.clock.now() - node.apartAt < 2 * instantMs) return;
    const { calls } = node.runner.acd.snapshot();
    const mine = calls.find(({ call }) => call.callId === callId);
    const to = mine?.offeredTo[0];
    if (!mine || to === undefined) return;
    // By the order; the ring may have had to wait.
    const reservedAt = node.runner.acd.agent(to)?.stateSince ?? 0;
    for (const other of calls) {
      // Who came back unanswered goes before all; among the others age counts.
      if (other.offeredTo.length > 0 || other.returned || mine.returned) continue;
      const before = other.call.enteredAt < mine.call.enteredAt;
      // What happens at one instant is seen only as a whole: who was free for it is not known here.
      const waitsSince = this.#waitingSince.get(other.call.callId) ?? Number.POSITIVE_INFINITY;
      if (before && waitsSince < reservedAt - instantMs)
        this.#world.fail(`${callId} was offered before ${other.call.callId}, which waits longer`);
    }
  }
  checkAgreement(): void {
    const [first, ...others] = this.#world.nodes;
    const told = (node: SimulatedNode) => JSON.stringify(node.runner.acd.snapshot());
    for (const node of this.#world.nodes)
      if (node.runner.mode !== 'shared') this.#world.fail(`${node.id} is still ${node.runner.mode}`);
    for (const other of others)
      if (told(other) !== told(first!)) this.#world.fail(`${first!.id} and ${other.id} do not agree`);
    this.#world.throwFault();
  }

  checkNobodyStuck(): void {
    const { runner } = this.#world.nodes[0]!;
    const all = new Map(this.#world.nodes.flatMap(({ calls }) => [...calls]));
    const { calls } = runner.acd.snapshot();
    const listed = new Set(calls.map(({ call }) => call.callId));
    for (const call of all.values())
      if (call.phase === 'queued' && !listed.has(call.id))
        this.#world.fail(`${call.id} waits and the queues do not know`);
    for (const callId of listed)
      if (!all.has(callId))
        this.#world.fail(
          `${callId} of ${runner.ownerOf(callId)} is in the queues and nowhere else (${this.#world.nodes.map((n) => n.id).join()})`,
        );
    const waiting = calls.filter(({ offeredTo }) => offeredTo.length === 0).length;
    for (const { personId, state, callId } of runner.acd.agents()) {
      if (state === 'reserved' || state === 'alerting' || state === 'after-call-work')
        this.#world.fail(`${personId} is stuck in ${state}`);
      if (state === 'available' && waiting > 0) this.#world.fail(`${waiting} wait while ${personId} is available`);
      if (state === 'on-call' && all.get(callId!)?.agent !== personId)
        this.#world.fail(
          `${personId} is on ${callId} of nobody (${runner.ownerOf(callId!)} of ${this.#world.nodes.map((n) => n.id).join()})`,
        );
    }
    for (const call of all.values())
      if (call.agent && runner.acd.agent(call.agent)?.callId !== call.id)
        this.#world.fail(`${call.agent} talks in ${call.id} and the queues do not know`);
    this.#world.throwFault();
  }
}
