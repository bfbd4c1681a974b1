// One node of the live state on Redis, in a process of its own.

import { silentLogger } from '../../src/shared/logger.ts';
import { createRedisLiveState } from '../../src/store/redis/redis-live-state.ts';
import { createLiveStateLoad, type LiveStateLoad, type LoadSettings } from '../live-state-load.ts';
import { answerParent } from '../processes.ts';

export type NodeRequest =
  | { do: 'open'; url: string; keyPrefix: string }
  | ({ do: 'flood'; what: 'append' | 'put' } & LoadSettings)
  | { do: 'pace'; count: number; everyMs: number }
  | { do: 'latencies'; own: boolean }
  | { do: 'told' }
  | { do: 'close' };

let load: LiveStateLoad;

answerParent(async (request: NodeRequest) => {
  switch (request.do) {
    case 'open':
      load = createLiveStateLoad(
        await createRedisLiveState({ url: request.url, keyPrefix: request.keyPrefix, log: silentLogger }),
      );
      return undefined;
    case 'flood':
      return load.flood(request.what, request);
    case 'pace':
      return load.pace(request.count, request.everyMs);
    case 'latencies':
      return load.latencies(request.own);
    case 'told':
      return load.told();
    default:
      return load.close();
  }
});
