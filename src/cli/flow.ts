// `engawa flow check`: says what is wrong with IVR flows, as file:line:column: error: sentence, as compilers do.
// Returns 0 when nothing is wrong or only warnings are left, 1 on errors, 2 on a command line it does not understand.

import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import type { FlowProblem } from '../routing/flow/flow.ts';
import { flowFiles, parseFlowFiles, readSurroundings } from '../routing/routing-files.ts';
import { asError } from '../shared/errors.ts';
import { projectRoot } from '../shared/paths.ts';

const help = `Usage: engawa flow check [FILES…] [OPTIONS]

Checks the files, or every flow of the folder in the configuration (config/flows).

  --config FILE      take folder, reasons, calendars and queues from this configuration
  --queues a,b       names of the queues, in place of those in the configuration
  --reasons FILE     reasons for a call (default config/reasons.yaml)
  --calendars FILE   opening hours (default calendars.yaml beside the reasons)
  --prompts a,b      names of recorded prompts; without it they are not checked
  --json             print problems as JSON

Without --config and --queues, names of queues are not checked. Exit code 1 when there are errors.`;

const options = {
  config: { type: 'string', short: 'c' },
  queues: { type: 'string' },
  reasons: { type: 'string' },
  calendars: { type: 'string' },
  prompts: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Request {
  files: string[];
  folder: string;
  reasons: string;
  calendars: string;
  queues: string[] | undefined;
  prompts: string[] | undefined;
  json: boolean;
}

export async function run(argv: string[]): Promise<number> {
  const request = readCommandLine(argv);
  if (typeof request === 'number') return request;
  const { files, problems } = await check(request);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  if (request.json) console.log(JSON.stringify({ files: files.map(shorter), errors, problems }, null, 2));
  else {
    for (const problem of problems) console.log(sentenceOf(problem));
    const warnings = problems.length - errors;
    console.log(`${count(files.length, 'flow')} checked: ${count(errors, 'error')}, ${count(warnings, 'warning')}.`);
  }
  return errors > 0 ? 1 : 0;
}

function readCommandLine(argv: string[]): Request | number {
  try {
    const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options });
    const [what, ...files] = positionals;
    if (values.help || what === undefined) {
      console.log(help);
      return values.help ? 0 : 2;
    }
    if (what !== 'check') return complain(`There is no command "flow ${what}".`);
    const config = values.config === undefined ? undefined : loadConfig(values.config).config;
    const reasons = values.reasons ?? config?.flows.reasons ?? join(projectRoot, 'config/reasons.yaml');
    return {
      files,
      folder: config?.flows.folder ?? join(projectRoot, 'config/flows'),
      reasons,
      calendars: values.calendars ?? config?.flows.calendars ?? join(dirname(reasons), 'calendars.yaml'),
      queues: list(values.queues) ?? config?.queues.map((queue) => queue.name),
      prompts: list(values.prompts),
      json: values.json ?? false,
    };
  } catch (thrown) {
    return complain(asError(thrown).message);
  }
}

async function check(request: Request): Promise<{ files: string[]; problems: FlowProblem[] }> {
  const folder =
    request.files.length > 0 ? { ok: true as const, files: request.files } : await flowFiles(request.folder);
  if (!folder.ok) return { files: [], problems: [folder.problem].map(shortened) };
  const { reasons, calendars, problems } = await readSurroundings(request);
  const parsed = await parseFlowFiles(folder.files, {
    queues: request.queues,
    prompts: request.prompts,
    // What could not be read is a problem already; its names are then not checked.
    reasons: reasons && [...reasons.keys()],
    calendars: calendars && [...calendars.keys()],
  });
  const all = [...problems, ...parsed.partProblems, ...parsed.flows.flatMap((one) => one.problems)];
  return { files: folder.files, problems: all.map(shortened) };
}

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);

const shortened = (problem: FlowProblem): FlowProblem => ({ ...problem, file: shorter(problem.file) });

/** As one would type it from here. */
function shorter(file: string): string {
  const short = relative(process.cwd(), file);
  return short === '' || short.startsWith('..') ? file : short;
}

function sentenceOf({ file, line, column, severity, message }: FlowProblem): string {
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function complain(message: string): number {
  console.error(`${message}\nengawa flow --help tells more.`);
  return 2;
}
