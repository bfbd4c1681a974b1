// Reads what people edit from disk: reasons, calendars and the flows of a folder. The only file of routing that reads files;
// when to read again is the caller's to say.
// A file that is broken, unreadable or gone changes nothing: what worked before goes on.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../shared/errors.ts';
import type { Flow, FlowProblem, Reason } from './flow/flow.ts';
import { createFlowStore, type FlowStore } from './flow/flow-store.ts';
import { type ParsedFlow, parseFlow } from './flow/load.ts';
import { type Calendar, parseCalendars } from './hours.ts';
import { parseReasons } from './reasons.ts';

export interface RoutingPlaces {
  /** Every *.yaml in it is a flow. */
  folder: string;
  reasons: string;
  /** Without it, or when there is no such file, there are no calendars. */
  calendars?: string | undefined;
}

/** Names that other rooms know; absent: not checked. */
export interface OutsideNames {
  queues?: readonly string[] | undefined;
  prompts?: readonly string[] | undefined;
}

export interface RoutingFiles {
  readonly flows: FlowStore;
  /** As last read without a mistake. */
  readonly reasons: ReadonlyMap<string, Reason>;
  readonly calendars: ReadonlyMap<string, Calendar>;
  /** Reads everything again. Gives the flows that are new, and every mistake. Never throws. */
  reload(): Promise<{ published: Flow[]; problems: FlowProblem[] }>;
}

export function createRoutingFiles(needs: { places: RoutingPlaces; known?: () => OutsideNames }): RoutingFiles {
  const { places, known = () => ({}) } = needs;
  const flows = createFlowStore();
  let reasons: ReadonlyMap<string, Reason> = new Map();
  let calendars: ReadonlyMap<string, Calendar> = new Map();
  return {
    flows,
    get reasons() {
      return reasons;
    },
    get calendars() {
      return calendars;
    },
    async reload() {
      const surroundings = await readSurroundings(places);
      if (surroundings.reasons) reasons = surroundings.reasons;
      // A file that is gone gives none, and takes none away: a flow that asks for one of them would find it closed.
      if (surroundings.calendars?.size) calendars = surroundings.calendars;
      const { problems } = surroundings;
      const published: Flow[] = [];
      const folder = await flowFiles(places.folder);
      if (!folder.ok) return { published, problems: [...problems, folder.problem] };
      const names = { ...known(), reasons: [...reasons.keys()], calendars: [...calendars.keys()] };
      for (const parsed of await parseFlowFiles(folder.files, names)) {
        problems.push(...parsed.problems);
        const outcome = flows.publish(parsed);
        if (outcome.kind === 'published') published.push(outcome.flow);
      }
      return { published, problems };
    },
  };
}

/** Reasons and calendars; each undefined if it has a mistake or cannot be read. */
export async function readSurroundings(places: Omit<RoutingPlaces, 'folder'>): Promise<{
  reasons: ReadonlyMap<string, Reason> | undefined;
  calendars: ReadonlyMap<string, Calendar> | undefined;
  problems: FlowProblem[];
}> {
  const problems: FlowProblem[] = [];
  const read = async <T extends { problems: FlowProblem[] }>(
    file: string,
    parse: (text: string, file: string) => T,
  ) => {
    const text = await textOf(file);
    const parsed = text.ok ? parse(text.text, file) : undefined;
    problems.push(...(parsed?.problems ?? []), ...(text.ok ? [] : [text.problem]));
    return parsed && !parsed.problems.some((problem) => problem.severity === 'error') ? parsed : undefined;
  };
  const reasons = (await read(places.reasons, parseReasons))?.reasons;
  if (places.calendars === undefined || !existsSync(places.calendars)) {
    return { reasons, calendars: new Map(), problems };
  }
  const calendars = (await read(places.calendars, parseCalendars))?.calendars;
  return { reasons, calendars, problems };
}

/** The flow files of a folder, in order of their names. */
export async function flowFiles(
  folder: string,
): Promise<{ ok: true; files: string[] } | { ok: false; problem: FlowProblem }> {
  try {
    const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
    return { ok: true, files: names.map((name) => join(folder, name)) };
  } catch (thrown) {
    return { ok: false, problem: problemAt(folder, `the folder cannot be read: ${asError(thrown).message}`) };
  }
}

/** Parses each file; of two files with the same flow, the second is refused. */
export async function parseFlowFiles(
  files: readonly string[],
  known: Parameters<typeof parseFlow>[2],
): Promise<ParsedFlow[]> {
  const fileOf = new Map<string, string>();
  const results: ParsedFlow[] = [];
  for (const file of files) {
    const text = await textOf(file);
    const parsed: ParsedFlow = text.ok ? parseFlow(text.text, file, known) : { ok: false, problems: [text.problem] };
    const first = parsed.ok ? fileOf.get(parsed.flow.id) : undefined;
    if (parsed.ok && first !== undefined) {
      const twice = problemAt(file, `the flow "${parsed.flow.id}" is also in ${first}; that one is used`);
      results.push({ ok: false, problems: [...parsed.problems, twice] });
      continue;
    }
    if (parsed.ok) fileOf.set(parsed.flow.id, file);
    results.push(parsed);
  }
  return results;
}

async function textOf(file: string): Promise<{ ok: true; text: string } | { ok: false; problem: FlowProblem }> {
  try {
    return { ok: true, text: await readFile(file, 'utf8') };
  } catch (thrown) {
    return { ok: false, problem: problemAt(file, `the file cannot be read: ${asError(thrown).message}`) };
  }
}

function problemAt(file: string, message: string): FlowProblem {
  return { severity: 'error', file, line: 1, column: 1, message };
}
