// The ways through a flow: where each node leads, what can be reached, where one goes round in circles.
// Works on the fields as written, so that checks.ts can point at the line.

import type { NodeFields } from './schema.ts';

/** One way out of a node: the path of the key that says so, within the node, and the node it leads to. */
export interface Way {
  at: readonly string[];
  to: string;
  /** Taken when the caller does nothing at all. */
  silent: boolean;
}

/** `repeat` and `hang-up` included, under these names. What is not written leads to hang-up by default. */
export function waysOf(node: NodeFields): Way[] {
  const ways: Way[] = [];
  const add = (key: 'next' | 'on-timeout' | 'on-invalid' | 'on-failure' | 'open' | 'closed', silent: boolean) => {
    const to = node[key];
    if (to !== undefined) ways.push({ at: [key], to, silent });
  };
  add('next', node.collect === undefined);
  add('open', true);
  add('closed', true);
  add('on-timeout', node.queue === undefined);
  add('on-invalid', false);
  add('on-failure', node.transfer === undefined);
  for (const [keys, to] of Object.entries(node.choices ?? {})) ways.push({ at: ['choices', keys], to, silent: false });
  return ways;
}

/** The caller, or somebody for the caller, has to do something here: no hurry, and no loop by itself. */
export function waits(node: NodeFields): boolean {
  return Boolean(node.menu || node.collect || node.queue !== undefined || node.transfer !== undefined);
}

/** The call may end here, or be with a person. */
export function ends(node: NodeFields): boolean {
  const asks = node.menu !== undefined || node.collect !== undefined;
  const gives = node.menu ? 'on-timeout' : 'on-failure';
  // Without a branch of its own, a menu or collect hangs up at last.
  if (asks && node[gives] === undefined) return true;
  return node.queue !== undefined || node.transfer !== undefined || node['hang-up'] !== undefined;
}

/** Everything that can be reached from these, themselves included. */
export function reachable(from: Iterable<string>, edges: (name: string) => Iterable<string>): Set<string> {
  const seen = new Set(from);
  for (const name of seen) for (const to of edges(name)) seen.add(to);
  return seen;
}

/** The shortest way from the first of a group back to itself, within the group. */
function roundFrom(group: readonly string[], edges: (name: string) => readonly string[]): string[] {
  const inside = new Set(group);
  const start = group[0]!;
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const name of queue) {
    for (const to of edges(name)) {
      if (to === start) {
        const round = [name];
        while (round[0] !== start) round.unshift(cameFrom.get(round[0]!)!);
        return round;
      }
      if (!inside.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, name);
      queue.push(to);
    }
  }
  return [...group];
}

/** One circle for each group of nodes that can be reached from each other (Tarjan), without recursion. */
export function circles(names: Iterable<string>, edges: (name: string) => readonly string[]): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  for (const root of names) {
    if (order.has(root)) continue;
    const work: { name: string; next: number }[] = [];
    const enter = (name: string) => {
      order.set(name, order.size);
      low.set(name, order.get(name)!);
      open.push(name);
      isOpen.add(name);
      work.push({ name, next: 0 });
    };
    enter(root);
    for (let top = work.at(-1); top; top = work.at(-1)) {
      const { name } = top;
      const to = edges(name)[top.next++];
      if (to !== undefined) {
        if (!order.has(to)) enter(to);
        else if (isOpen.has(to)) low.set(name, Math.min(low.get(name)!, order.get(to)!));
        continue;
      }
      work.pop();
      const below = work.at(-1);
      if (below) low.set(below.name, Math.min(low.get(below.name)!, low.get(name)!));
      if (low.get(name) !== order.get(name)) continue;
      const group = open.splice(open.indexOf(name));
      for (const member of group) isOpen.delete(member);
      if (group.length > 1 || edges(name).includes(name)) found.push(roundFrom(group, edges));
    }
  }
  return found;
}
