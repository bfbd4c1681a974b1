// Parts: nodes and texts that several flows use (config/flows/parts/*.yaml). A flow that includes "common" has its nodes and
// texts as common.NAME. Nodes of a part lead to nodes of the same part, so that it can be checked by itself (load-part.ts); what
// shall come back to the flow is a sub-flow.

import { retargeted } from './graph.ts';
import type { FlowFields, NodeFields, WordsFields } from './schema.ts';

export interface Part {
  name: string;
  texts: Readonly<Record<string, WordsFields>>;
  nodes: Readonly<Record<string, NodeFields>>;
  /** The text of its file: it is part of the version of every flow that includes it. */
  source: string;
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
