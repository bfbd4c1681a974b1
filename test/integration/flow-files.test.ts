// Routing's files on disk: reading, reading again, and the content that comes with the project.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'tap';
import { parse } from 'yaml';
import { flowJsonSchema, partJsonSchema } from '../../src/routing/flow/file/schema.ts';
import type { FlowInput } from '../../src/routing/flow/flow.ts';
import { startFlow } from '../../src/routing/flow/run.ts';
import { createRoutingFiles } from '../../src/routing/routing-files.ts';
import { projectRoot } from '../../src/shared/paths.ts';

const flow = (id: string, text: string) => `flow: ${id}\nstart: s\nnodes:\n  s: { hang-up: { ja: ${text}, en: x } }\n`;
const reasons = 'reasons: { a: { label: { ja: あ, en: a }, class: none } }\n';

function company() {
  const config = (name: string) => join(projectRoot, 'config', name);
  return createRoutingFiles({
    places: { folder: config('flows'), reasons: config('reasons.yaml'), calendars: config('calendars.yaml') },
    known: () => ({ queues: ['general', 'contracts'], prompts: [] }),
  });
}

test('reading again publishes what is new, and keeps what worked before a mistake', async (t) => {
  const folder = t.testdir({ flows: { 'a.yaml': flow('a', 'あ'), 'notes.txt': 'no flow' }, 'reasons.yaml': reasons });
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const files = createRoutingFiles({
    places: { folder: join(folder, 'flows'), reasons: join(folder, 'reasons.yaml') },
  });
  t.match(await files.reload(), { published: [{ id: 'a' }], problems: [] });
  t.same(await files.reload(), { published: [], problems: [] }, 'nothing changed');
  const first = files.flows.get('a');
  const noCalendars = {
    folder: join(folder, 'flows'),
    reasons: join(folder, 'reasons.yaml'),
    calendars: join(folder, 'none'),
  };
  t.same(
    (await createRoutingFiles({ places: noCalendars }).reload()).problems,
    [],
    'an installation may have no calendars',
  );

  await write('flows/a.yaml', 'flow: a\nstart: nowhere\nnodes: {}\n');
  await write('reasons.yaml', 'reasons: { a: { class: nne } }\n');
  const broken = await files.reload();
  t.same(broken.published, []);
  t.ok(broken.problems.some((one) => one.file.endsWith('a.yaml')) && broken.problems.some((one) => one.line === 1));
  t.equal(files.flows.get('a'), first);
  t.equal(files.reasons.get('a')?.piiClass, 'none');

  await write('flows/a.yaml', flow('a', 'い'));
  await write('reasons.yaml', reasons.replace('none', 'sensitive'));
  await write('flows/b.yaml', flow('a', 'う'));
  const mended = await files.reload();
  t.match(mended.published, [{ id: 'a' }]);
  t.match(mended.problems, [{ file: /b\.yaml$/, message: /the flow "a" is also in .*a\.yaml; that one is used/ }]);
  t.equal(files.reasons.get('a')?.piiClass, 'sensitive');

  await rm(join(folder, 'flows'), { recursive: true });
  await rm(join(folder, 'reasons.yaml'));
  t.equal((await files.reload()).problems.length, 2);
  t.equal(files.flows.list().length, 1, 'files that are gone take nothing away');
  t.equal(files.reasons.size, 1);
});

test('a calendar file that is gone does not close the company', async (t) => {
  const folder = t.testdir({
    flows: {},
    'reasons.yaml': reasons,
    'calendars.yaml': 'calendars: { always: { days: { mon-sun: 00:00-24:00 } } }\n',
  });
  const at = (name: string) => join(folder, name);
  const files = createRoutingFiles({
    places: { folder: at('flows'), reasons: at('reasons.yaml'), calendars: at('calendars.yaml') },
  });
  await files.reload();
  await rm(at('calendars.yaml'));
  t.same((await files.reload()).problems, []);
  t.same([...files.calendars.keys()], ['always']);
});

test('what comes with the project loads without a word, and fits the schema for editors', async (t) => {
  const files = company();
  const { published, problems } = await files.reload();
  t.same(problems, []);
  t.same(
    published.map((one) => one.id),
    ['main', 'members', 'tokyo', 'who-calls'],
  );
  const schema = await readFile(join(projectRoot, 'config/flow.schema.json'), 'utf8');
  t.equal(schema, flowJsonSchema(), 'config/flow.schema.json is generated anew when the format changes');
  const validate = new Ajv({ strict: false, unicodeRegExp: true }).compile(JSON.parse(schema));
  for (const one of published) {
    const fields: unknown = parse(await readFile(one.file, 'utf8'));
    t.ok(validate(fields), `${one.id}: ${JSON.stringify(validate.errors)}`);
  }
  t.notOk(validate({ flow: 'x', start: 'a', nodes: { a: { qeue: 'b' } } }));
  const partSchema = await readFile(join(projectRoot, 'config/flow-part.schema.json'), 'utf8');
  t.equal(partSchema, partJsonSchema());
  const part: unknown = parse(await readFile(join(projectRoot, 'config/flows/parts/common.yaml'), 'utf8'));
  t.ok(new Ajv({ strict: false, unicodeRegExp: true }).compile(JSON.parse(partSchema))(part));
});

test('the demo menu leads to the queue and the class that it says', async (t) => {
  const files = company();
  await files.reload();
  const walk = (id: string, keys: FlowInput[]) => {
    const run = startFlow(files.flows.get(id)!, files);
    const seen: string[] = [];
    let input: FlowInput = { kind: 'started' };
    for (let steps = 0; steps < 50; steps++) {
      const action = run.step(input, Date.parse('2026-11-22T03:00:00+09:00'));
      if (action.kind === 'setReason') seen.push(`${action.reason.id} (${action.reason.piiClass})`);
      if (action.kind === 'queue' || action.kind === 'hangup')
        return [...seen, 'queue' in action ? action.queue : 'end'];
      input = action.kind === 'digits' ? (keys.shift() ?? { kind: 'timeout' }) : { kind: 'done' };
    }
    return seen;
  };
  const key = (digits: string): FlowInput => ({ kind: 'digits', digits });
  t.same(walk('main', [key('1')]), ['contract-change (personal)', 'contracts']);
  t.same(walk('main', [key('9'), key('2')]), ['product-question (none)', 'general']);
  t.same(walk('main', [key('5'), key('6'), key('7')]), ['not-stated (sensitive)', 'contracts']);
  t.same(walk('main', []), ['not-stated (sensitive)', 'contracts']);
  t.same(walk('tokyo', []), ['product-question (none)', 'general']);
});
