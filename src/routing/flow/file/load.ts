// From the YAML text of a flow to a Flow, or to the list of its mistakes. Pure: the caller reads the file.
// The format is schema.ts, reading with positions shared/yaml/yaml-reader.ts, what must hold between nodes checks.ts, and what a
// node becomes load-nodes.ts.

import { createHash } from 'node:crypto';
import { byPlace, readYaml, type YamlPath } from '../../../shared/yaml/yaml-reader.ts';
import type { Flow, FlowNode, FlowProblem } from '../flow.ts';
import { checkFlow } from './checks.ts';
import { type FlowSignature, type KnownNames, listed, signatureOf } from './known-names.ts';
import { nodeFrom } from './load-nodes.ts';
import { withParts } from './parts.ts';
import { type FlowFields, FlowFileSchema, hangUpName, type PartFields, PartFileSchema } from './schema.ts';

export type { KnownNames } from './known-names.ts';

export type ParsedFlow = { ok: true; flow: Flow; problems: FlowProblem[] } | { ok: false; problems: FlowProblem[] };

/** Reads and checks; warnings alone do not make it fail. Never throws. */
export function parseFlow(yaml: string, file: string, known: KnownNames): ParsedFlow {
  const reading = readYaml(yaml, file, FlowFileSchema, ownerOf);
  const fields = (reading.value ?? undefined) as FlowFields | undefined;
  const names = listed(known);
  if (fields) checkFlow(fields, names, reading);
  const problems = reading.problems.sort(byPlace);
  if (!fields || problems.some((problem) => problem.severity === 'error')) return { ok: false, problems };
  return { ok: true, flow: flowFrom(fields, yaml, file, names), problems };
}

/** What other flows must know of this one before they can be checked; undefined when its file has no name of a flow. */
export function peekFlow(yaml: string): { id: string; signature: FlowSignature } | undefined {
  const fields = (readYaml(yaml, '', FlowFileSchema, () => undefined).value ?? undefined) as FlowFields | undefined;
  return fields?.flow === undefined ? undefined : { id: fields.flow, signature: signatureOf(fields) };
}

/** Of these parts, those that a flow includes, by name. */
export function partsIncluded(yaml: string, parts: readonly { text: string }[]): { name: string; text: string }[] {
  const fields = (readYaml(yaml, '', FlowFileSchema, () => undefined).value ?? {}) as FlowFields;
  return parts.flatMap(({ text }) => {
    const { part } = (readYaml(text, '', PartFileSchema, () => undefined).value ?? {}) as PartFields;
    return part !== undefined && fields.include?.includes(part) ? [{ name: part, text }] : [];
  });
}

/** A problem at a place of a flow's text; at the nearest outer place when that is in a part. */
export function problemIn(
  source: { text: string; file: string },
  severity: FlowProblem['severity'],
  path: YamlPath,
  message: string,
): FlowProblem {
  const reading = readYaml(source.text, source.file, FlowFileSchema, ownerOf);
  reading.report(severity, path, message, 'key');
  return reading.problems.at(-1)!;
}

function ownerOf(path: YamlPath): string | undefined {
  return path[0] === 'nodes' && path[1] !== undefined ? `node "${path[1]}"` : undefined;
}

function flowFrom(fields: FlowFields, yaml: string, file: string, { parts }: KnownNames): Flow {
  const whole = withParts(fields, parts);
  const nodes = new Map<string, FlowNode>();
  for (const [name, node] of whole.nodes) nodes.set(name, nodeFrom(name, node, whole.texts));
  nodes.set(hangUpName, { kind: 'hangup', say: null });
  const hash = createHash('sha256').update(yaml);
  for (const name of fields.include ?? []) hash.update(`\n--- ${name}\n${parts?.get(name)?.source ?? ''}`);
  return {
    id: fields.flow!,
    version: hash.digest('hex').slice(0, 12),
    language: fields.language ?? 'ja',
    parameters: fields.parameters ?? [],
    start: fields.start!,
    nodes,
    file,
  };
}
