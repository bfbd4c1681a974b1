// `engawa flow test`: plays scenarios through flows without a telephone.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowProblem } from '../../routing/flow/flow.ts';
import { playScenarios, type ScenarioResult } from '../../routing/flow/scenario/scenario.ts';
import { flowFiles } from '../../routing/routing-files.ts';
import { checkFlows } from './check.ts';
import { count, type Request, sentenceOf, shortened, shorter, textOf } from './flow-request.ts';

export async function testFlows(request: Request): Promise<number> {
  const { flows, problems, surroundings } = await checkFlows(request, []);
  const broken = problems.filter(({ severity }) => severity === 'error');
  const files = request.files.length > 0 ? request.files : await scenarioFiles(join(request.folder, 'tests'));
  const { reasons = new Map(), calendars = new Map() } = surroundings;
  const around = { reasons, calendars, flows: new Map(flows.map((flow) => [flow.id, flow])) };
  const played = files.map((file) => ({ file, ...playScenarios(textOf(file), file, around) }));
  const all = [...broken, ...played.flatMap((one) => one.problems)].map(shortened);
  const results = played.flatMap((one) => one.results);
  if (request.json) tellAsJson(played, all);
  else tell(results, all);
  return all.length > 0 || results.length === 0 ? 1 : 0;
}

async function scenarioFiles(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const found = await flowFiles(folder);
  return found.ok ? found.files : [];
}

function tell(results: readonly ScenarioResult[], problems: readonly FlowProblem[]): void {
  for (const problem of problems) console.log(sentenceOf(problem));
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`${count(results.length, 'scenario')} played: ${results.length - failed} as expected, ${failed} not.`);
  if (results.length === 0) console.log('There are no scenarios: write some into the folder tests/ beside the flows.');
}

function tellAsJson(
  played: readonly { file: string; results: ScenarioResult[] }[],
  problems: readonly FlowProblem[],
): void {
  const files = played.map(({ file, results }) => ({ file: shorter(file), scenarios: results }));
  console.log(JSON.stringify({ files, problems }, null, 2));
}
