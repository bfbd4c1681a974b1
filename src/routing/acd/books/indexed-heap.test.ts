import { test } from 'tap';
import { seededRandom } from '../../../shared/random.ts';
import { createIndexedHeap } from './indexed-heap.ts';

test('the first item is the least, whatever is added and removed', async (t) => {
  const random = seededRandom(7);
  const heap = createIndexedHeap<number>((a, b) => a < b);
  const naive = new Set<number>();
  for (let step = 0; step < 5000; step++) {
    const item = random.integer(0, 200);
    if (random.next() < 0.5) {
      heap.add(item);
      naive.add(item);
    } else if (heap.remove(item) !== naive.delete(item)) t.fail(`step ${step}: remove`);
    const least = naive.size ? Math.min(...naive) : undefined;
    if (heap.first() !== least || heap.size !== naive.size || heap.has(item) !== naive.has(item)) {
      t.fail(`step ${step}: first`);
    }
  }
  t.equal(heap.size, naive.size);
});
