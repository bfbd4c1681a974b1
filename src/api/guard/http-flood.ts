// Floods over HTTP, before a route costs anything: how many connections one address may have, and no answer at all to whoever asks on and on
// after being told to wait. Addresses of trusted proxies are not counted; their clients' are, by X-Forwarded-For.
// How much is too much for a caller who is answered, caller.ts says.

import type { Server } from 'node:net';
import { createTokenBuckets } from '../../sbc/guard/token-buckets.ts';
import { HttpProblem } from '../errors.ts';
import type { ApiLimits } from '../needs.ts';
import type { App } from '../server.ts';

/** So many times the limit of requests, and the connection is closed instead of answered. */
const patience = 3;

export function shedFloods(app: App, limits: ApiLimits, isProxy: (address: string) => boolean): void {
  limitConnections(app.server, limits, isProxy);
  const most = limits.requestsPerMinutePerAddress * patience;
  const buckets = createTokenBuckets({ perSecond: most / 60, burst: most });
  app.addHook('onRequest', async (request, reply) => {
    if (buckets.take(request.ip, Date.now())) return;
    const { socket } = request.raw;
    if (isProxy(socket.remoteAddress ?? ''))
      throw new HttpProblem(429, undefined, { headers: { 'retry-after': '60' } });
    reply.hijack();
    socket.destroy();
  });
}

function limitConnections(server: Server, limits: ApiLimits, isProxy: (address: string) => boolean): void {
  const perAddress = new Map<string, number>();
  server.maxConnections = limits.connections;
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    if (isProxy(address)) return;
    const open = perAddress.get(address) ?? 0;
    if (open >= limits.connectionsPerAddress) return void socket.destroy();
    perAddress.set(address, open + 1);
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
  });
}
