// What happens by itself at some time: leases, after-call work, standings that end, steps of relaxing, overflow. One heap for all,
// so that what is due comes in the order of time; what is due at the same time, in the order of its name: first who may have what
// (1), then who is absent (2), then whose clock runs out (3).

import { createIndexedHeap } from './indexed-heap.ts';
import type { Effort, Seat, Shelf, Waiting } from './line.ts';

/** `what` says whose time it is. A due thing is in the agenda while `at` is not null. */
export interface Due {
  at: number | null;
  readonly name: string;
  readonly what:
    | { kind: 'clock'; seat: Seat }
    | { kind: 'standing'; seat: Seat }
    | { kind: 'waiting'; waiting: Waiting }
    | { kind: 'absence'; shelf: Shelf };
}

export interface Agenda {
  first(): Due | undefined;
  set(due: Due, at: number | null): void;
}

export function createAgenda(effort: Effort): Agenda {
  const heap = createIndexedHeap<Due>((a, b) => {
    effort.comparisons += 1;
    return a.at! < b.at! || (a.at === b.at && a.name < b.name);
  });
  return {
    first: () => heap.first(),
    set(due, at) {
      heap.remove(due);
      due.at = at;
      if (at !== null) heap.add(due);
    },
  };
}
