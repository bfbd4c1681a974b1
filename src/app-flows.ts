// Flows, reasons and calendars as the running program has them: read at start, read again on request.
// A mistake in a file is told and never replaces what works.

import { dirname, join } from 'node:path';
import type { Config } from './config.ts';
import type { InformationClass } from './privacy/pii-class.ts';
import { parseFlow } from './routing/flow/file/load.ts';
import type { CallerFacts, Flow, FlowProblem, FlowRun, Language, Reason, Say } from './routing/flow/flow.ts';
import { startFlow } from './routing/flow/run.ts';
import type { Calendar } from './routing/hours.ts';
import { createNumberPlan } from './routing/numbers.ts';
import { parsePolicy } from './routing/policy/load-policy.ts';
import type { PolicySource } from './routing/policy/policy.ts';
import { createRoutingFiles } from './routing/routing-files.ts';
import { AppError } from './shared/errors.ts';

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
  check(yaml: string): FlowProblem[];
  reload(): Promise<{ published: Flow[]; problems: FlowProblem[] }>;
  /** Every text that the flows say, to be made into sound before anybody calls. */
  texts(): { text: string; language: Language }[];
}

/** Rejects with AppError 'flow-invalid' when a number of the company has no working flow. */
export async function loadFlows(config: Config): Promise<AppFlows> {
  const plan = createNumberPlan(config.company.numbers);
  const queues = config.queues.map((queue) => queue.name);
  const services = config.lookups.map(({ name }) => name);
  const mailboxes = config.mailboxes.map(({ name }) => name);
  const files = createRoutingFiles({
    places: {
      folder: config.flows.folder,
      reasons: config.flows.reasons,
      calendars: config.flows.calendars ?? join(dirname(config.flows.reasons), 'calendars.yaml'),
      policy: config.policy.file,
    },
    known: () => ({ queues, services, mailboxes }),
  });
  const { problems } = await files.reload();
  if (!files.policy) {
    const lines = problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new AppError('config-invalid', lines.join('\n'));
  }
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
    start: (flow, caller) => startFlow(flow, { reasons: files.reasons, calendars: files.calendars, caller }),
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
    check: (yaml) =>
      parseFlow(yaml, 'flow.yaml', {
        queues,
        reasons: [...files.reasons.keys()],
        calendars: [...files.calendars.keys()],
      }).problems,
    reload: () => files.reload(),
    texts: () => files.flows.list().flatMap(textsOf),
  };
}

function textsOf(flow: Flow): { text: string; language: Language }[] {
  const texts: { text: string; language: Language }[] = [];
  const add = (say: Say | null | undefined) => {
    if (!say || 'prompt' in say) return;
    if (flow.language === 'en' && say.en !== undefined) texts.push({ text: say.en, language: 'en' });
    else texts.push({ text: say.jaKana ?? say.ja, language: 'ja' });
  };
  for (const node of flow.nodes.values()) {
    if ('say' in node) add(node.say);
    if ('comfort' in node) add(node.comfort);
  }
  return texts;
}
