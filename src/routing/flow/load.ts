// From the YAML text of a flow to a Flow, or to the list of its mistakes. Pure: the caller reads the file.
// The format is schema.ts, reading with positions shared/yaml/yaml-reader.ts, and what must hold between nodes checks.ts.

import { createHash } from 'node:crypto';
import { byPlace, readYaml, type YamlPath } from '../../shared/yaml/yaml-reader.ts';
import { checkFlow, type KnownNames } from './checks.ts';
import type { Flow, FlowNode, FlowProblem, Say } from './flow.ts';
import { type FlowFields, FlowFileSchema, hangUpName, type NodeFields, repeatName, type SayFields } from './schema.ts';

export type ParsedFlow = { ok: true; flow: Flow; problems: FlowProblem[] } | { ok: false; problems: FlowProblem[] };

/** Reads and checks; warnings alone do not make it fail. Never throws. */
export function parseFlow(yaml: string, file: string, known: KnownNames): ParsedFlow {
  const reading = readYaml(yaml, file, FlowFileSchema, ownerOf);
  const fields = (reading.value ?? undefined) as FlowFields | undefined;
  if (fields) checkFlow(fields, listed(known), reading);
  const problems = reading.problems.sort(byPlace);
  if (!fields || problems.some((problem) => problem.severity === 'error')) return { ok: false, problems };
  return { ok: true, flow: flowFrom(fields, yaml, file), problems };
}

/** Iterators such as `map.keys()` can be read once only. */
function listed(known: KnownNames): KnownNames {
  return Object.fromEntries(Object.entries(known).map(([what, names]) => [what, names && [...names]]));
}

function ownerOf(path: YamlPath): string | undefined {
  return path[0] === 'nodes' && path[1] !== undefined ? `node "${path[1]}"` : undefined;
}

function flowFrom(fields: FlowFields, yaml: string, file: string): Flow {
  const nodes = new Map<string, FlowNode>();
  for (const [name, node] of Object.entries(fields.nodes ?? {})) nodes.set(name, nodeFrom(name, node));
  nodes.set(hangUpName, { kind: 'hangup', say: null });
  return {
    id: fields.flow!,
    version: createHash('sha256').update(yaml).digest('hex').slice(0, 12),
    language: fields.language ?? 'ja',
    parameters: [],
    start: fields.start!,
    nodes,
    file,
  };
}

/** Only for fields without errors, so what the schema requires is there. */
function nodeFrom(name: string, node: NodeFields): FlowNode {
  const next = node.next ?? hangUpName;
  if (node.say) return { kind: 'say', say: sayFrom(node.say), next };
  if (node.play !== undefined) return { kind: 'say', say: { prompt: node.play }, next };
  if (node.menu) return menuFrom(name, node, sayFrom(node.menu));
  if (node.collect) return collectFrom(name, node, sayFrom(node.collect));
  if (node.reason !== undefined) return { kind: 'reason', reason: node.reason, next };
  if (node.hours !== undefined) {
    const closed = node.closed!;
    return { kind: 'hours', calendar: node.hours, open: node.open!, closed, holiday: closed, closure: closed };
  }
  if (node.queue !== undefined) return queueFrom(node, node.queue);
  if (node.transfer !== undefined) {
    return {
      kind: 'transfer',
      number: node.transfer.replaceAll('-', ''),
      ringTimeoutSeconds: node['ring-timeout-seconds'] ?? 30,
      onFailure: node['on-failure'] ?? hangUpName,
    };
  }
  const said = node['hang-up'];
  return { kind: 'hangup', say: said === undefined || said === true ? null : sayFrom(said) };
}

function menuFrom(name: string, node: NodeFields, say: Say): FlowNode {
  const onTimeout = node['on-timeout'] ?? hangUpName;
  const choices = Object.entries(node.choices ?? {});
  return {
    kind: 'menu',
    say,
    choices: Object.fromEntries(choices.map(([keys, target]) => [keys, target === repeatName ? name : target])),
    timeoutSeconds: node['timeout-seconds'] ?? 6,
    retries: node.retries ?? 2,
    onTimeout,
    onInvalid: node['on-invalid'] ?? onTimeout,
  };
}

function collectFrom(name: string, node: NodeFields, say: Say): FlowNode {
  const maxDigits = node['max-digits']!;
  return {
    kind: 'collect',
    say,
    variable: node.variable ?? name,
    minDigits: node['min-digits'] ?? maxDigits,
    maxDigits,
    terminator: node['end-key'] ?? '#',
    timeoutSeconds: node['timeout-seconds'] ?? 6,
    retries: node.retries ?? 2,
    next: node.next!,
    onFailure: node['on-failure'] ?? hangUpName,
  };
}

function queueFrom(node: NodeFields, queue: string): FlowNode {
  return {
    kind: 'queue',
    queue,
    priority: node.priority ?? 0,
    timeoutSeconds: node['timeout-seconds'] ?? null,
    skills: {},
    sticky: null,
    overflow: node['on-timeout'] === undefined ? {} : { timeout: node['on-timeout'] },
    announce: null,
    music: null,
    keys: {},
    comfort: node.comfort ? sayFrom(node.comfort) : null,
    comfortEverySeconds: node['comfort-every-seconds'] ?? 30,
  };
}

function sayFrom(fields: SayFields): Say {
  if ('prompt' in fields) return { prompt: fields.prompt };
  const say: Say = { ja: fields.ja };
  if (fields['ja-kana'] !== undefined) say.jaKana = fields['ja-kana'];
  if (fields.en !== undefined) say.en = fields.en;
  return say;
}
