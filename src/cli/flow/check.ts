// `engawa flow check`: mistakes in flows, and the proof that no call is handed to a queue whose people may not have it.

import { defaultClasses } from '../../privacy/pii-class.ts';
import type { FlowSource } from '../../routing/flow/file/book.ts';
import type { Flow, FlowProblem } from '../../routing/flow/flow.ts';
import { parseProofPeople } from '../../routing/flow/proof/proof-people.ts';
import { proofProblems } from '../../routing/flow/proof/proof-problems.ts';
import { compilePolicy } from '../../routing/policy/compile-policy.ts';
import { flowFiles, parseFlowFiles, readPolicy, readSurroundings } from '../../routing/routing-files.ts';
import { count, type Request, sentenceOf, shortened, shorter, textOf } from './flow-request.ts';

export interface Checked {
  files: string[];
  flows: Flow[];
  problems: FlowProblem[];
  surroundings: Awaited<ReturnType<typeof readSurroundings>>;
}

export async function checkFlows(request: Request, files: readonly string[]): Promise<Checked> {
  const folder = files.length > 0 ? { ok: true as const, files: [...files] } : await flowFiles(request.folder);
  const surroundings = await readSurroundings(request);
  if (!folder.ok) return { files: [], flows: [], problems: [folder.problem], surroundings };
  const { reasons, calendars, problems } = surroundings;
  const parsed = await parseFlowFiles(folder.files, {
    ...request.names,
    // What could not be read is a problem already; its names are then not checked.
    reasons: reasons && [...reasons.keys()],
    calendars: calendars && [...calendars.keys()],
  });
  return {
    files: folder.files,
    flows: parsed.flows,
    problems: [...problems, ...parsed.problems],
    surroundings,
  };
}

export async function check(request: Request): Promise<number> {
  const checked = await checkFlows(request, request.files);
  const proof = request.people === undefined ? undefined : await proofOf(request, request.people, checked);
  const problems = [...checked.problems, ...(proof?.problems ?? [])].map(shortened);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const { files } = checked;
  if (request.json) {
    const proven = proof && { handOvers: proof.handOvers };
    console.log(
      JSON.stringify({ files: files.map(shorter), errors, problems, ...(proof && { proof: proven }) }, null, 2),
    );
    return errors > 0 ? 1 : 0;
  }
  for (const problem of problems) console.log(sentenceOf(problem));
  const warnings = problems.length - errors;
  console.log(`${count(files.length, 'flow')} checked: ${count(errors, 'error')}, ${count(warnings, 'warning')}.`);
  if (proof && errors === 0) {
    console.log(
      `Proven: each of ${count(proof.handOvers, 'way')} of handing a call to a queue finds somebody who may have it.`,
    );
  }
  return errors > 0 ? 1 : 0;
}

async function proofOf(request: Request, file: string, { files, flows, surroundings }: Checked) {
  const { reasons = new Map(), calendars = new Map(), classes = defaultClasses } = surroundings;
  const { people, problems: mistakes } = parseProofPeople(textOf(file), file);
  const reading = await readPolicy(request.policy, { classes, reasons, calendars });
  const before = [...mistakes, ...reading.problems];
  if (!reading.source || mistakes.some(({ severity }) => severity === 'error')) {
    return { problems: before, handOvers: 0 };
  }
  const sources: FlowSource[] = files.map((one) => ({ file: one, text: textOf(one) }));
  const needs = { reasons, people, policy: compilePolicy(reading.source), atMs: Date.now() };
  const proof = proofProblems(flows, sources, needs);
  return { problems: [...before, ...proof.problems], handOvers: proof.handOvers };
}
