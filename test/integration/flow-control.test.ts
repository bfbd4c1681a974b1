// Flows while the program runs, on two nodes with one real PostgreSQL: files that change, versions that are published and rolled
// back, calendars closed by hand.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type FlowControlNeeds, openFlowControl } from '../../src/app/flow-control.ts';
import { startFlow } from '../../src/routing/flow/run.ts';
import { openingAt } from '../../src/routing/hours.ts';
import { createRoutingFiles } from '../../src/routing/routing-files.ts';
import { createCloser } from '../../src/shared/closer.ts';
import type { NewEvent } from '../../src/shared/events.ts';
import type { PersonId } from '../../src/shared/ids.ts';
import { silentLogger as log } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);
const midori = 'person_midori' as PersonId;
const flow = (text: string) => `flow: a\nstart: s\nnodes:\n  s: { say: { ja: ${text}, en: x }, next: hang-up }\n`;
const folder = t.testdir({
  flows: { 'a.yaml': flow('一') },
  'reasons.yaml': 'reasons: { a: { label: { ja: あ, en: a }, class: none } }\n',
  'calendars.yaml': 'calendars: { week: { days: { mon-sun: 00:00-24:00 } } }\n',
});
const at = (name: string) => join(folder, name);

async function node(more: Partial<FlowControlNeeds> = {}) {
  const clock = createFakeClock(Date.parse('2026-11-16T12:00:00+09:00'));
  const store = await testStore(t, { url });
  const places = { folder: at('flows'), reasons: at('reasons.yaml'), calendars: at('calendars.yaml') };
  const files = createRoutingFiles({ places });
  await files.reload();
  const told: NewEvent[] = [];
  const events = { append: async (event: NewEvent) => void told.push(event) } as unknown as FlowControlNeeds['events'];
  const closer = createCloser();
  t.teardown(() => closer.close());
  const names = { known: () => ({}), prompts: () => ({ ja: ['hello'], en: [] }) };
  const needs = { files, places, ...names, versions: store.flowVersions, events, clock, log, closer };
  const control = await openFlowControl({ ...needs, ...more });
  const said = () => {
    const node = files.flows.get('a')?.nodes.get('s');
    return node?.kind === 'say' && 'ja' in node.say ? node.say.ja : undefined;
  };
  /** Time goes by until it is so: a look at the files takes a moment of its own. */
  const soon = (what: string, holds: () => boolean) =>
    eventually(what, () => {
      clock.advance(2000);
      return holds();
    });
  return { files, control, told, said, soon, clock };
}

const one = await node();
const two = await node();

t.test(
  'a file that changes is taken without a restart, and one with a mistake changes nothing and is told',
  async (t) => {
    t.equal(one.said(), '一');
    await writeFile(at('flows/a.yaml'), flow('二'));
    await one.soon('the first node has it', () => one.said() === '二');
    await two.soon('and so has the second', () => two.said() === '二');
    await writeFile(at('flows/a.yaml'), 'flow: a\nstart: nowhere\nnodes:\n  s: { hang-up: true }\n');
    await one.soon('the mistake is known', () => one.control.state().problems.length > 0);
    t.match(one.control.state().problems, [
      { severity: 'error', line: 2, column: 8, message: /there is no node "nowhere"/ },
    ]);
    t.equal(one.said(), '二');
    await writeFile(at('flows/a.yaml'), flow('二'));
    await one.soon('it is mended', () => one.control.state().problems.length === 0);
  },
);

t.test('a published version is in force on every node, before the file; calls under way keep theirs', async (t) => {
  const run = startFlow(one.files.flows.get('a')!, { reasons: new Map(), calendars: new Map() });
  const outcome = await one.control.publish('a', midori, flow('三'));
  t.match(outcome, { kind: 'published', version: /^[0-9a-f]{12}$/ });
  t.equal(one.said(), '三');
  await two.soon('the other node has it', () => two.said() === '三');
  t.match(run.step({ kind: 'started' }, 0), { say: { ja: '二' } });
  t.match(one.told, [{ type: 'flow-published', flow: 'a', personId: midori }]);
  t.equal(two.told.length, 0, 'it is told once');

  await writeFile(at('flows/a.yaml'), flow('四'));
  await one.soon('the file is read', () => one.control.state().checkedAt >= one.clock.now() - 4000);
  t.equal(one.said(), '三', 'the file is not followed now');
  const later = await node();
  t.equal(later.said(), '三', 'a node that starts later has it too');
});

t.test('a version with mistakes is refused with their places', async (t) => {
  t.match(await one.control.publish('a', null, 'flow: a\nstart: s\nnodes:\n  s: { qeue: x }\n'), {
    kind: 'refused',
    problems: [{ line: 4, message: /did you mean "queue"/ }],
  });
  t.match(await one.control.publish('a', null, flow('x').replace('flow: a', 'flow: b')), {
    kind: 'other-flow',
    id: 'b',
  });
  t.match(await one.control.publish('none', null), { kind: 'not-found' });
  t.equal(one.said(), '三');
  const unrecorded =
    'flow: a\nlanguage: ja\nstart: s\nnodes:\n  s: { say: { prompt: helo }, next: e }\n  e: { hang-up: { ja: 終, en: e } }\n';
  t.match(await one.control.publish('a', null, unrecorded), {
    kind: 'refused',
    problems: [{ line: 5, message: /no prompt "helo"; did you mean/ }],
  });
  const proven = await node({
    prove: async () => [{ severity: 'error', file: 'a', line: 4, column: 3, message: 'nobody may have it' }],
  });
  t.match(await proven.control.publish('a', null, flow('五')), {
    kind: 'refused',
    problems: [{ message: 'nobody may have it' }],
  });
});

t.test('one goes back to the version before, to a named one, and to the file', async (t) => {
  await one.control.publish('a', midori, flow('五'));
  t.match(await one.control.rollBack('a', midori), { kind: 'published' });
  t.equal(one.said(), '三');
  await two.soon('on the other node too', () => two.said() === '三');
  const versions = await one.control.history('a');
  t.match(
    versions.find(({ inForce }) => inForce),
    { publishedBy: midori, publishedAt: Number },
  );
  const oldest = versions.at(-1)!;
  t.equal(oldest.publishedAt, null, 'a version that came from a file');
  t.match(await one.control.source('a', oldest.version), { yaml: /一/ });
  t.match(await one.control.rollBack('a', null, oldest.version), { kind: 'published', version: oldest.version });
  t.equal(one.said(), '一');
  t.match(await one.control.rollBack('a', null, '000000000000'), { kind: 'not-found' });

  t.match(await one.control.followFile('a', null), { kind: 'published' });
  t.equal(one.said(), '四');
  await writeFile(at('flows/a.yaml'), flow('六'));
  await two.soon('the file is followed again', () => two.said() === '六');
});

t.test('a calendar is closed by hand on every node, until it is opened or its time is over', async (t) => {
  const opening = (of: typeof one) => openingAt(of.files.calendars.get('week')!, of.clock.now(), of.control.closures);
  t.equal(opening(one), 'open');
  const typhoon = { calendar: 'week', until: null, by: midori, because: 'typhoon' };
  t.equal(await one.control.closeCalendar({ ...typhoon, calendar: 'none' }), false);
  t.equal(await one.control.closeCalendar(typhoon), true);
  t.equal(opening(one), 'closure');
  await two.soon('the other node has closed too', () => opening(two) === 'closure');
  t.match(two.control.calendars(), [{ now: 'closure', closure: { because: 'typhoon', by: midori } }]);
  t.match(one.told.at(-1), { type: 'closure-changed', calendar: 'week', closed: true, because: 'typhoon' });
  t.equal(await one.control.openCalendar('week', midori), true);
  t.equal(await one.control.openCalendar('week', midori), false);
  await two.soon('and is open again', () => opening(two) === 'open');

  await one.control.closeCalendar({ ...typhoon, calendar: null, until: one.clock.now() + 60_000 });
  t.equal(opening(one), 'closure', 'all calendars');
  one.clock.advance(60_000);
  t.equal(opening(one), 'open', 'by itself');
});

t.test('a folder that is gone takes nothing away', async (t) => {
  await rm(at('flows'), { recursive: true });
  await one.soon('it is told', () => one.control.state().problems.some(({ message }) => message.includes('folder')));
  t.equal(one.said(), '六');
});
