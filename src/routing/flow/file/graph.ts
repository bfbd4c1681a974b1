// The ways through a flow: where each node leads, what can be reached, where one goes round in circles.
// Works on the fields as written, so that checks.ts can point at the line.

import { hangUpName, type NodeFields, repeatName } from './schema.ts';

/** One way out of a node: the path of the key that says so, within the node, and the node it leads to. */
export interface Way {
  at: readonly string[];
  to: string;
  /** Taken when the caller does nothing at all. */
  silent: boolean;
  /** Can be taken at once, so that a circle of such ways would turn without end. */
  instant: boolean;
}

/** Keys whose value is the name of a node. */
const targetKeys = [
  ...['next', 'open', 'closed', 'holiday', 'closure', 'found', 'not-found', 'verified', 'not-verified', 'else'],
  ...['on-timeout', 'on-invalid', 'on-failure', 'on-nothing', 'on-full', 'on-nobody', 'on-empty'],
] as const;
/** Keys whose value is a record with names of nodes as values. */
const targetRecords = ['choices', 'keys', 'cases', 'returns'] as const;
/** Somebody has to have done something, or some time has passed. */
const slowKeys = new Set(['on-invalid', 'on-empty', 'on-nothing', 'verified', 'not-verified']);
const slowRecords = new Set(['choices', 'keys', 'returns']);

/** `repeat` and `hang-up` included, under these names. What is not written leads to hang-up by default. */
export function waysOf(node: NodeFields): Way[] {
  const ways: Way[] = [];
  for (const key of targetKeys) {
    const to = node[key];
    if (to !== undefined) ways.push({ at: [key], to, silent: isSilent(node, key), instant: isInstant(node, key) });
  }
  for (const record of targetRecords) {
    const slow = slowRecords.has(record);
    for (const [key, to] of Object.entries(node[record] ?? {})) {
      ways.push({ at: [record, key], to, silent: !slow, instant: !slow });
    }
  }
  for (const to of Object.keys(node.phrases ?? {}))
    ways.push({ at: ['phrases', to], to, silent: false, instant: false });
  for (const [at, { go }] of (node.when ?? []).entries()) {
    if (go !== undefined) ways.push({ at: ['when', String(at), 'go'], to: go, silent: true, instant: true });
  }
  return ways;
}

function isSilent(node: NodeFields, key: (typeof targetKeys)[number]): boolean {
  if (key === 'on-invalid' || key === 'verified') return false;
  if (node.queue !== undefined || node.transfer !== undefined || node['sub-flow'] !== undefined) return false;
  return !(key === 'next' && (node.collect || node.callback !== undefined || node.voicemail !== undefined));
}

function isInstant(node: NodeFields, key: (typeof targetKeys)[number]): boolean {
  if (!waits(node)) return true;
  if (slowKeys.has(key) || key === 'on-timeout' || key === 'next') return false;
  // A collect fails by silence, a transfer by ringing in vain.
  return key !== 'on-failure' || Boolean(node.listen || node.verify !== undefined);
}

/** The same node with other names of nodes in it. */
export function retargeted(node: NodeFields, rename: (to: string) => string): NodeFields {
  const made: Record<string, unknown> = { ...node };
  const named = (to: string) => (to === hangUpName || to === repeatName ? to : rename(to));
  const renamedValues = (record: Record<string, string>) =>
    Object.fromEntries(Object.entries(record).map(([key, to]) => [key, named(to)]));
  for (const key of targetKeys) if (node[key] !== undefined) made[key] = named(node[key]);
  for (const key of targetRecords) if (node[key]) made[key] = renamedValues(node[key]);
  if (node.phrases) {
    made['phrases'] = Object.fromEntries(Object.entries(node.phrases).map(([to, words]) => [named(to), words]));
  }
  if (node.when) made['when'] = node.when.map((way) => ({ ...way, go: named(way.go) }));
  return made;
}

/** The caller, or somebody for the caller, has to do something here: no hurry, and no loop by itself. */
export function waits(node: NodeFields): boolean {
  if (node.menu || node.collect || node.listen) return true;
  const names = [node.verify, node.queue, node.callback, node.voicemail, node.transfer, node['sub-flow']];
  return names.some((name) => name !== undefined);
}

/** The call may end here, or be with a person, or go back to the flow that called this one. */
export function ends(node: NodeFields): boolean {
  const asks = node.menu !== undefined || node.collect !== undefined || node.callback !== undefined;
  const gives = node.menu ? 'on-timeout' : 'on-failure';
  // Without a branch of its own, a menu or collect hangs up at last.
  if (asks && node[gives] === undefined) return true;
  if (node.voicemail !== undefined && node.next === undefined) return true;
  return [node.queue, node.transfer, node['hang-up'], node.return].some((one) => one !== undefined);
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
