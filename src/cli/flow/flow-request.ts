// The command line of `engawa flow`: where the files are, and which names exist.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config.ts';
import type { FlowProblem } from '../../routing/flow/flow.ts';
import { promptNames } from '../../routing/prompt-names.ts';
import type { OutsideNames } from '../../routing/routing-files.ts';
import { projectRoot } from '../../shared/paths.ts';

export const options = {
  config: { type: 'string', short: 'c' },
  queues: { type: 'string' },
  reasons: { type: 'string' },
  calendars: { type: 'string' },
  prompts: { type: 'string' },
  policy: { type: 'string' },
  people: { type: 'string' },
  flows: { type: 'string' },
  language: { type: 'string' },
  out: { type: 'string', short: 'o' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export interface Request {
  files: string[];
  folder: string;
  reasons: string;
  calendars: string;
  policy: string | undefined;
  people: string | undefined;
  names: OutsideNames;
  language: 'ja' | 'en';
  out: string | undefined;
  json: boolean;
}

export interface Answer {
  what: string | undefined;
  help: boolean;
  request: Request;
}

/** Throws with a sentence when an option is not known or has no value. */
export function readCommandLine(argv: string[]): Answer {
  const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options });
  const [what, ...files] = positionals;
  const config = values.config === undefined ? undefined : loadConfig(values.config).config;
  const reasons = values.reasons ?? config?.flows.reasons ?? join(projectRoot, 'config/reasons.yaml');
  const policy = values.policy ?? join(dirname(reasons), 'policy.yaml');
  const language = values.language ?? 'ja';
  if (language !== 'ja' && language !== 'en') throw new Error(`--language must be ja or en, not "${language}".`);
  const folder = values.flows ?? config?.flows.folder ?? join(projectRoot, 'config/flows');
  return {
    what,
    help: values.help ?? false,
    request: {
      files: what === 'test' ? files : files.map((file) => fileOf(file, folder)),
      folder,
      reasons,
      calendars: values.calendars ?? config?.flows.calendars ?? join(dirname(reasons), 'calendars.yaml'),
      policy: values.policy !== undefined || existsSync(policy) ? policy : undefined,
      people: values.people,
      names: {
        queues: list(values.queues) ?? config?.queues.map((queue) => queue.name),
        services: config?.lookups.map(({ name }) => name),
        serviceValues: config && new Map(config.lookups.map(({ name, values }) => [name, Object.keys(values)])),
        mailboxes: config?.mailboxes.map(({ name }) => name),
        destinations: config?.verification.destinations.map(({ name }) => name),
        prompts: list(values.prompts) ?? (config && promptNames(join(projectRoot, 'config/prompts'))),
      },
      language,
      out: values.out,
      json: values.json ?? false,
    },
  };
}

/** Who edits flows knows them by their names, `main`, and may say those instead of files. */
function fileOf(nameOrFile: string, folder: string): string {
  const named = join(folder, `${nameOrFile}.yaml`);
  return !existsSync(nameOrFile) && existsSync(named) ? named : nameOrFile;
}

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);

export const shortened = (problem: FlowProblem): FlowProblem => ({ ...problem, file: shorter(problem.file) });

/** As one would type it from here. */
export function shorter(file: string): string {
  const short = relative(process.cwd(), file);
  return short === '' || short.startsWith('..') ? file : short;
}

export function sentenceOf({ file, line, column, severity, message }: FlowProblem): string {
  return `${file}:${line}:${column}: ${severity}: ${message}`;
}

export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** The text of a file that must be there. Throws with its name. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new Error(`${shorter(file)} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
