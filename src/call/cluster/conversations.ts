// The conversations of this node as others could go on with them, in live.map('conversations'), sealed; and those of a node that has
// gone, which are claimed by one of the others (docs/decisions/0043). An entry is there exactly while two talk on a media server that
// outlives this program; what is merely cut off from the live state still answers at its address, and keeps what it has.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TextSealer } from '../../privacy/seal-text.ts';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { CallId, NodeId, PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LiveState } from '../../store/live-state.ts';
import type { CallState, Centre } from '../call-state.ts';
import { tell } from '../parts.ts';
import { adoptConversation, type ConversationFacts, conversationFacts, letGoOf } from './adopt.ts';

interface KeptConversation {
  sealed: string;
  /** What the order of the queues calls it. */
  asCall: CallId;
  /** Where its node answers `/healthz`. */
  url: string | null;
}

export interface ConversationsNeeds {
  live: LiveState;
  clock: Clock;
  log: Logger;
  sealer: TextSealer;
  centre(): Centre;
  /** The order is told whose call it is now; false: it does not know of it. */
  adopted(asCall: CallId): Promise<boolean>;
  /** Nobody can go on with it. */
  lost(callId: CallId, asCall: CallId, node: NodeId): void;
}

export interface Conversations {
  /** This desk shows something new: what is kept of its conversation may be another. */
  deskChanged(personId: PersonId): void;
  /** Conversations of this node, gone or not, that another one could go on with. */
  adoptable(node: NodeId): CallId[];
  close(): void;
}

/** What nobody is told of: a dialog renegotiated, a recording begun. */
const lookEveryMs = 2000;
const answersWithinMs = 1500;
/** A node that is cut off from the live state alone is asked again whether it is still there. */
const askAgainMs = 2000;

export function createConversations(needs: ConversationsNeeds): Conversations {
  const { live, clock, log, sealer } = needs;
  const map = live.map<KeptConversation>('conversations');
  const kept = new Map<CallId, { text: string; asCall: CallId; personId: PersonId }>();
  let closed = false;

  const about = (callId: CallId) => `conversation ${callId}`;
  const ownUrl = () => live.nodes().find(({ nodeId }) => nodeId === live.nodeId)?.facts['url'] ?? null;
  const failed = (what: string) => (thrown: unknown) => log.debug({ err: asError(thrown) }, what);

  function keep(call: CallState): void {
    const facts = conversationFacts(call);
    if (!facts) return forget(call.id);
    const text = JSON.stringify(facts);
    if (kept.get(call.id)?.text === text) return;
    const { personId, asCall } = facts.agent;
    kept.set(call.id, { text, asCall, personId });
    put(call.id, { text, asCall });
  }

  function put(callId: CallId, { text, asCall }: { text: string; asCall: CallId }): void {
    const value = { sealed: sealer.seal(text, about(callId)), asCall, url: ownUrl() };
    // While the live state is away the maker keeps it, and puts it again.
    map.put(callId, value, { keepOrphan: true }).catch(failed('a conversation is kept later'));
  }

  function forget(callId: CallId): void {
    if (kept.delete(callId)) map.remove(callId).catch(failed('a conversation is forgotten later'));
  }

  function look(): void {
    const { calls } = needs.centre();
    for (const callId of [...kept.keys()]) if (!calls.has(callId)) forget(callId);
    for (const call of calls.values()) if (call.phase === 'talking' || kept.has(call.id)) keep(call);
  }

  // --- of a node that has gone

  async function claim(callId: CallId, value: KeptConversation, owner: NodeId): Promise<void> {
    while (await stillThere(value.url, owner)) {
      log.warn({ callId, node: owner }, 'its node is cut off from the live state and still there: it keeps its call');
      await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve));
      if (closed || map.get(callId)?.orphan !== true) return;
    }
    if (closed || (await map.claim(callId, value, { keepOrphan: true })) !== undefined) return;
    const from = clock.now();
    const goesOn = await adopt(callId, value).catch((thrown: unknown) => {
      log.error({ err: asError(thrown), callId }, 'a conversation could not be adopted');
      return false;
    });
    if (!goesOn) {
      await map.remove(callId).catch(failed('an entry stays until its owner goes'));
      return needs.lost(callId, value.asCall, owner);
    }
    tell(needs.centre().parts, { type: 'call-adopted', callId, from: owner, to: live.nodeId });
    log.info(
      { callId, node: owner, tookMs: clock.now() - from },
      'a conversation of a node that has gone goes on here',
    );
    await needs.adopted(value.asCall);
    look();
  }

  async function adopt(callId: CallId, { sealed }: KeptConversation): Promise<boolean> {
    const text = sealer.open(sealed, about(callId));
    if (text === undefined) throw new Error('sealed by another vault key: give all nodes the same ENGAWA_VAULT_KEY');
    return adoptConversation(needs.centre(), callId, JSON.parse(text) as ConversationFacts);
  }

  /** This node hung, and others have gone on with what it had. What nobody has is still its own. */
  function takenForDead(): void {
    for (const [callId, before] of [...kept]) {
      const entry = map.get(callId);
      const call = needs.centre().calls.get(callId);
      if (entry && !entry.orphan && entry.owner !== live.nodeId) {
        kept.delete(callId);
        if (call) letGoOf(needs.centre(), call);
      } else put(callId, before);
    }
  }

  const begin = (callId: CallId, value: KeptConversation, owner: NodeId) => {
    claim(callId, value, owner).catch((thrown: unknown) => {
      log.warn({ err: asError(thrown), callId }, 'whether a conversation can go on is not known');
    });
  };
  const timer = clock.every(lookEveryMs, look);
  const offs = [
    live.on('declaredDead', takenForDead),
    map.on('orphaned', ({ key, value, owner }) => begin(key as CallId, value, owner)),
  ];
  for (const { key, value, owner, orphan } of map.entries()) if (orphan) begin(key as CallId, value, owner);

  return {
    deskChanged(personId) {
      const { calls } = needs.centre();
      for (const call of calls.values())
        if (call.agent?.personId === personId || kept.get(call.id)?.personId === personId) keep(call);
    },
    adoptable: (node) => map.entries().flatMap(({ value, owner }) => (owner === node ? [value.asCall] : [])),
    close() {
      closed = true;
      timer.cancel();
      for (const off of offs) off();
    },
  };
}

/** Whether that very program answers at its address. Nothing is told to it, so its certificate is not looked at. */
function stillThere(url: string | null, node: NodeId): Promise<boolean> {
  if (!url) return Promise.resolve(false);
  return new Promise((resolve) => {
    const target = new URL('/healthz', url);
    const ask = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const asked = ask(target, { rejectUnauthorized: false, timeout: answersWithinMs, agent: false }, (response) => {
      response.resume();
      resolve(response.headers['x-engawa-node'] === node);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
