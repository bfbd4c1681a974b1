import t from 'tap';
import { createEventIds, isEventId } from './event-id.ts';

t.test('ids grow within a millisecond, over a counter overflow, and when the clock steps back', async (t) => {
  const ids = createEventIds();
  const times = [...Array.from({ length: 10_000 }, () => 1_700_000_000_000), 1_600_000_000_000, 1_700_000_000_001];
  let last = '';
  for (const time of times) {
    const id = ids.next(time);
    if (!(id > last) || !isEventId(id)) t.fail(`${id} after ${last}`);
    last = id;
  }
  t.match(ids.next(1_800_000_000_000), /^v_01a3185c5000/, 'the first 48 bits are the time (RFC 9562 §5.7)');
});

t.test('what is no event id is not taken for one', async (t) => {
  for (const text of ['', 'v_', 'v_xyz', `c_${'0'.repeat(32)}`, `v_${'0'.repeat(33)}`, "v_' OR 1=1 --"])
    t.equal(isEventId(text), false, text);
});
