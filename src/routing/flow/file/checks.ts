// What must hold in a flow beyond its format: every name exists (checks-names.ts), sub-flows fit (checks-sub-flows.ts), every node
// can be reached and left, no caller is led round in circles. Reports sentences at the place where they are to be mended.

import { nearest } from '../../../shared/nearest.ts';
import type { YamlPath, YamlReading } from '../../../shared/yaml/yaml-reader.ts';
import { checkNames, checkTexts } from './checks-names.ts';
import { checkSubFlows } from './checks-sub-flows.ts';
import { checkVariables } from './checks-variables.ts';
import { circles, ends, reachable, waysOf } from './graph.ts';
import type { KnownNames } from './known-names.ts';
import { type WholeFlow, withParts } from './parts.ts';
import { type FlowFields, hangUpName, type NodeFields, type PartFields, repeatName } from './schema.ts';

type Report = YamlReading['report'];
type Nodes = ReadonlyMap<string, NodeFields>;

export function checkFlow(fields: FlowFields, known: KnownNames, reading: YamlReading): void {
  const { report, problems } = reading;
  const own = new Map(Object.entries(fields.nodes ?? {}));
  const brokenBefore = problems.some((problem) => problem.severity === 'error');
  const whole = withParts(fields, known.parts);
  checkIncludes(fields, known, report);
  checkEachNode(own, whole, known, reading, spokenIn(fields));
  if (fields.start !== undefined) checkTarget(['start'], fields.start, [...namesIn(reading, whole)], report);
  checkSubFlows(fields, own, known, report);
  checkVariables(fields, own, whole.texts, known, report);
  // Ways are only told when all of them are known.
  if (brokenBefore || problems.some((problem) => problem.severity === 'error')) return;
  checkWays(fields.start!, own, whole.nodes, report);
}

/** A part alone: whether its nodes can be reached is up to the flows that include it. */
export function checkPart(fields: PartFields, known: KnownNames, reading: YamlReading): void {
  const own = new Map(Object.entries(fields.nodes ?? {}));
  const whole: WholeFlow = { nodes: own, texts: new Map(Object.entries(fields.texts ?? {})) };
  checkEachNode(own, whole, known, reading, { language: 'ja', always: ['ja'] });
  if (reading.problems.some((problem) => problem.severity === 'error')) return;
  const edges = edgesOf(own);
  checkCircles(new Set(own.keys()), edges, reading.report);
}

interface Spoken {
  language: 'ja' | 'en';
  /** Languages that are spoken for certain: what is missing in them is an error. */
  always: readonly ('ja' | 'en')[];
}

function spokenIn(fields: FlowFields): Spoken {
  const language = fields.language ?? 'ja';
  const changes = Object.values(fields.nodes ?? {}).flatMap((node) => (node.language ? [node.language] : []));
  return { language, always: [...new Set([language, ...changes])] };
}

/** Names written in the file, those of nodes that could not be read included, so that one mistake is not told twice. */
function namesIn(reading: YamlReading, whole: WholeFlow): Set<string> {
  return new Set([...reading.keysAt(['nodes']), ...whole.nodes.keys()]);
}

function checkEachNode(own: Nodes, whole: WholeFlow, known: KnownNames, reading: YamlReading, spoken: Spoken): void {
  const { report } = reading;
  const names = namesIn(reading, whole);
  for (const reserved of [hangUpName, repeatName]) {
    if (!names.has(reserved)) continue;
    report('error', ['nodes', reserved], `"${reserved}" has a meaning of its own; give the node another name`, 'key');
  }
  for (const [name, node] of own) {
    for (const way of waysOf(node)) {
      const also = way.at[0] === 'choices' ? [hangUpName, repeatName] : [hangUpName];
      const all = [...names, ...also];
      checkTarget(['nodes', name, ...way.at], way.to, all, report, way.at[0] === 'phrases' ? 'key' : 'value');
    }
    checkNames(name, node, known, whole.texts, spoken.always, report);
    checkTexts(name, node, spoken.always, report);
    if (!reading.brokenAt(['nodes', name])) checkBranches(name, node, report);
  }
}

function checkTarget(path: YamlPath, to: string, names: readonly string[], report: Report, where?: 'key' | 'value') {
  if (names.includes(to)) return;
  report('error', path, `there is no node "${to}"${hint(to, names)}`, where);
}

function checkIncludes(fields: FlowFields, known: KnownNames, report: Report): void {
  if (known.parts === undefined) return;
  for (const [at, name] of (fields.include ?? []).entries()) {
    if (known.parts.has(name)) continue;
    report('error', ['include', String(at)], `there is no part "${name}"${hint(name, [...known.parts.keys()])}`);
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
  if (node['max-digits'] !== undefined && (node['min-digits'] ?? 0) > node['max-digits']) {
    report('error', [...path, 'min-digits'], '"min-digits" is larger than "max-digits"');
  }
  for (const [at, way] of (node.when ?? []).entries()) {
    if (Object.keys(way.if ?? {}).length + Object.keys(way.unless ?? {}).length > 0) continue;
    report('warning', [...path, 'when', String(at)], 'this way is always taken; say when with "if" or "unless"');
  }
  checkChoices(path, node, report);
}

function checkChoices(path: YamlPath, node: NodeFields, report: Report): void {
  const choices = Object.keys(node.choices ?? {});
  for (const short of choices) {
    const long = choices.find((other) => other !== short && other.startsWith(short));
    if (long === undefined) continue;
    const message = `"${short}" is also the beginning of "${long}", so it is only taken after the time-out`;
    report('warning', [...path, 'choices', short], message, 'key');
  }
}

type Edges = (name: string, only?: 'all' | 'silent' | 'instant') => string[];

function edgesOf(nodes: Nodes): Edges {
  return (name, only = 'all') => {
    const ways = waysOf(nodes.get(name) ?? {}).filter((way) => only === 'all' || way[only]);
    return ways.map((way) => (way.to === repeatName ? name : way.to)).filter((to) => nodes.has(to));
  };
}

function checkWays(start: string, own: Nodes, nodes: Nodes, report: Report): void {
  const edges = edgesOf(nodes);
  const reached = reachable([start], edges);
  for (const name of own.keys()) {
    if (!reached.has(name)) report('warning', ['nodes', name], 'no way leads here', 'key');
  }
  checkCircles(reached, edges, report);
  checkWayOut(reached, nodes, edges, report);
  checkReasonBeforeQueue(start, nodes, edges, report);
}

function checkCircles(reached: ReadonlySet<string>, edges: Edges, report: Report): void {
  const told = new Set<string>();
  for (const circle of circles(reached, (name) => edges(name, 'instant'))) {
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

function checkWayOut(reached: ReadonlySet<string>, nodes: Nodes, edges: Edges, report: Report): void {
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
function checkReasonBeforeQueue(start: string, nodes: Nodes, edges: Edges, report: Report): void {
  // A sub-flow may set the reason, and so may a lookup.
  const mayState = (node: NodeFields | undefined) =>
    node?.reason !== undefined || node?.['reason-from'] !== undefined || node?.['sub-flow'] !== undefined;
  const withoutReason = reachable([start], (name) => (mayState(nodes.get(name)) ? [] : edges(name)));
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
