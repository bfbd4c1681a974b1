import t from 'tap';
import { nearest } from './nearest.ts';

t.test('the nearest word is only offered when it is near', async (t) => {
  t.equal(nearest('quque', ['queue', 'say']), 'queue');
  t.equal(nearest('banana', ['queue', 'say']), undefined);
});
