// The call centre as one of several nodes: any node shows every desk and passes on every command; each call stays with the
// node that took it (docs/decisions/0040). Joins the shared queues, the directory of calls and the commands between nodes to a call
// centre (call-centre.ts) that otherwise works as if it were alone.

import type { CallId, NodeId } from '../../shared/ids.ts';
import type { LiveState } from '../../store/live-state.ts';
import { createCallCentre, type RunningCallCentre } from '../call-centre.ts';
import type { CallParts } from '../parts.ts';
import { createCallDirectory } from './call-directory.ts';
import { answerCommand, isCommandQuestion, withRemoteCalls } from './remote-commands.ts';
import { createSharedRunner, type SharedRunner } from './shared-runner.ts';

export interface ClusterCallCentre extends RunningCallCentre {
  readonly queuesMode: SharedRunner['mode'];
  callsByNode(): Map<NodeId, number>;
  /** Listed by any node that is there. */
  isCallRunning(callId: CallId): boolean;
  /** Answers what other nodes ask about calls; undefined: it was about something else. */
  answer(question: unknown): Promise<unknown> | undefined;
}

export interface ClusterNeeds {
  live: LiveState;
  /** Calls of a node that is gone, which nobody can continue: their records are to be ended. Told on every node. */
  onCallLost(callId: CallId, node: NodeId): void;
  aloneAfterMs?: number;
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

  const offDesks = parts.border.on('softphoneRegistered', ({ personId, nodeId }) => {
    if (nodeId === live.nodeId) queues?.deskIsHere(personId);
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
        hasCall: (callId) => directory.calls.has(callId),
        ...(needs.aloneAfterMs === undefined ? {} : { aloneAfterMs: needs.aloneAfterMs }),
      });
      return queues;
    },
    calls: directory.calls,
    callChanged: directory.changed,
    callElsewhere: (personId) => directory.callOf(personId)?.listed.desk ?? undefined,
    speaksFor,
  });

  return {
    ...local,
    ...withRemoteCalls(local, { live, log, nodeOf: directory.nodeOf }),
    agentOf: (callId) => local.agentOf(callId) ?? directory.agentOf(callId),
    get queuesMode() {
      return queues!.mode;
    },
    callsByNode: directory.countByNode,
    isCallRunning: (callId) => local.hasCall(callId) || directory.isListed(callId),
    answer: (question) => (isCommandQuestion(question) ? answerCommand(local, question) : undefined),
    close() {
      offDesks();
      local.close();
      directory.close();
    },
  };
}
