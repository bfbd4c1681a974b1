// The live-state contract on the hub in this process, with every delivery at once and with each node hearing late.

import t from 'tap';
import { systemClock } from '../../src/shared/clock.ts';
import { createMemoryHub } from '../../src/store/live/memory-hub.ts';
import { createMemoryLiveState } from '../../src/store/live/memory-live-state.ts';
import { liveStateContract } from './live-state-contract.ts';

for (const [name, delayMs] of [
  ['at once', undefined],
  ['late', () => 1 + Math.random() * 20],
] as const) {
  t.test(`with everything told ${name}`, async (t) => {
    liveStateContract(t, async () => {
      const hub = createMemoryHub({ clock: systemClock, lapseMs: 500, ...(delayMs ? { delayMs } : {}) });
      return {
        node: (facts = {}) => createMemoryLiveState({ hub, facts }),
        crash: async (node) => hub.crash(node.nodeId),
      };
    });
  });
}
