// The command line of `engawa policy`: where the files are, what is asked about, and the rules of a file.

import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../../config.ts';
import { type CompiledPolicy, compilePolicy } from '../../routing/policy/compile-policy.ts';
import type { PolicySurroundings } from '../../routing/policy/load-policy.ts';
import type { Operation } from '../../routing/policy/policy.ts';
import { readPolicy, readSurroundings } from '../../routing/routing-files.ts';
import { projectRoot } from '../../shared/paths.ts';
import type { YamlProblem } from '../../shared/yaml/yaml-reader.ts';
import { sentenceOf, shortened } from '../flow/flow-request.ts';

const text = { type: 'string' } as const;
const options = {
  ...{ config: { type: 'string', short: 'c' } as const, policy: text, reasons: text, calendars: text, operation: text },
  ...{ place: text, reason: text, class: text, queue: text, direction: text, step: text, verified: text, at: text },
  ...{ day: text, calls: { type: 'boolean' } as const },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];

export interface PolicyRequest {
  what: string | undefined;
  rest: string[];
  help: boolean;
  config: Config | undefined;
  /** Undefined: there is no file of rules. */
  policyFile: string | undefined;
  reasons: string;
  calendars: string;
  operation: Operation | undefined;
  values: Values;
}

/** Throws with a sentence when something is not understood. */
export function readCommandLine(argv: string[]): PolicyRequest {
  const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options });
  const [what, ...rest] = positionals;
  const config = values.config === undefined ? undefined : loadConfig(values.config).config;
  const reasons = values.reasons ?? config?.flows.reasons ?? join(projectRoot, 'config/reasons.yaml');
  return {
    ...{ what, rest, config, reasons, values },
    help: values.help ?? false,
    policyFile: values.policy ?? (config ? config.policy.file : join(projectRoot, 'config/policy.yaml')),
    calendars: values.calendars ?? config?.flows.calendars ?? join(dirname(reasons), 'calendars.yaml'),
    operation: oneOf('operation', values.operation, ['normal', 'partly-home', 'all-home'] as const),
  };
}

export function oneOf<T extends string>(name: string, value: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((one) => one === value);
  if (value !== undefined && found === undefined)
    throw new Error(`--${name} must be ${known.join(' or ')}, not "${value}".`);
  return found;
}

export interface ReadRules {
  policy: CompiledPolicy | undefined;
  around: PolicySurroundings | undefined;
  problems: YamlProblem[];
}

/** Rules as the running program would read them. */
export async function readRules(request: PolicyRequest, file = request.policyFile): Promise<ReadRules> {
  const { reasons, classes, calendars, problems } = await readSurroundings(request);
  if (!reasons || !classes || !calendars) return { policy: undefined, around: undefined, problems };
  const queues = request.config?.queues.map(({ name }) => name);
  const around = { classes, reasons, calendars, ...(queues ? { queues } : {}) };
  const read = await readPolicy(file, around);
  return { policy: read.source && compilePolicy(read.source), around, problems: [...problems, ...read.problems] };
}

/** Rules that must be there: prints what is wrong otherwise. */
export async function rulesOf(
  request: PolicyRequest,
  file = request.policyFile,
): Promise<{ policy: CompiledPolicy; around: PolicySurroundings } | undefined> {
  const { policy, around, problems } = await readRules(request, file);
  for (const problem of problems) console.error(sentenceOf(shortened(problem)));
  return policy && around ? { policy, around } : undefined;
}
