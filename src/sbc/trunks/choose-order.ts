// The order in which to try equals: by priority, and inside one priority a random draw by weight (as RFC 2782 has it for
// SRV). What is known to be down goes last, not away: our knowledge may be old. Pure.

import type { Random } from '../../shared/random.ts';

export interface Choice {
  priority: number;
  weight: number;
  up: boolean;
}

export function chooseOrder<T>(items: readonly T[], choiceOf: (item: T) => Choice, random: Random): T[] {
  const rows = items.map((item) => ({ item, ...choiceOf(item) }));
  const priorities = [...new Set(rows.map((row) => row.priority))].sort((a, b) => a - b);
  const drawn = priorities.flatMap((priority) =>
    draw(
      rows.filter((row) => row.priority === priority),
      random,
    ),
  );
  return [...drawn.filter((row) => row.up), ...drawn.filter((row) => !row.up)].map((row) => row.item);
}

function draw<T extends { weight: number }>(rows: T[], random: Random): T[] {
  const left = [...rows];
  const order: T[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, row) => sum + row.weight, 0);
    const point = total === 0 ? 0 : random.integer(0, total);
    let passed = 0;
    const index = left.findIndex(({ weight }) => {
      passed += weight;
      return point < passed;
    });
    order.push(...left.splice(Math.max(0, index), 1));
  }
  return order;
}
