// What must hold in a flow beyond its format: every name exists, every node can be reached and left, no caller is led round
// in circles, and what is said can be said in both languages. Reports sentences at the place where they are to be mended.

import { nearest } from '../../shared/nearest.ts';
import type { YamlPath, YamlReading } from '../../shared/yaml/yaml-reader.ts';
import { circles, ends, reachable, waits, waysOf } from './graph.ts';
import { type FlowFields, hangUpName, type NodeFields, repeatName, type SayFields } from './schema.ts';

/** Names that a flow may use. What is absent is not checked, such as prompts where only a file is at hand. */
export interface KnownNames {
  queues?: Iterable<string>;
  reasons?: Iterable<string>;
  prompts?: Iterable<string>;
  calendars?: Iterable<string>;
}

type Report = YamlReading['report'];

export function checkFlow(fields: FlowFields, known: KnownNames, reading: YamlReading): void {
  const { report, problems } = reading;
  // Names written in the file, those of nodes that could not be read included, so that one mistake is not told twice.
  const nodes = new Map(Object.entries(fields.nodes ?? {}));
  const brokenBefore = problems.some((problem) => problem.severity === 'error');
  const names = new Set(reading.keysAt(['nodes']));
  checkReservedNames(names, report);
  checkTargets(fields, nodes, names, report);
  for (const [name, node] of nodes) {
    checkReferences(name, node, known, report);
    checkTexts(name, node, fields.language ?? 'ja', report);
    if (!reading.brokenAt(['nodes', name])) checkBranches(name, node, report);
  }
  // Ways are only told when all of them are known.
  if (brokenBefore || problems.some((problem) => problem.severity === 'error')) return;
  checkWays(fields.start!, nodes, report);
}

function checkReservedNames(names: ReadonlySet<string>, report: Report): void {
  for (const name of [hangUpName, repeatName]) {
    if (!names.has(name)) continue;
    report('error', ['nodes', name], `"${name}" has a meaning of its own; give the node another name`, 'key');
  }
}

function checkTargets(
  fields: FlowFields,
  nodes: ReadonlyMap<string, NodeFields>,
  names: ReadonlySet<string>,
  report: Report,
): void {
  const check = (path: YamlPath, to: string, also: string[]) => {
    if (names.has(to) || also.includes(to)) return;
    report('error', path, `there is no node "${to}"${hint(to, [...names, ...also])}`);
  };
  if (fields.start !== undefined) check(['start'], fields.start, []);
  for (const [name, node] of nodes) {
    for (const way of waysOf(node)) {
      const also = way.at[0] === 'choices' ? [hangUpName, repeatName] : [hangUpName];
      check(['nodes', name, ...way.at], way.to, also);
    }
  }
}

function checkReferences(name: string, node: NodeFields, known: KnownNames, report: Report): void {
  const check = (what: string, path: string[], value: string | undefined, all: Iterable<string> | undefined) => {
    if (value === undefined || all === undefined) return;
    const list = [...all];
    if (list.includes(value)) return;
    report('error', ['nodes', name, ...path], `there is no ${what} "${value}"${hint(value, list)}`);
  };
  check('queue', ['queue'], node.queue, known.queues);
  check('reason', ['reason'], node.reason, known.reasons);
  check('calendar', ['hours'], node.hours, known.calendars);
  check('prompt', ['play'], node.play, known.prompts);
  for (const [key, say] of saysOf(node)) {
    if ('prompt' in say) check('prompt', [key, 'prompt'], say.prompt, known.prompts);
  }
}

function saysOf(node: NodeFields): [string, SayFields][] {
  const says: [string, SayFields | undefined][] = [
    ['say', node.say],
    ['menu', node.menu],
    ['collect', node.collect],
    ['comfort', node.comfort],
    ['hang-up', node['hang-up'] === true ? undefined : node['hang-up']],
  ];
  return says.flatMap(([key, say]) => (say ? [[key, say]] : []));
}

function checkTexts(name: string, node: NodeFields, language: 'ja' | 'en', report: Report): void {
  for (const [key, say] of saysOf(node)) {
    const path = ['nodes', name, key];
    // The Japanese itself is required by the format.
    if ('prompt' in say || say.ja === undefined) continue;
    if (say.en === undefined) {
      const severity = language === 'en' ? 'error' : 'warning';
      report(severity, path, `"${key}" has no English text ("en")`, 'key');
    }
    if (/\p{Script=Han}/u.test(say['ja-kana'] ?? '')) {
      report('warning', [...path, 'ja-kana'], 'the reading contains kanji; write it in kana');
    }
  }
}

function checkBranches(name: string, node: NodeFields, report: Report): void {
  const path = ['nodes', name];
  if (node.queue !== undefined) {
    if (node['timeout-seconds'] !== undefined && node['on-timeout'] === undefined) {
      report('error', path, '"timeout-seconds" needs "on-timeout": where does the caller go then?', 'key');
    }
    if (node['on-timeout'] !== undefined && node['timeout-seconds'] === undefined) {
      report('warning', [...path, 'on-timeout'], '"on-timeout" never happens without "timeout-seconds"', 'key');
    }
  }
  if (node.collect && (node['min-digits'] ?? 0) > (node['max-digits'] ?? Infinity)) {
    report('error', [...path, 'min-digits'], '"min-digits" is larger than "max-digits"');
  }
  const choices = Object.keys(node.choices ?? {});
  for (const short of choices) {
    const long = choices.find((other) => other !== short && other.startsWith(short));
    if (long === undefined) continue;
    const message = `"${short}" is also the beginning of "${long}", so it is only taken after the time-out`;
    report('warning', [...path, 'choices', short], message, 'key');
  }
}

function checkWays(start: string, nodes: ReadonlyMap<string, NodeFields>, report: Report): void {
  const edges = (name: string, only: 'all' | 'silent' = 'all'): string[] => {
    const node = nodes.get(name);
    if (!node) return [];
    const ways = waysOf(node).filter((way) => only === 'all' || way.silent);
    return ways.map((way) => (way.to === repeatName ? name : way.to)).filter((to) => nodes.has(to));
  };
  const reached = reachable([start], edges);
  for (const name of nodes.keys()) {
    if (!reached.has(name)) report('warning', ['nodes', name], 'no way leads here', 'key');
  }
  checkCircles(reached, nodes, edges, report);
  checkWayOut(reached, nodes, edges, report);
  checkReasonBeforeQueue(start, nodes, edges, report);
}

type Edges = (name: string, only?: 'all' | 'silent') => string[];

function checkCircles(
  reached: ReadonlySet<string>,
  nodes: ReadonlyMap<string, NodeFields>,
  edges: Edges,
  report: Report,
): void {
  const hasty = (name: string) => !waits(nodes.get(name)!);
  const told = new Set<string>();
  for (const circle of circles([...reached].filter(hasty), (name) => edges(name).filter(hasty))) {
    for (const name of circle) told.add(name);
    const round = [...circle, circle[0]].join(' → ');
    report('error', ['nodes', circle[0]!], `goes round in circles without waiting for the caller: ${round}`, 'key');
  }
  for (const circle of circles(reached, (name) => edges(name, 'silent'))) {
    if (circle.some((name) => told.has(name))) continue;
    const round = [...circle, circle[0]].join(' → ');
    report('warning', ['nodes', circle[0]!], `a caller who keys nothing goes round for ever: ${round}`, 'key');
  }
}

function checkWayOut(
  reached: ReadonlySet<string>,
  nodes: ReadonlyMap<string, NodeFields>,
  edges: Edges,
  report: Report,
): void {
  const back = new Map<string, string[]>();
  const exits: string[] = [];
  for (const name of reached) {
    for (const to of edges(name)) back.set(to, [...(back.get(to) ?? []), name]);
    const node = nodes.get(name)!;
    if (ends(node) || waysOf(node).some((way) => way.to === hangUpName)) exits.push(name);
  }
  const out = reachable(exits, (name) => back.get(name) ?? []);
  const trapped = [...reached].filter((name) => !out.has(name));
  if (trapped[0] === undefined) return;
  const message = 'no way leads from here to a queue, a transfer or the end of the call';
  report('error', ['nodes', trapped[0]], message, 'key');
}

/** A call without a reason is handled as the strictest class: allowed, but seldom meant. */
function checkReasonBeforeQueue(
  start: string,
  nodes: ReadonlyMap<string, NodeFields>,
  edges: Edges,
  report: Report,
): void {
  const withoutReason = reachable([start], (name) => (nodes.get(name)?.reason === undefined ? edges(name) : []));
  for (const name of withoutReason) {
    if (nodes.get(name)?.queue === undefined) continue;
    const message =
      'a caller can come here without a reason, and is then only offered to agents cleared for everything';
    report('warning', ['nodes', name], message, 'key');
  }
}

function hint(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near ? `; did you mean "${near}"?` : '';
}
