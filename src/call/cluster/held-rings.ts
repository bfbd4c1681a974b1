// Offers that wait. After the live state was away another node may still act by itself, or by an order that is lost, and ring a
// desk that this order gives to us. So nothing new rings until every other node has been heard again, or can do so no more.

import type { AcdEffect } from '../../routing/acd/acd.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { NodeId } from '../../shared/ids.ts';

type Offer = Extract<AcdEffect, { kind: 'offer' }>;

export interface HeldRings {
  /** Nothing rings until all of these are heard or `forMs` have passed. */
  begin(hold: { nodes: Iterable<NodeId>; forMs: number }): void;
  /** True: it waits, and `ring` gets it later. */
  keep(offer: Offer): boolean;
  /** The node goes by the order again, or is gone by it. */
  heard(node: NodeId): void;
  /** Gives out what need not wait any more. */
  look(): void;
  forget(): void;
  close(): void;
}

export function createHeldRings(needs: {
  clock: Clock;
  /** Whether it may be given out now; otherwise it is asked again at the next `look`. */
  mayRing(): boolean;
  ring(offer: Offer): void;
}): HeldRings {
  const { clock, mayRing, ring } = needs;
  let missing = new Set<NodeId>();
  let held: Offer[] = [];
  let timer: Timer | undefined;

  function look(): void {
    if (missing.size > 0 || !mayRing()) return;
    const due = held;
    held = [];
    for (const offer of due) ring(offer);
  }

  return {
    begin({ nodes, forMs }) {
      timer?.cancel();
      missing = new Set(forMs > 0 ? nodes : []);
      if (missing.size === 0) return;
      timer = clock.after(forMs, () => {
        missing.clear();
        look();
      });
    },
    keep(offer) {
      if (missing.size === 0) return false;
      const same = ({ callId, personId }: Offer) => callId === offer.callId && personId === offer.personId;
      held = [...held.filter((one) => !same(one)), offer];
      return true;
    },
    heard(node) {
      if (missing.delete(node)) look();
    },
    look,
    forget() {
      held = [];
    },
    close() {
      timer?.cancel();
    },
  };
}
