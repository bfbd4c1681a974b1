import t from 'tap';
import type { CallRecord, CallSegment } from '../../store/records.ts';
import { readEarlierCalls } from './earlier-calls.ts';

const segment = { personId: 'p_1', answeredAt: 60_000, endedAt: 90_000 } as CallSegment;
const record = (more: Partial<CallRecord>): CallRecord =>
  ({
    direction: 'inbound',
    startedAt: 0,
    endedAt: 100_000,
    queue: 'general',
    waitMs: 50_000,
    segments: [],
    cause: 'normal',
    side: 'customer',
    ...more,
  }) as CallRecord;

t.test('nobody is known who has not called', async (t) => {
  t.strictSame(readEarlierCalls([]), { known: false, lastAgent: null, cutOff: null });
});

t.test('the agent of the last conversation is known, also when a call since then reached nobody', async (t) => {
  const calls = [
    record({ queue: null }),
    record({ segments: [segment] }),
    record({ segments: [{ ...segment, personId: 'p_0' as never }] }),
  ];
  t.strictSame(readEarlierCalls(calls), { known: true, lastAgent: { personId: 'p_1', at: 90_000 }, cutOff: null });
});

t.test('who left the line while waiting may have been cut off, and keeps the time of the first waiting', async (t) => {
  t.strictSame(readEarlierCalls([record({})]).cutOff, {
    queue: 'general',
    since: 50_000,
    endedAt: 100_000,
    personId: null,
  });
  t.equal(readEarlierCalls([record({ side: 'us' })]).cutOff, null, 'the flow had said goodbye');
  t.match(readEarlierCalls([record({ side: 'us', cause: 'media-lost' })]).cutOff, { queue: 'general' });
});

t.test('a conversation was cut off when the line failed, not when somebody hung up', async (t) => {
  for (const cause of ['media-timeout', 'media-lost', 'session-expired', 'fault'] as const)
    t.match(readEarlierCalls([record({ segments: [segment], cause, side: 'carrier' })]).cutOff, {
      since: 10_000,
      personId: 'p_1',
    });
  for (const side of ['customer', 'agent'] as const)
    t.equal(readEarlierCalls([record({ segments: [segment], side })]).cutOff, null);
});

t.test('only the newest call counts, and only one that came in and is over', async (t) => {
  t.equal(readEarlierCalls([record({ queue: null }), record({})]).cutOff, null);
  t.equal(readEarlierCalls([record({ direction: 'outbound' })]).cutOff, null);
  t.equal(readEarlierCalls([record({ endedAt: null })]).cutOff, null);
});
