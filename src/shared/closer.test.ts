import t from 'tap';
import { createCloser } from './closer.ts';

t.test('what was added last is closed first, and a failure does not keep the others open', async (t) => {
  const closed: string[] = [];
  const closer = createCloser();
  closer.add('first', () => void closed.push('first'));
  closer.add('second', () => Promise.reject(new Error('no')));
  closer.add('third', async () => void closed.push('third'));
  await t.rejects(closer.close(), /closing second failed/);
  t.strictSame(closed, ['third', 'first']);
});

t.test('a step that does not come to its end is named, and left behind', async (t) => {
  const closed: string[] = [];
  const closer = createCloser();
  closer.add('first', () => void closed.push('first'));
  closer.add('hangs', () => new Promise(() => {}), 20);
  const failed = await closer.close().catch((error: AggregateError) => error);
  t.match(failed, { errors: [{ message: 'closing hangs failed', cause: { message: /longer than 20 ms/ } }] });
  t.strictSame(closed, ['first']);
});
