import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import type { CallId, NodeId } from '../../shared/ids.ts';
import { createMemoryHub } from '../../store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../store/live/memory-live-state.ts';
import { createParkSlots } from './park-slots.ts';

const call = (name: string) => name as CallId;

t.test('slots are given from the lowest, each to one call, until none is left', async (t) => {
  const slots = createParkSlots({ count: 3 });
  const taken = await Promise.all(['a', 'b', 'c', 'd'].map((name) => slots.take(call(name))));
  t.same(taken, ['1', '2', '3', undefined]);
  slots.free('2');
  t.equal(await slots.take(call('e')), '2');
  t.equal(await createParkSlots({ count: 0 }).take(call('a')), undefined, 'nobody parks');
});

t.test(
  'two nodes that take one in the same moment have different ones; a node that is gone leaves its own',
  async (t) => {
    const clock = createFakeClock();
    const hub = createMemoryHub({ clock });
    const join = (name: string) => createMemoryLiveState({ hub, clock, nodeId: name as NodeId });
    const states = await Promise.all(['east', 'west'].map(join));
    const [east, west] = states.map((live) => createParkSlots({ count: 3, live }));
    const taken = await Promise.all([east!.take(call('a')), west!.take(call('b')), east!.take(call('c'))]);
    t.same([...taken].sort(), ['1', '2', '3']);
    t.equal(await west!.take(call('d')), undefined);
    await states[0]!.close();
    t.not(await west!.take(call('d')), undefined);
  },
);
