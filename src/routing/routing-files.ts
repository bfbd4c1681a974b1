// Reads what people edit from disk: reasons, calendars and the flows of a folder. The only file of routing that reads files;
// when to read again is the caller's to say.
// A file that is broken, unreadable or gone changes nothing: what worked before goes on.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultClasses, type InformationClass } from '../privacy/pii-class.ts';
import { asError } from '../shared/errors.ts';
import { type FlowSource, parseBook } from './flow/file/book.ts';
import type { KnownNames } from './flow/file/known-names.ts';
import { peekFlow } from './flow/file/load.ts';
import type { Flow, FlowProblem, Reason } from './flow/flow.ts';
import { createFlowStore, type FlowStore } from './flow/flow-store.ts';
import { type Calendar, parseCalendars } from './hours.ts';
import { defaultPolicy, type PolicySurroundings, parsePolicy } from './policy/load-policy.ts';
import type { PolicySource } from './policy/policy.ts';
import { parseReasons } from './reasons.ts';

export interface RoutingPlaces {
  /** Every *.yaml in it is a flow, every *.yaml in its folder `parts` a part that flows include. */
  folder: string;
  reasons: string;
  /** Without it, or when there is no such file, there are no calendars. */
  calendars?: string | undefined;
  /** Who may take what, where and when. Without it: a class within the own clearance. */
  policy?: string | undefined;
}

/** Names that other rooms know; absent: not checked. */
export type OutsideNames = Pick<
  KnownNames,
  'queues' | 'prompts' | 'services' | 'serviceValues' | 'mailboxes' | 'destinations'
>;

export interface Reloaded {
  published: Flow[];
  problems: FlowProblem[];
}

export interface FlowSources {
  flows: FlowSource[];
  parts: FlowSource[];
  /** Files and folders that cannot be read. */
  problems: FlowProblem[];
}

export interface RoutingFiles {
  readonly flows: FlowStore;
  /** As last read without a mistake. */
  readonly reasons: ReadonlyMap<string, Reason>;
  readonly calendars: ReadonlyMap<string, Calendar>;
  /** From least to most. */
  readonly classes: readonly InformationClass[];
  /** Undefined while no file of rules could be read yet. */
  readonly policy: PolicySource | undefined;
  /** Reads everything again. Gives the flows that are new, and every mistake. Never throws. */
  reload(): Promise<Reloaded>;
  /** Reads reasons, classes, calendars and flows again, and no rules. Gives the flows that are new, and every mistake. */
  reloadFlows(): Promise<Reloaded>;
  /** Versions that go before the files of the same flows, from the next reading on. */
  putBeforeFiles(published: readonly FlowSource[]): void;
  /** The files of flows and parts as they are now, published versions not among them. */
  sources(): Promise<FlowSources>;
  /** Reads reasons, classes, calendars and rules again, and no flow. Gives every mistake. Never throws. */
  reloadRules(): Promise<FlowProblem[]>;
}

export function createRoutingFiles(needs: { places: RoutingPlaces; known?: () => OutsideNames }): RoutingFiles {
  const { places, known = () => ({}) } = needs;
  const flows = createFlowStore();
  let reasons: ReadonlyMap<string, Reason> = new Map();
  let calendars: ReadonlyMap<string, Calendar> = new Map();
  let classes = defaultClasses;
  let policy: PolicySource | undefined;

  let beforeFiles: readonly FlowSource[] = [];

  async function reloadSurroundings(): Promise<FlowProblem[]> {
    const surroundings = await readSurroundings(places);
    if (surroundings.reasons) reasons = surroundings.reasons;
    classes = surroundings.classes ?? classes;
    // A file that is gone gives none, and takes none away: a flow that asks for one of them would find it closed.
    if (surroundings.calendars?.size) calendars = surroundings.calendars;
    return surroundings.problems;
  }

  async function reloadRules(): Promise<FlowProblem[]> {
    const problems = await reloadSurroundings();
    const rules = await readPolicy(places.policy, { classes, reasons, calendars, ...queuesOf(known()) });
    policy = rules.source ?? policy;
    return [...problems, ...rules.problems];
  }

  async function readFlows(before: readonly FlowProblem[]): Promise<Reloaded> {
    const found = await readFlowSources(places.folder);
    const problems = [...before, ...found.problems];
    const published: Flow[] = [];
    const names = { ...known(), reasons: [...reasons.keys()], calendars: [...calendars.keys()] };
    const ahead = new Set(beforeFiles.map(({ text }) => peekFlow(text)?.id));
    const sources = [...beforeFiles, ...found.flows.filter(({ text }) => !ahead.has(peekFlow(text)?.id ?? ''))];
    const book = parseBook(sources, found.parts, names, flows.list());
    problems.push(...book.partProblems);
    for (const parsed of book.flows) {
      problems.push(...parsed.problems);
      const outcome = flows.publish(parsed);
      if (outcome.kind === 'published') published.push(outcome.flow);
    }
    return { published, problems };
  }

  return {
    flows,
    reloadRules,
    get reasons() {
      return reasons;
    },
    get calendars() {
      return calendars;
    },
    get classes() {
      return classes;
    },
    get policy() {
      return policy;
    },
    reload: async () => readFlows(await reloadRules()),
    reloadFlows: async () => readFlows(await reloadSurroundings()),
    putBeforeFiles(published) {
      beforeFiles = published;
    },
    sources: () => readFlowSources(places.folder),
  };
}

const queuesOf = ({ queues }: OutsideNames) => (queues ? { queues: [...queues] } : {});

/** The rules of a file, or those that hold without one. Without `source` it has a mistake or cannot be read. */
export async function readPolicy(
  file: string | undefined,
  around: PolicySurroundings,
): Promise<{ source?: PolicySource; problems: FlowProblem[] }> {
  if (file === undefined) return { source: defaultPolicy(around), problems: [] };
  const text = await textOf(file);
  return text.ok ? parsePolicy(text.text, file, around) : { problems: [text.problem] };
}

/** Reasons (with classes) and calendars; each undefined if it has a mistake or cannot be read. */
export async function readSurroundings(places: Pick<RoutingPlaces, 'reasons' | 'calendars'>): Promise<{
  reasons: ReadonlyMap<string, Reason> | undefined;
  classes: readonly InformationClass[] | undefined;
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
  const { reasons, classes } = (await read(places.reasons, parseReasons)) ?? {};
  if (places.calendars === undefined || !existsSync(places.calendars)) {
    return { reasons, classes, calendars: new Map(), problems };
  }
  const calendars = (await read(places.calendars, parseCalendars))?.calendars;
  return { reasons, classes, calendars, problems };
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

/** Every flow of a folder, and the parts beside them. */
async function readFlowSources(folder: string): Promise<FlowSources> {
  const found = await flowFiles(folder);
  if (!found.ok) return { flows: [], parts: [], problems: [found.problem] };
  return readFiles(found.files);
}

async function readFiles(files: readonly string[]): Promise<FlowSources> {
  const folders = [...new Set(files.map((file) => join(dirname(file), 'parts')))];
  const found = await Promise.all(folders.filter(existsSync).map(flowFiles));
  const flows = await Promise.all(files.map(sourceOf));
  const parts = await Promise.all(found.flatMap((one) => (one.ok ? one.files : [])).map(sourceOf));
  const unreadable = [...flows, ...parts].flatMap((one) => (one.ok ? [] : [one.problem]));
  const readable = (sources: typeof flows) =>
    sources.flatMap(({ file, ...one }) => (one.ok ? [{ file, text: one.text }] : []));
  return { flows: readable(flows), parts: readable(parts), problems: unreadable };
}

/** Reads and parses the files with the parts beside them; of two files with the same flow, the second is refused. */
export async function parseFlowFiles(
  files: readonly string[],
  known: KnownNames,
): Promise<{ flows: Flow[]; problems: FlowProblem[] }> {
  const sources = await readFiles(files);
  const book = parseBook(sources.flows, sources.parts, known);
  return {
    flows: book.flows.flatMap((one) => (one.ok ? [one.flow] : [])),
    problems: [...book.partProblems, ...book.flows.flatMap((one) => one.problems), ...sources.problems],
  };
}

async function sourceOf(file: string) {
  return { file, ...(await textOf(file)) };
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
