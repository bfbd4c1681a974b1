// Sub-flows: that they exist, take the parameters they are given, return the words that are waited for, and do not call
// themselves by way of others.

import { nearest } from '../../../shared/nearest.ts';
import type { YamlReading } from '../../../shared/yaml/yaml-reader.ts';
import { reachable } from './graph.ts';
import { type FlowSignature, type KnownNames, signatureOf } from './known-names.ts';
import type { FlowFields, NodeFields } from './schema.ts';

type Report = YamlReading['report'];

export function checkSubFlows(
  fields: FlowFields,
  nodes: ReadonlyMap<string, NodeFields>,
  known: KnownNames,
  report: Report,
): void {
  if (known.flows === undefined) return;
  const flows = new Map(known.flows);
  if (fields.flow !== undefined) flows.set(fields.flow, signatureOf(fields));
  for (const [name, node] of nodes) {
    const called = node['sub-flow'];
    if (called === undefined) continue;
    const path = ['nodes', name, 'sub-flow'];
    const signature = flows.get(called);
    if (!signature) {
      const near = nearest(called, [...flows.keys()]);
      report('error', path, `there is no flow "${called}"${near ? `; did you mean "${near}"?` : ''}`);
      continue;
    }
    const round = fields.flow === undefined ? undefined : roundTo(fields.flow, called, flows);
    if (round) report('error', path, `calls itself: ${[fields.flow, ...round].join(' → ')}`);
    else checkCall(name, node, called, signature, report);
  }
}

function checkCall(name: string, node: NodeFields, called: string, signature: FlowSignature, report: Report): void {
  const { parameters, words } = signature;
  const path = ['nodes', name];
  const given = Object.keys(node.with ?? {});
  for (const parameter of given.filter((one) => !parameters.includes(one))) {
    report('error', [...path, 'with', parameter], `the flow "${called}" has no parameter "${parameter}"`, 'key');
  }
  const missing = parameters.filter((one) => !given.includes(one)).map((one) => `"${one}"`);
  if (missing.length > 0) {
    report('error', [...path, 'sub-flow'], `the flow "${called}" wants ${missing.join(', ')} in "with"`);
  }
  if (words.length === 0) {
    report('warning', [...path, 'sub-flow'], `the flow "${called}" never returns: what follows is never reached`);
  }
  for (const word of Object.keys(node.returns ?? {}).filter((one) => !words.includes(one))) {
    const near = nearest(word, words);
    const hint = near ? `; did you mean "${near}"?` : `; it returns ${words.join(', ')}`;
    report('warning', [...path, 'returns', word], `the flow "${called}" never returns "${word}"${hint}`, 'key');
  }
}

/** The shortest way by which a called flow comes back to this one. */
function roundTo(
  flow: string,
  called: string,
  flows: ReadonlyMap<string, FlowSignature>,
): readonly string[] | undefined {
  const calls = (name: string) => flows.get(name)?.calls ?? [];
  if (!reachable([called], calls).has(flow)) return undefined;
  const waysTo = new Map<string, readonly string[]>([[called, [called]]]);
  for (const [name, way] of waysTo) {
    if (name === flow) return way;
    for (const to of calls(name)) if (!waysTo.has(to)) waysTo.set(to, [...way, to]);
  }
  return undefined;
}
