// From the YAML text of a part (parts.ts) to a Part, or to the list of its mistakes. Pure: the caller reads the file.

import { byPlace, readYaml } from '../../../shared/yaml/yaml-reader.ts';
import type { FlowProblem } from '../flow.ts';
import { checkPart } from './checks.ts';
import { type KnownNames, listed } from './known-names.ts';
import type { Part } from './parts.ts';
import { type PartFields, PartFileSchema } from './schema.ts';

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
