import t from 'tap';
import type { EndCause, Side } from '../../shared/events.ts';
import { agentDidNotAnswer, customerLegEnded } from './termination.ts';

t.test('the side is who ended the call, whichever way the call went', async (t) => {
  const table: [EndCause, 'far-end' | 'us' | 'timeout', 'inbound' | 'outbound', Side][] = [
    ['normal', 'far-end', 'inbound', 'customer'],
    ['cancelled', 'far-end', 'inbound', 'customer'],
    ['session-expired', 'timeout', 'inbound', 'unknown'],
    ['incompatible-media', 'far-end', 'inbound', 'carrier'],
    ['normal', 'far-end', 'outbound', 'customer'],
    ['busy', 'far-end', 'outbound', 'customer'],
    ['rejected', 'far-end', 'outbound', 'customer'],
    ['no-answer', 'far-end', 'outbound', 'customer'],
    ['no-answer', 'timeout', 'outbound', 'customer'],
    ['unreachable', 'timeout', 'outbound', 'carrier'],
    ['not-found', 'far-end', 'outbound', 'carrier'],
    ['overload', 'far-end', 'outbound', 'carrier'],
    ['unreachable', 'us', 'outbound', 'us'],
  ];
  for (const [cause, by, direction, side] of table)
    t.strictSame(
      customerLegEnded({ cause, by, sipStatus: null }, direction),
      { cause, side },
      `${direction}: ${cause} by ${by}`,
    );
});

t.test('why an agent did not answer, in the words of the ACD', async (t) => {
  const of = (cause: EndCause, by: 'far-end' | 'timeout' = 'far-end') =>
    agentDidNotAnswer({ cause, by, sipStatus: null });
  t.equal(of('unreachable', 'timeout'), 'timeout');
  t.equal(of('no-answer'), 'timeout');
  t.equal(of('rejected'), 'rejected');
  t.equal(of('busy'), 'rejected');
  t.equal(of('unreachable'), 'unreachable');
});
