// All timers of all transactions behind one timer of the clock. A transaction that moves its deadline costs an assignment;
// one that ends costs nothing: entries are sorted into slots and looked at again when their slot comes.
// Precision is one slot: 10 ms for what is due within a second, 100 ms for the rest. Always late, never early.

import type { Clock, Timer } from '../../../shared/clock.ts';

export interface Timed {
  /** When to call `onDeadline`; undefined: not any more. Written by `Deadlines.set`. */
  deadlineMs: number | undefined;
  /** The slot in which it waits; belongs to Deadlines. */
  slot: number | undefined;
  onDeadline(nowMs: number): void;
}

export interface Deadlines {
  set(timed: Timed, deadlineMs: number | undefined): void;
  close(): void;
}

const slotMs = 10;
/** Deadlines further away share slots, so that a quiet server is not woken a hundred times a second to forget transactions. */
const farMs = 1000;
const farSlots = 10;

export function createDeadlines(clock: Clock): Deadlines {
  const slots = new Map<number, Timed[]>();
  /** Slot numbers in use, as a binary heap. */
  const heap: number[] = [];
  let armed: { slot: number; timer: Timer } | undefined;
  let closed = false;

  function set(timed: Timed, deadlineMs: number | undefined): void {
    timed.deadlineMs = deadlineMs;
    if (deadlineMs === undefined || closed) return;
    let slot = Math.ceil(deadlineMs / slotMs);
    if (deadlineMs - clock.now() > farMs) slot = Math.ceil(slot / farSlots) * farSlots;
    // Waiting in an earlier slot already: it will be sorted in again from there.
    if (timed.slot !== undefined && timed.slot <= slot) return;
    timed.slot = slot;
    const list = slots.get(slot);
    if (list) {
      list.push(timed);
      return;
    }
    slots.set(slot, [timed]);
    push(heap, slot);
    arm();
  }

  function arm(): void {
    const first = heap[0];
    if (first === undefined || (armed && armed.slot <= first)) return;
    armed?.timer.cancel();
    armed = { slot: first, timer: clock.after(Math.max(0, first * slotMs - clock.now()), tick) };
  }

  function tick(): void {
    armed = undefined;
    const now = clock.now();
    const due = Math.floor(now / slotMs);
    while (heap.length > 0 && heap[0]! <= due) {
      const slot = pop(heap);
      const list = slots.get(slot) ?? [];
      slots.delete(slot);
      for (const timed of list) fire(timed, slot, now);
    }
    arm();
  }

  function fire(timed: Timed, slot: number, now: number): void {
    if (timed.slot !== slot) return;
    timed.slot = undefined;
    const { deadlineMs } = timed;
    if (deadlineMs === undefined) return;
    if (deadlineMs > now) set(timed, deadlineMs);
    else {
      timed.deadlineMs = undefined;
      timed.onDeadline(now);
    }
  }

  return {
    set,
    close() {
      closed = true;
      armed?.timer.cancel();
      slots.clear();
      heap.length = 0;
    },
  };
}

function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
