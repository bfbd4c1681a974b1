// All flows of a company read together: parts first, then what each flow is to the others, then each flow with all of that.
// Pure: the caller reads the files, or takes the texts from where they are published.

import type { Flow, FlowProblem } from '../flow.ts';
import { type FlowSignature, type KnownNames, signatureOfFlow } from './known-names.ts';
import { type ParsedFlow, parseFlow, peekFlow } from './load.ts';
import { parsePart } from './load-part.ts';
import type { Part } from './parts.ts';

export interface FlowSource {
  /** Where the text is from, for the person who mends it. */
  file: string;
  text: string;
  /** The parts that it includes, when they are not those of the folder: a published version has its own. */
  parts?: readonly FlowSource[];
}

export interface Book {
  /** In the order of the sources. */
  flows: readonly (ParsedFlow & { source: FlowSource })[];
  partProblems: readonly FlowProblem[];
}

/** `inForce`: flows that go on although their files may have a mistake now; others may still call them. */
export function parseBook(
  sources: readonly FlowSource[],
  parts: readonly FlowSource[],
  known: KnownNames,
  inForce: readonly Flow[] = [],
): Book {
  const folder = readParts(parts, known);
  const flows = new Map<string, FlowSignature>();
  for (const flow of inForce) flows.set(flow.id, signatureOfFlow(flow));
  const peeked = sources.map((source) => peekFlow(source.text));
  for (const one of peeked) if (one) flows.set(one.id, one.signature);
  const fileOf = new Map<string, string>();
  const results = sources.map((source) => {
    const own = source.parts ? readParts(source.parts, known).parts : folder.parts;
    const parsed = parseFlow(source.text, source.file, { ...known, flows, parts: own });
    const first = parsed.ok ? fileOf.get(parsed.flow.id) : undefined;
    if (parsed.ok && first !== undefined) {
      const message = `the flow "${parsed.flow.id}" is also in ${first}; that one is used`;
      const twice: FlowProblem = { severity: 'error', file: source.file, line: 1, column: 1, message };
      return { ok: false as const, problems: [...parsed.problems, twice], source };
    }
    if (parsed.ok) fileOf.set(parsed.flow.id, source.file);
    return { ...parsed, source };
  });
  return { flows: results, partProblems: folder.problems };
}

function readParts(
  sources: readonly FlowSource[],
  known: KnownNames,
): { parts: ReadonlyMap<string, Part>; problems: FlowProblem[] } {
  const parts = new Map<string, Part>();
  const problems: FlowProblem[] = [];
  for (const { file, text } of sources) {
    const parsed = parsePart(text, file, known);
    problems.push(...parsed.problems);
    const { part } = parsed;
    if (part && parts.has(part.name)) {
      const message = `the part "${part.name}" is in two files; the first is used`;
      problems.push({ severity: 'error', file, line: 1, column: 1, message });
    } else if (part) parts.set(part.name, part);
  }
  return { parts, problems };
}
