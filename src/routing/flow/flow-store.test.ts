import { test } from 'tap';
import { parseFlow } from './file/load.ts';
import { createFlowStore } from './flow-store.ts';

const flow = (text: string, id = 'a') =>
  parseFlow(`flow: ${id}\nstart: s\nnodes:\n  s: { hang-up: { ja: ${text}, en: x } }\n`, id, {});

test('a broken flow never replaces a working one', async (t) => {
  const store = createFlowStore();
  const first = store.publish(flow('あ'));
  t.equal(first.kind, 'published');
  t.match(store.publish(parseFlow('flow: a\nstart: s\nnodes:\n  s: { queue: 1, x: 2 }\n', 'a', {})), {
    kind: 'refused',
    problems: [{ line: 4, severity: 'error' }],
  });
  t.equal(store.get('a'), first.kind === 'published' && first.flow);
  t.equal(store.publish(flow('あ')).kind, 'unchanged');
  const second = store.publish(flow('い'));
  t.equal(second.kind, 'published');
  t.not(store.get('a')?.version, first.kind === 'published' && first.flow.version);
  store.publish(flow('あ', 'b'));
  t.same(
    store.list().map((one) => one.id),
    ['a', 'b'],
  );
  t.equal(store.get('c'), undefined);
});
