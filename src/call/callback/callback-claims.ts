// Which of several nodes keeps the place of a customer who is called back: one of them, and another one when that one is gone.

import type { CallId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { LiveState } from '../../store/live-state.ts';

export interface CallbackClaims {
  /** False: another node has it, or nobody can say now. */
  claim(callId: CallId): Promise<boolean>;
  release(callId: CallId): void;
  /** The node that had one is gone. */
  onFreed(listener: () => void): void;
  /** Tells whichever node has it that it is over. */
  tellEnded(callId: CallId): void;
  onEnded(listener: (callId: CallId) => void): void;
}

/** A program that runs alone has them all. */
export function claimsOfOneNode(): CallbackClaims {
  let ended: (callId: CallId) => void = () => {};
  return {
    claim: async () => true,
    release: () => {},
    onFreed: () => {},
    tellEnded: (callId) => ended(callId),
    onEnded(listener) {
      ended = listener;
    },
  };
}

const topic = 'callback-ended';

export function claimsAmongNodes({ live, log }: { live: LiveState; log: Logger }): CallbackClaims {
  const map = live.map<true>('callbacks');
  const later = (what: string) => (err: unknown) =>
    log.warn({ err, what }, 'the other nodes learn of a call back later');
  return {
    claim: (callId) =>
      map.claim(callId, true).then(
        (owner) => owner === undefined,
        () => false,
      ),
    release: (callId) => void map.remove(callId).catch(later('released')),
    onFreed: (listener) =>
      void map.on('removed', ({ because }) => {
        if (because === 'owner-gone') listener();
      }),
    tellEnded: (callId) => void live.publish(topic, callId).catch(later('ended')),
    onEnded: (listener) => void live.subscribe(topic, (message) => listener(message as CallId)),
  };
}
