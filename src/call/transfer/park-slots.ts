// Which park slots are free: a slot has one call, over all nodes, because a number that is said aloud in a room must mean one
// caller. A slot is claimed in the live state before it is said; while that is away each node goes by what it knows.

import type { CallId } from '../../shared/ids.ts';
import type { LiveState } from '../../store/live-state.ts';
import type { CallState, Centre } from '../call-state.ts';

export interface ParkSlots {
  /** The lowest slot that is free, now this call's; undefined: all are taken. */
  take(callId: CallId): Promise<string | undefined>;
  free(slot: string): void;
  close(): void;
}

export function createParkSlots({ count, live }: { count: number; live?: Pick<LiveState, 'map' | 'on'> }): ParkSlots {
  const here = new Map<string, CallId>();
  const everywhere = live?.map<CallId>('park-slots');
  const off = live?.on('declaredDead', () => {
    for (const [slot, callId] of here) everywhere?.put(slot, callId).catch(() => undefined);
  });
  return {
    async take(callId) {
      for (let number = 1; number <= count; number++) {
        const slot = String(number);
        if (here.has(slot) || everywhere?.get(slot)) continue;
        here.set(slot, callId);
        const owner = await everywhere?.claim(slot, callId).catch(() => undefined);
        if (owner === undefined) return slot;
        here.delete(slot);
      }
      return undefined;
    },
    free(slot) {
      here.delete(slot);
      everywhere?.remove(slot).catch(() => undefined);
    },
    close() {
      off?.();
    },
  };
}

/** The slot may be another's from now on. Who takes or ends the call says so. */
export function giveUpSlot({ parkSlots }: Pick<Centre, 'parkSlots'>, call: CallState): void {
  if (!call.parked) return;
  call.parked.timer.cancel();
  parkSlots.free(call.parked.slot);
  call.parked = undefined;
}
