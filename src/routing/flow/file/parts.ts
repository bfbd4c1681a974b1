// Parts: nodes and texts that several flows use (config/flows/parts/*.yaml). A flow that includes "common" has its nodes and
// texts as common.NAME. Nodes of a part lead to nodes of the same part, so that it can be checked by itself; what shall come back
// to the flow is a sub-flow. Pure: the caller reads the files.

import { byPlace, readYaml } from '../../../shared/yaml/yaml-reader.ts';
import type { FlowProblem } from '../flow.ts';
import { checkPart } from './checks.ts';
import { retargeted } from './graph.ts';
import { type KnownNames, listed } from './known-names.ts';
import { type FlowFields, type NodeFields, type PartFields, PartFileSchema, type WordsFields } from './schema.ts';

export interface Part {
  name: string;
  texts: Readonly<Record<string, WordsFields>>;
  nodes: Readonly<Record<string, NodeFields>>;
  /** The text of its file: it is part of the version of every flow that includes it. */
  source: string;
}

/** Reads and checks one part; it is undefined when there is an error in it. Never throws. */
export function parsePart(
  yaml: string,
  file: string,
  known: KnownNames,
): { part: Part | undefined; problems: FlowProblem[] } {
  const owner = (path: readonly string[]) => (path[0] === 'nodes' && path[1] ? `node "${path[1]}"` : undefined);
  const reading = readYaml(yaml, file, PartFileSchema, owner);
  const fields = reading.value as PartFields | undefined;
  if (fields) checkPart(fields, listed(known), reading);
  const problems = reading.problems.sort(byPlace);
  if (!fields?.part || problems.some(({ severity }) => severity === 'error')) return { part: undefined, problems };
  return {
    part: { name: fields.part, texts: fields.texts ?? {}, nodes: fields.nodes ?? {}, source: yaml },
    problems,
  };
}

/** A flow with the nodes and texts of the parts that it includes. */
export interface WholeFlow {
  nodes: ReadonlyMap<string, NodeFields>;
  texts: ReadonlyMap<string, WordsFields>;
}

export function withParts(fields: FlowFields, parts: ReadonlyMap<string, Part> | undefined): WholeFlow {
  const nodes = new Map(Object.entries(fields.nodes ?? {}));
  const texts = new Map(Object.entries(fields.texts ?? {}));
  for (const name of fields.include ?? []) {
    const part = parts?.get(name);
    for (const [text, words] of Object.entries(part?.texts ?? {})) texts.set(`${name}.${text}`, words);
    for (const [node, written] of Object.entries(part?.nodes ?? {})) {
      const renamed = retargeted(written, (to) => `${name}.${to}`);
      nodes.set(`${name}.${node}`, withTexts(renamed, name));
    }
  }
  return { nodes, texts };
}

const sayKeys = ['say', 'menu', 'collect', 'listen', 'ask', 'confirm', 'comfort', 'greeting', 'hang-up'] as const;

/** Names of texts in a node of a part mean those of the part. */
function withTexts(node: NodeFields, part: string): NodeFields {
  const made: Record<string, unknown> = { ...node };
  for (const key of sayKeys) {
    const say = node[key];
    if (typeof say === 'object' && 'text' in say) made[key] = { text: `${part}.${say.text}` };
  }
  return made;
}

/** Everything that a node says, by key. */
export function saysOf(node: NodeFields) {
  return sayKeys.flatMap((key) => {
    const say = node[key];
    return typeof say === 'object' ? [[key, say] as const] : [];
  });
}
