// `engawa flow draw`: a picture of a flow, as SVG.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawFlow } from '../../routing/flow/drawing/draw.ts';
import { checkFlows } from './check.ts';
import { type Request, sentenceOf, shortened } from './flow-request.ts';

/** One flow goes to standard output unless a folder is named; several need a folder. */
export async function drawFlows(request: Request): Promise<number> {
  const { flows, problems } = await checkFlows(request, request.files);
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const problem of errors.map(shortened)) console.error(sentenceOf(problem));
  if (request.out === undefined && flows.length > 1) {
    console.error('There are several flows: name one file, or a folder for the drawings with --out.');
    return 2;
  }
  for (const flow of flows) {
    const svg = drawFlow(flow, request.language);
    if (request.out === undefined) {
      process.stdout.write(svg);
      continue;
    }
    mkdirSync(request.out, { recursive: true });
    writeFileSync(join(request.out, `${flow.id}.svg`), svg);
    console.log(join(request.out, `${flow.id}.svg`));
  }
  return errors.length > 0 ? 1 : 0;
}
