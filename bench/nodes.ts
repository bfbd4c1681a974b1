// What the second, third and fourth node cost: one queue that they contend for (queue-nodes.ts), on Redis, with a redis-server of
// this bench (or ENGAWA_BENCH_REDIS, a URL). Queues alone: no SIP, no media, no database.

import { hasRedis, startRedis } from '../test/support/live/redis.ts';
import { type Bench, notMeasured, Repeats } from './figures.ts';
import { measureQueue, mostNodes } from './queue-nodes.ts';

export const bench: Bench = {
  name: 'nodes',
  async run(context) {
    const given = process.env['ENGAWA_BENCH_REDIS'];
    if (given === undefined && !hasRedis)
      return [notMeasured('one queue', '/s', 'redis-server is not installed, and ENGAWA_BENCH_REDIS is not set')];
    const ends: (() => void | Promise<void>)[] = [];
    const repeats = new Repeats();
    try {
      const url = given ?? (await startRedis({ teardown: (end) => ends.push(end) })).url;
      for (let repeat = 0; repeat < context.repeats; repeat++)
        for (let count = 1; count <= mostNodes; count++) {
          context.say(`repeat ${repeat + 1}, ${count} node${count === 1 ? '' : 's'}`);
          await measureQueue(url, count, context, repeats);
        }
      return repeats.figures({ name: 'one queue', unit: '/s' });
    } finally {
      for (const end of ends.reverse()) await end();
    }
  },
};
