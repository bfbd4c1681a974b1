import { test } from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import type { NodeId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import { createMemoryHub } from '../../store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../store/live/memory-live-state.ts';
import { createSoleDuty } from './sole-duty.ts';

test('one node has a duty; another has it when that one is gone, nobody loses it with the live state', async (t) => {
  const clock = createFakeClock();
  const hub = createMemoryHub({ clock });
  const on = async (nodeId: string) => {
    const live = await createMemoryLiveState({ hub, clock, nodeId: nodeId as NodeId });
    return createSoleDuty({ live, clock, log: silentLogger, name: 'registering' });
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const first = await on('n1');
  await pass(500);
  const second = await on('n2');
  await pass(20_000);
  t.ok(first.mine && !second.mine, 'the first that asked');
  hub.stop();
  await pass(20_000);
  t.ok(first.mine && !second.mine, 'as it was');
  hub.start();
  await pass(5_000);
  t.not(first.mine, second.mine, 'one of them');
  await first.close();
  hub.crash('n1' as NodeId);
  await pass(12_000);
  t.ok(second.mine, 'the one that is left');
});
