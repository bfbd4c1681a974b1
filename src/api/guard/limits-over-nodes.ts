// Limits of requests counted over all nodes (LiveState.takeToken) instead of on each: a store for @fastify/rate-limit.
// Which use of a key this is, is not known here, only whether it is one too many; so nothing is said of how many remain.

import type { LiveState } from '../../store/live-state.ts';

export type OverNodes = Pick<LiveState, 'takeToken'>;

type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** A class, because the plug-in makes one by itself, and a child of it for every route with a limit of its own. */
export function limitsOverNodes(overNodes: OverNodes) {
  return class LimitStore {
    private readonly route: string;

    constructor(params: object) {
      this.route = nameOfRoute(params);
    }

    incr(key: string, counted: Counted, windowMs: number, limit: number): void {
      overNodes.takeToken(`request ${this.route} ${key}`, limit, windowMs).then(
        ({ allowed, retryAfterMs }) => counted(null, { current: allowed ? 1 : limit + 1, ttl: retryAfterMs }),
        (error: Error) => counted(error),
      );
    }

    child(params: object): LimitStore {
      return new LimitStore(params);
    }
  };
}

/** The plug-in gives the route as `routeInfo`, which its types do not say; empty for what is no single route's. */
function nameOfRoute(params: object): string {
  const { method, url } = ('routeInfo' in params ? params.routeInfo : {}) as { method?: unknown; url?: unknown };
  return url === undefined ? 'any' : `${String(method)} ${String(url)}`;
}
