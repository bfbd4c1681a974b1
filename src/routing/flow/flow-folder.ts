// Publishes the flows of a folder: every *.yaml in it. A file that is broken, unreadable or gone changes nothing.
// The only file of routing that reads files; when to read again is the caller's to say.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../../shared/errors.ts';
import type { KnownNames } from './checks.ts';
import type { Flow, FlowProblem } from './flow.ts';
import type { FlowStore } from './flow-store.ts';
import { type ParsedFlow, parseFlow } from './load.ts';

export interface FlowFolder {
  /** Reads all files again. Gives what is new, and every mistake; what was published before a mistake stays. */
  reload(): Promise<{ published: Flow[]; problems: FlowProblem[] }>;
}

export function createFlowFolder(needs: { folder: string; store: FlowStore; known: () => KnownNames }): FlowFolder {
  const { folder, store, known } = needs;
  return {
    async reload() {
      const published: Flow[] = [];
      const problems: FlowProblem[] = [];
      const files = await flowFiles(folder);
      if (!files.ok) return { published, problems: [files.problem] };
      const fileOf = new Map<string, string>();
      for (const file of files.files) {
        const parsed = await parseFlowFile(file, known());
        problems.push(...parsed.problems);
        if (!parsed.ok) continue;
        const first = fileOf.get(parsed.flow.id);
        if (first !== undefined) {
          problems.push(problemAt(file, `the flow "${parsed.flow.id}" is also in ${first}; that one is used`));
          continue;
        }
        fileOf.set(parsed.flow.id, file);
        const outcome = store.publish(parsed);
        if (outcome.kind === 'published') published.push(outcome.flow);
      }
      return { published, problems };
    },
  };
}

/** The flow files of a folder, in order of their names. */
export async function flowFiles(
  folder: string,
): Promise<{ ok: true; files: string[] } | { ok: false; problem: FlowProblem }> {
  try {
    const names = await readdir(folder);
    return {
      ok: true,
      files: names
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(folder, name)),
    };
  } catch (thrown) {
    return { ok: false, problem: problemAt(folder, `the folder cannot be read: ${asError(thrown).message}`) };
  }
}

export async function parseFlowFile(file: string, known: KnownNames): Promise<ParsedFlow> {
  try {
    return parseFlow(await readFile(file, 'utf8'), file, known);
  } catch (thrown) {
    return { ok: false, problems: [problemAt(file, `the file cannot be read: ${asError(thrown).message}`)] };
  }
}

function problemAt(file: string, message: string): FlowProblem {
  return { severity: 'error', file, line: 1, column: 1, message };
}
