// Flows, reasons and calendars as the running program has them: read at start, read again on request.
// A mistake in a file is told and never replaces what works.

import { dirname, join } from 'node:path';
import type { FlowControl } from '../api/needs.ts';
import type { Config } from '../config.ts';
import type { InformationClass } from '../privacy/pii-class.ts';
import { type FlowSource, parseBook } from '../routing/flow/file/book.ts';
import type { CallerFacts, Flow, FlowProblem, FlowRun, Language, Reason } from '../routing/flow/flow.ts';
import { proofProblems } from '../routing/flow/proof/proof-problems.ts';
import { startFlow } from '../routing/flow/run.ts';
import { hasNames } from '../routing/flow/values.ts';
import type { Calendar, Closures } from '../routing/hours.ts';
import { createNumberPlan } from '../routing/numbers.ts';
import { parsePolicy } from '../routing/policy/load-policy.ts';
import type { Operation, Policy, PolicySource } from '../routing/policy/policy.ts';
import { promptNames } from '../routing/prompt-names.ts';
import { createRoutingFiles, type RoutingFiles } from '../routing/routing-files.ts';
import type { Clock } from '../shared/clock.ts';
import type { Closer } from '../shared/closer.ts';
import { AppError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { projectRoot } from '../shared/paths.ts';
import type { Store } from '../store/store.ts';
import { openFlowControl } from './flow-control.ts';

export interface AppFlows {
  flowFor(companyNumber: string): Flow | undefined;
  start(flow: Flow, caller?: CallerFacts): FlowRun;
  reason(id: string): Reason | undefined;
  reasons(): readonly Reason[];
  /** Calling and opening hours by name. */
  calendars(): ReadonlyMap<string, Calendar>;
  /** From least to most. */
  classes(): readonly InformationClass[];
  /** The rules of the file, as last read without a mistake. */
  policy(): PolicySource;
  /** Reads rules, classes, reasons and calendars again. Gives every mistake. */
  reloadRules(): Promise<FlowProblem[]>;
  /** Mistakes of a text of rules, against reasons, classes and queues as they are. */
  checkPolicy(yaml: string): FlowProblem[];
  /** Each flow with the company's numbers that it answers. */
  list(): { flow: Flow; numbers: readonly string[] }[];
  /** Mistakes of a text, with the parts and flows of the folder. */
  check(yaml: string): Promise<FlowProblem[]>;
  reload(): Promise<{ published: Flow[]; problems: FlowProblem[] }>;
  /** From here on files are followed, versions can be published, and calendars closed by hand. */
  follow(needs: FollowNeeds): Promise<FlowControl>;
  /** Every text that the flows say, to be made into sound before anybody calls. */
  texts(): { text: string; language: Language }[];
}

export interface FollowNeeds {
  store: Pick<Store, 'flowVersions' | 'events' | 'people'>;
  /** The rules in force, for the proof of what is to be published, and for conditions of flows. */
  rules: { readonly policy: Policy; operation(): { operation: Operation } };
  clock: Clock;
  log: Logger;
  closer: Closer;
  onChanged?: () => void;
}

/** Rejects with AppError 'flow-invalid' when a number of the company has no working flow. */
export async function loadFlows(config: Config): Promise<AppFlows> {
  const plan = createNumberPlan(config.company.numbers);
  const queues = config.queues.map((queue) => queue.name);
  const services = config.lookups.map(({ name }) => name);
  const mailboxes = config.mailboxes.map(({ name }) => name);
  const places = {
    folder: config.flows.folder,
    reasons: config.flows.reasons,
    calendars: config.flows.calendars ?? join(dirname(config.flows.reasons), 'calendars.yaml'),
    policy: config.policy.file,
  };
  const destinations = config.verification.destinations.map(({ name }) => name);
  const serviceValues = new Map(config.lookups.map(({ name, values }) => [name, Object.keys(values)]));
  const known = () => ({ queues, services, serviceValues, mailboxes, destinations });
  const files = createRoutingFiles({ places, known });
  const prompts = () => promptNames(join(projectRoot, 'config', 'prompts'));
  let prove: ReturnType<typeof provingBy> | undefined;
  let closures: Closures | undefined;
  let operation: (() => Operation) | undefined;
  const { problems } = await files.reload();
  if (!files.policy) {
    const lines = problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new AppError('config-invalid', lines.join('\n'));
  }
  const { reason } = config.dialling;
  if (reason !== undefined && !files.reasons.has(reason))
    throw new AppError('config-invalid', `dialling.reason: there is no reason “${reason}” in ${places.reasons}.`);
  const broken = config.company.numbers.filter(({ flow }) => !files.flows.get(flow));
  if (broken.length > 0) {
    const lines = problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    const numbers = broken.map(({ number, flow }) => `${number} wants the flow “${flow}”, which is not there.`);
    throw new AppError('flow-invalid', [...lines, ...numbers].join('\n'));
  }

  return {
    flowFor(companyNumber) {
      const id = plan.flowFor(companyNumber);
      return id === undefined ? undefined : files.flows.get(id);
    },
    start: (flow, caller) =>
      startFlow(flow, {
        ...{ reasons: files.reasons, calendars: files.calendars, flows: files.flows.snapshot(), caller },
        ...(operation && { operation }),
        ...(closures && { closures }),
      }),
    reason: (id) => files.reasons.get(id),
    reasons: () => [...files.reasons.values()],
    calendars: () => files.calendars,
    classes: () => files.classes,
    policy: () => files.policy!,
    reloadRules: files.reloadRules,
    checkPolicy: (yaml) => parsePolicy(yaml, 'policy.yaml', { ...files, queues }).problems,
    list: () =>
      files.flows.list().map((flow) => ({
        flow,
        numbers: config.company.numbers.filter((one) => one.flow === flow.id).map(({ number }) => number),
      })),
    async check(yaml) {
      const { parts } = await files.sources();
      const source = { file: 'flow.yaml', text: yaml };
      const named = { reasons: [...files.reasons.keys()], calendars: [...files.calendars.keys()] };
      const names = { ...known(), ...named, prompts: prompts() };
      const [parsed] = parseBook([source], parts, names, files.flows.list()).flows;
      return [...parsed!.problems, ...(parsed!.ok && prove ? await prove(parsed!.flow, source) : [])];
    },
    reload: () => files.reload(),
    async follow({ store, rules, ...site }) {
      operation = () => rules.operation().operation;
      prove = provingBy({ files, store, rules, ...site });
      const versions = { versions: store.flowVersions, events: store.events };
      const control = await openFlowControl({ ...site, ...versions, files, places, known, prompts, prove });
      closures = control.closures;
      return control;
    },
    texts: () => textsOf(files.flows.list()),
  };
}

/** What a proof finds of a flow that is to be published, by the people as they are registered. */
function provingBy(needs: Pick<FollowNeeds, 'store' | 'rules' | 'clock'> & { files: RoutingFiles }) {
  return async (flow: Flow, source: FlowSource): Promise<FlowProblem[]> => {
    const { files, store, rules, clock } = needs;
    const people = (await store.people.list())
      .filter(({ disabled }) => !disabled)
      .map(({ login, queues, clearance, place, facts }) => ({
        name: login,
        queues,
        facts: { ...facts, clearance, place },
      }));
    const others = files.flows.list().filter(({ id }) => id !== flow.id);
    const around = { reasons: files.reasons, policy: rules.policy, people, atMs: clock.now() };
    const { problems } = proofProblems([flow, ...others], [source], { ...around, only: flow.id });
    // A queue without people is no mistake of the flow.
    return problems.map((one) => (one.message.includes('which nobody serves') ? { ...one, severity: 'warning' } : one));
  };
}

/** In the languages that callers can come to hear; texts with variables are spoken when they are known. */
function textsOf(flows: readonly Flow[]): { text: string; language: Language }[] {
  const nodes = flows.flatMap((flow) => [...flow.nodes.values()]);
  const languages = new Set(flows.map(({ language }) => language));
  for (const node of nodes) if (node.kind === 'language') languages.add(node.language);
  const says = nodes.flatMap((node) => [
    ...('say' in node ? [node.say] : []),
    ...('comfort' in node ? [node.comfort] : []),
    ...(node.kind === 'callback' ? [node.confirm, node.ask] : []),
  ]);
  return says.flatMap((say) => {
    if (!say || 'prompt' in say || hasNames(say)) return [];
    const english = languages.has('en') && say.en !== undefined ? [{ text: say.en, language: 'en' as const }] : [];
    const japanese = languages.has('ja') || english.length === 0;
    return [...(japanese ? [{ text: say.jaKana ?? say.ja, language: 'ja' as const }] : []), ...english];
  });
}
