// Plays a call through a flow without a telephone: the answers of the outside come from a scenario (scenario-schema.ts), and what
// came of them is compared with what it expects. Pure. Every difference is told at its place in the scenario's file.

import { byPlace, readYaml, type YamlReading } from '../../../shared/yaml/yaml-reader.ts';
import type { Flow, FlowAction, FlowInput, FlowProblem, Say } from '../flow.ts';
import { type RunNeeds, startFlow } from '../run.ts';
import {
  type ExpectFields,
  type ScenarioFields,
  type ScenarioFileFields,
  ScenarioFileSchema,
  type StepFields,
} from './scenario-schema.ts';

export interface ScenarioResult {
  name: string;
  passed: boolean;
  path: readonly string[];
}

type Around = Pick<RunNeeds, 'reasons' | 'calendars'> & { flows: { get(id: string): Flow | undefined } };

const usualTime = '2026-11-16T12:00+09:00';
const maxSteps = 500;

/** Plays every scenario of a file. Never throws. */
export function playScenarios(
  yaml: string,
  file: string,
  around: Around,
): { results: ScenarioResult[]; problems: FlowProblem[] } {
  const owner = (path: readonly string[]) => (path[0] === 'scenarios' && path[1] ? `scenario "${path[1]}"` : undefined);
  const reading = readYaml(yaml, file, ScenarioFileSchema, owner);
  const fields = (reading.value ?? {}) as ScenarioFileFields;
  const results: ScenarioResult[] = [];
  for (const [name, scenario] of Object.entries(fields.scenarios ?? {})) {
    if (reading.brokenAt(['scenarios', name])) continue;
    const id = scenario.flow ?? fields.flow ?? '';
    const flow = around.flows.get(id);
    if (!flow) {
      reading.report('error', ['scenarios', name], `there is no flow "${id}" without mistakes`, 'key');
      results.push({ name, passed: false, path: [] });
      continue;
    }
    const played = play(flow, scenario, around);
    const report: Report = (path, message, where) =>
      reading.report('error', ['scenarios', name, ...path], message, where);
    if (played.trouble) report(played.trouble.path, `${played.trouble.message}; ${wayOf(played)}`);
    else compare(scenario.expect, played, report);
    results.push({ name, passed: !reading.brokenAt(['scenarios', name]), path: played.path });
  }
  return { results, problems: reading.problems.sort(byPlace) };
}

type Report = (path: string[], message: string, where?: Parameters<YamlReading['report']>[3]) => void;

interface Played {
  path: string[];
  /** What the caller heard, in the languages it was said in. */
  heard: string[];
  last: FlowAction;
  reason: string | undefined;
  verified: readonly string[];
  language: 'ja' | 'en';
  variable(name: string): string | undefined;
  trouble: { path: string[]; message: string } | undefined;
}

function play(flow: Flow, scenario: ScenarioFields, around: Around): Played {
  const path: string[] = [];
  const closed = new Set(scenario['closed-by-hand']);
  const run = startFlow(flow, {
    ...around,
    caller: {
      dialled: scenario.dialled ?? '',
      trunk: scenario.trunk ?? null,
      withheld: scenario.withheld ?? false,
      known: scenario.known ?? false,
      alias: null,
    },
    operation: () => scenario.operation ?? 'normal',
    closures: { closedByHand: (calendar) => closed.has(calendar) },
    onNode: (node) => path.push(node),
  });
  const nowMs = Date.parse(scenario.at ?? usualTime);
  const steps = [...((scenario.steps ?? []) as StepFields[]).entries()];
  const heard: string[] = [];
  let reason: string | undefined;
  let trouble: Played['trouble'];
  let action = run.step({ kind: 'started' }, nowMs);
  for (let count = 0; count < maxSteps; count++) {
    if ('say' in action && action.say) heard.push(words(action.say, run.language));
    if (action.kind === 'setReason') reason = action.reason.id;
    if (action.kind === 'hangup') break;
    if (action.kind === 'say' || action.kind === 'setReason') {
      action = run.step({ kind: 'done' }, nowMs);
      continue;
    }
    const next = steps.shift();
    if (!next) break;
    const input = answerOf(next[1], action);
    if (!input) {
      const message = `${asks(action)} at "${run.node}", and "${Object.keys(next[1])[0]}" is no answer to that`;
      trouble = { path: ['steps', String(next[0])], message };
      break;
    }
    // The caller is with somebody: nothing more happens in the flow.
    if (input.kind === 'done' && (action.kind === 'queue' || action.kind === 'transfer')) break;
    action = run.step(input, nowMs);
  }
  const left = steps[0];
  if (!trouble && left) trouble = { path: ['steps', String(left[0])], message: 'the call is over before this step' };
  const { verified, language } = run;
  return { path, heard, last: action, reason, verified, language, variable: (name) => run.collected(name), trouble };
}

function words(say: Say, language: 'ja' | 'en'): string {
  if ('prompt' in say) return say.prompt;
  return language === 'en' && say.en !== undefined ? say.en : say.ja;
}

type Asking = Exclude<FlowAction['kind'], 'say' | 'setReason' | 'hangup'>;

/** What each thing that is asked may be answered with. */
const answersTo: Record<Asking, readonly (keyof StepFields)[]> = {
  digits: ['keys', 'silence'],
  number: ['done', 'keys', 'silence', 'failed'],
  listen: ['says', 'keys', 'silence', 'failed'],
  lookup: ['found', 'not-found', 'failed'],
  verify: ['verified', 'not-verified', 'silence', 'failed'],
  queue: ['done', 'overflow', 'keys'],
  callback: ['done', 'failed'],
  voicemail: ['done', 'failed'],
  transfer: ['done', 'failed'],
};

function answerOf(step: StepFields, action: FlowAction): FlowInput | undefined {
  const key = Object.keys(step)[0] as keyof StepFields;
  if (!(answersTo[action.kind as Asking] ?? []).includes(key)) return undefined;
  switch (key) {
    case 'keys':
      // A number that is keyed goes to the vault; the flow hears that there is one.
      return action.kind === 'number' ? { kind: 'done' } : { kind: 'digits', digits: step.keys! };
    case 'says':
      return { kind: 'heard', text: step.says! };
    case 'silence':
      return { kind: 'timeout' };
    case 'found':
      return { kind: 'found', values: step.found! };
    case 'not-found':
      return { kind: 'notFound' };
    case 'verified':
      return { kind: 'verified' };
    case 'not-verified':
      return { kind: 'notVerified', final: step['not-verified'] === 'final' };
    case 'failed':
      return { kind: 'failed', because: 'as the scenario says' };
    case 'overflow':
      return step.overflow === 'timeout' ? { kind: 'timeout' } : { kind: 'overflow', cause: step.overflow! };
    case 'done':
      return { kind: 'done' };
  }
}

const asking: Record<Asking, string> = {
  digits: 'the flow asks for keys',
  number: 'the flow asks for a telephone number',
  listen: 'the flow listens',
  lookup: 'the flow asks a service',
  verify: 'the flow asks for secret digits',
  queue: 'the call waits in a queue',
  callback: 'the flow keeps a callback',
  voicemail: 'the flow takes a message',
  transfer: 'the flow sends the call to a number',
};
const asks = (action: FlowAction) => asking[action.kind as Asking];

const wayOf = ({ path }: Played) => `it went ${path.join(' → ')}`;

function compare(expect: ExpectFields, played: Played, report: Report): void {
  const differ = (key: keyof ExpectFields, wanted: unknown, came: unknown) => {
    if (wanted === undefined || JSON.stringify(wanted) === JSON.stringify(came)) return;
    report(['expect', key], `expected ${shown(wanted)}, came to ${shown(came)}; ${wayOf(played)}`);
  };
  const { last } = played;
  differ('reason', expect.reason, played.reason ?? false);
  differ('queue', expect.queue, last.kind === 'queue' || last.kind === 'callback' ? last.queue : 'no queue');
  differ('priority', expect.priority, last.kind === 'queue' ? last.priority : undefined);
  differ('language', expect.language, played.language);
  differ('verified', expect.verified && [...expect.verified].sort(), [...played.verified].sort());
  differ('ends', expect.ends, endOf(last));
  for (const [name, value] of Object.entries(expect.variables ?? {})) {
    const came = played.variable(name);
    if (came !== value) report(['expect', 'variables', name], `expected ${shown(value)}, came to ${shown(came)}`);
  }
  inOrder(
    expect.path,
    played.path,
    (a, b) => a === b,
    (at, node) => {
      report(['expect', 'path', at], `"${node}" was not passed here; ${wayOf(played)}`);
    },
  );
  const says = expect.says === undefined ? undefined : [expect.says].flat();
  inOrder(
    says,
    played.heard,
    (a, b) => b.includes(a),
    (at, said) => {
      const path = Array.isArray(expect.says) ? ['expect', 'says', at] : ['expect', 'says'];
      report(path, `“${said}” was not said here; the caller heard ${played.heard.map((one) => `“${one}”`).join(', ')}`);
    },
  );
}

function endOf(action: FlowAction): string {
  if (action.kind === 'hangup') return 'hang-up';
  const ends = ['queue', 'callback', 'voicemail', 'transfer'];
  return ends.includes(action.kind) ? action.kind : 'waits';
}

const shown = (value: unknown) => (value === undefined || value === false ? 'none' : JSON.stringify(value));

/** Tells the first of the wanted that does not come in its turn. */
function inOrder(
  wanted: readonly string[] | undefined,
  came: readonly string[],
  fits: (wanted: string, came: string) => boolean,
  missing: (at: string, wanted: string) => void,
): void {
  let from = 0;
  for (const [at, one] of (wanted ?? []).entries()) {
    const found = came.findIndex((each, index) => index >= from && fits(one, each));
    if (found < 0) return missing(String(at), one);
    from = found + 1;
  }
}
