// The call centre as one of several nodes: any node shows every desk and passes on every command; each call stays with the
// node that took it (docs/decisions/0040). Joins the shared queues, the directory of calls and the commands between nodes to a call
// centre (call-centre.ts) that otherwise works as if it were alone.

import type { TextSealer } from '../../privacy/seal-text.ts';
import type { AgentState } from '../../shared/events.ts';
import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { LiveState } from '../../store/live-state.ts';
import { createCallCentre, type RunningCallCentre } from '../call-centre.ts';
import { type CallState, callOfAcd, personOf } from '../call-state.ts';
import { claimsAmongNodes } from '../callback/callback-claims.ts';
import type { CallParts } from '../parts.ts';
import { beginningRules } from '../rules/beginning-rules.ts';
import { createCallDirectory } from './call-directory.ts';
import { createConversations } from './conversations.ts';
import { answerCommand, isCommandQuestion, withRemoteCalls } from './remote-commands.ts';
import { createSharedRunner, type SharedRunner } from './shared-runner.ts';
import type { Conversation } from './what-is-true.ts';

export interface ClusterCallCentre extends RunningCallCentre {
  readonly queuesMode: SharedRunner['mode'];
  callsByNode(): Map<NodeId, number>;
  desksByNode(): Map<NodeId, number>;
  /** Desks at this node with a call or after-call work. */
  busyDesks(): number;
  /**
   * The desks of this node are to be at another one: those that are free to move at once. Their agents get no call until they are
   * there, and are available again then; those who talk get none after their call. To be asked again until there is none.
   */
  sendDesksAway(): Promise<PersonId[]>;
  /** Listed by any node that is there. */
  isCallRunning(callId: CallId): boolean;
  /** Answers what other nodes ask about calls; undefined: it was about something else. */
  answer(question: unknown): Promise<unknown> | undefined;
}

export interface ClusterNeeds {
  live: LiveState;
  /**
   * Calls of a node that is gone, which nobody can continue: their records are to be ended. Told on every node; `now`: on the one
   * that tried to go on with it.
   */
  onCallLost(callId: CallId, node: NodeId, how?: { now: true }): void;
  /** For what others need to go on with a conversation; without it conversations go with their node. */
  sealer?: TextSealer;
  aloneAfterMs?: number;
}

/** The reason of an agent whose page has been sent to another node and is not there yet. */
const nodeDraining = 'node-draining';
/** A page that is back within this is at work again by itself. */
const backWithinMs = 60_000;
const idle = new Set<AgentState>(['offline', 'not-ready', 'available']);
const welcomeEveryMs = 2000;

function conversationOf(call: CallState): Conversation[] {
  const { id, phase, queue, agent, consultation } = call;
  if (phase === 'dialling') {
    const personId = personOf(call);
    return personId ? [{ callId: id, personId, queue }] : [];
  }
  const colleague = consultation?.colleague;
  const talking = [phase === 'talking' ? agent : undefined, colleague, ...call.monitors];
  return talking.flatMap((one) => (one ? [{ callId: one.asCall, personId: one.personId, queue }] : []));
}

export function createClusterCallCentre(parts: CallParts, needs: ClusterNeeds): ClusterCallCentre {
  const { live } = needs;
  const { clock, log, settings } = parts;
  let queues: SharedRunner | undefined;
  const directory = createCallDirectory({
    live,
    onDesk: (personId) => local.deskChanged(personId),
    onOwnerGone: needs.onCallLost,
  });
  /** For itself, and the first of those that are there for a node that is gone. */
  function speaksFor(node: NodeId): boolean {
    const there = live.nodes().map(({ nodeId }) => nodeId);
    return node === live.nodeId || (!there.includes(node) && there.sort()[0] === live.nodeId);
  }

  const conversations =
    needs.sealer &&
    createConversations({
      ...{ live, clock, log, sealer: needs.sealer },
      centre: () => local.centre,
      adopted: (callId) => queues!.give({ kind: 'callAdopted', callId }),
      lost(callId, asCall, node) {
        void queues?.give({ kind: 'callLost', callId: asCall });
        needs.onCallLost(callId, node, { now: true });
      },
    });
  const desks = new Set<PersonId>();
  const offGone = parts.border.on('softphoneGone', ({ personId }) => void desks.delete(personId));
  const offDesks = parts.border.on('softphoneRegistered', ({ personId, nodeId }) => {
    if (nodeId === live.nodeId) desks.add(personId);
    else desks.delete(personId);
    if (nodeId !== live.nodeId || !queues) return;
    queues.deskIsHere(personId);
    welcome(personId);
  });
  let sendsAway = false;

  const isOurs = (because: string | null) => because === 'node-gone' || because === nodeDraining;

  /** It was this installation's doing that the agent became not ready, or will, and the desk is back. */
  function welcome(personId: PersonId): void {
    const agent = queues?.acd.agent(personId);
    if (!agent || sendsAway) return;
    const { because, nextBecause, stateSince } = agent;
    if (
      (isOurs(because) && clock.now() - stateSince < backWithinMs) ||
      (agent.nextState && nextBecause === nodeDraining)
    )
      void queues?.apply({ kind: 'agentReady', personId });
  }

  /** Some node has gone, or is about to: until then its desks may be looked for. */
  let nodesLeftUntil = 0;
  const noteLeaving = () => {
    nodesLeftUntil = clock.now() + backWithinMs;
  };
  const offNodes = [live.on('nodeGone', noteLeaving), live.on('nodeChanged', noteLeaving)];

  /** An own telephone needs no page, so no page brings its desk back: the first of the nodes that stay takes it. */
  function takeTelephones(): void {
    if (queues?.mode !== 'shared' || clock.now() > nodesLeftUntil) return;
    const staying = live.nodes().flatMap(({ nodeId, draining }) => (draining ? [] : [nodeId]));
    if (staying.sort()[0] !== live.nodeId) return;
    for (const { personId, state, because } of local.agents()) {
      if (state !== 'not-ready' || !isOurs(because) || queues.deskOf(personId) === live.nodeId) continue;
      if (parts.telephones?.deviceOf(personId) !== 'telephone') continue;
      queues.deskIsHere(personId);
      welcome(personId);
    }
  }

  // What the node that they came from had to say may come after the desk itself.
  const welcoming = clock.every(welcomeEveryMs, () => {
    for (const personId of desks) if (queues?.deskOf(personId) === live.nodeId) welcome(personId);
    takeTelephones();
  });
  const local: RunningCallCentre = createCallCentre(parts, {
    acd: (onEffect) => {
      queues = createSharedRunner({
        live,
        clock,
        log,
        queues: settings.queues,
        afterCallWorkSeconds: settings.outboundAfterCallWorkSeconds,
        onEffect,
        desks: () => [...desks],
        conversations: () => [...directory.calls.values()].flatMap(conversationOf),
        adoptable: (node) => conversations?.adoptable(node) ?? [],
        rules: beginningRules(parts),
        hasCall: (callId) => callOfAcd(directory.calls, callId) !== undefined || local.keepsPlace(callId),
        ...(needs.aloneAfterMs === undefined ? {} : { aloneAfterMs: needs.aloneAfterMs }),
      });
      return queues;
    },
    live,
    calls: directory.calls,
    callChanged: directory.changed,
    deskChanged: (personId) => conversations?.deskChanged(personId),
    callbackClaims: claimsAmongNodes({ live, log }),
    callElsewhere: directory.deskOf,
    parkedElsewhere: directory.parked,
    speaksFor,
  });

  const desksHere = () => local.agents().filter(({ personId }) => queues!.deskOf(personId) === live.nodeId);

  return {
    ...local,
    ...withRemoteCalls(local, { live, log, nodeOf: directory.nodeOf }),
    agentOf: (callId) => local.agentOf(callId) ?? directory.agentOf(callId),
    partOf: (callId, personId) => local.partOf(callId, personId) ?? directory.partOf(callId, personId),
    monitors: () => [...local.monitors(), ...directory.monitors()],
    isBusy: (personId) => local.isBusy(personId) || directory.monitors().some((one) => one.personId === personId),
    get queuesMode() {
      return queues!.mode;
    },
    callsByNode: directory.countByNode,
    desksByNode() {
      const counts = new Map<NodeId, number>();
      for (const { personId, state } of local.agents()) {
        const node = state === 'offline' ? undefined : queues!.deskOf(personId);
        if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
      }
      return counts;
    },
    busyDesks: () => desksHere().filter(({ state }) => !idle.has(state)).length,
    async sendDesksAway() {
      sendsAway = true;
      const here = desksHere();
      // Where calls wait, an agent would be given the next one in the moment in which the last is over.
      for (const { personId, state, nextState } of here)
        if (state === 'available' || (state === 'on-call' && nextState === null))
          await queues!.apply({ kind: 'agentNotReady', personId, because: nodeDraining });
      return here.flatMap(({ personId, state }) => (idle.has(state) ? [personId] : []));
    },
    isCallRunning: (callId) => local.hasCall(callId) || directory.isListed(callId),
    answer: (question) => (isCommandQuestion(question) ? answerCommand(local, question) : undefined),
    close() {
      conversations?.close();
      welcoming.cancel();
      for (const off of [offDesks, offGone, ...offNodes]) off();
      local.close();
      directory.close();
    },
  };
}
