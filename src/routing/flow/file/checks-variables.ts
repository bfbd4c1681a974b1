// Variables that a flow uses: that something in it sets them. A slip in a name would otherwise be heard by callers as nothing.
// Where services are asked whose values are not known here, nothing is said.

import { nearest } from '../../../shared/nearest.ts';
import type { YamlReading } from '../../../shared/yaml/yaml-reader.ts';
import { callerNumberTemplate, namesIn, spokenNumberName } from '../values.ts';
import type { KnownNames } from './known-names.ts';
import { saysOf } from './parts.ts';
import type { FlowFields, NodeFields, WordsFields } from './schema.ts';

type Report = YamlReading['report'];
type Use = { path: string[]; name: string };

const facts = ['call.dialled', 'call.trunk', 'call.alias', 'call.language', 'call.reason'];

export function checkVariables(
  fields: FlowFields,
  nodes: ReadonlyMap<string, NodeFields>,
  texts: ReadonlyMap<string, WordsFields>,
  known: KnownNames,
  report: Report,
): void {
  const set = variablesSet(fields, nodes, known);
  for (const [node, written] of nodes) {
    for (const { path, name } of usesIn(written, texts)) {
      if (facts.includes(name) || set?.has(name)) continue;
      const at = ['nodes', node, ...path];
      if (name === callerNumberTemplate.slice(1, -1)) {
        report(
          'error',
          at,
          'the number of the caller goes to services only, as a parameter that is "{caller.number}" alone',
        );
      } else if (name.includes('.')) {
        const near = nearest(name, facts);
        report(
          'error',
          at,
          `there is no "{${name}}"${near ? `; did you mean "{${near}}"?` : `; there is ${facts.join(', ')}`}`,
        );
      } else if (set) {
        const near = nearest(name, [...set]);
        report(
          'warning',
          at,
          `nothing in this flow sets the variable "${name}"${near ? `; did you mean "${near}"?` : ''}`,
        );
      }
    }
  }
}

/** Undefined when not all of them can be known. */
function variablesSet(
  fields: FlowFields,
  nodes: ReadonlyMap<string, NodeFields>,
  known: KnownNames,
): Set<string> | undefined {
  const set = new Set(fields.parameters ?? []);
  for (const [name, node] of nodes) {
    if (node.collect) set.add(node.variable ?? name);
    for (const variable of Object.keys(node.set?.variables ?? {})) set.add(variable);
    if (node.lookup !== undefined) {
      const values = known.serviceValues?.get(node.lookup);
      if (!values) return undefined;
      for (const variable of values) set.add(variable);
    }
    if (node['sub-flow'] !== undefined) {
      const gives = known.flows?.get(node['sub-flow'])?.gives;
      if (!gives) return undefined;
      for (const variable of gives) set.add(variable);
    }
  }
  return set;
}

function usesIn(node: NodeFields, texts: ReadonlyMap<string, WordsFields>): Use[] {
  const uses: Use[] = [];
  const inText = (path: string[], text: string | undefined, own: readonly string[] = []) => {
    for (const name of namesIn(text ?? '')) if (!own.includes(name)) uses.push({ path, name });
  };
  const inRecord = (path: string[], record: Record<string, string> | undefined) => {
    for (const [key, text] of Object.entries(record ?? {})) {
      if (text !== callerNumberTemplate || path[0] === 'give' || path[0] === 'set') inText([...path, key], text);
    }
  };
  for (const [key, say] of saysOf(node)) {
    const words = 'text' in say ? texts.get(say.text) : say;
    // What a callback says may have the end of the number in it.
    const own = node.callback === undefined ? [] : [spokenNumberName];
    if (!words || 'prompt' in words) continue;
    for (const language of ['ja', 'ja-kana', 'en'] as const) {
      inText('text' in say ? [key] : [key, language], words[language], own);
    }
  }
  inRecord(['with'], node.with);
  inRecord(['give'], node.give);
  inRecord(['set', 'variables'], node.set?.variables);
  if (typeof node.check === 'object' && 'lookup' in node.check) inRecord(['check', 'with'], node.check.with);
  if (node.switch !== undefined) uses.push({ path: ['switch'], name: node.switch });
  if (node['reason-from'] !== undefined) uses.push({ path: ['reason-from'], name: node['reason-from'] });
  for (const [at, way] of (node.when ?? []).entries()) {
    for (const key of ['if', 'unless'] as const) {
      for (const name of Object.keys(way[key]?.variables ?? {})) {
        uses.push({ path: ['when', String(at), key, 'variables', name], name });
      }
    }
  }
  return uses;
}
