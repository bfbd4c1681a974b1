// The files of the web page. What carries a hash in its name is kept by browsers for good, the rest is asked for each time;
// an address of the page itself (no such file, a browser that wants HTML) gets index.html.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { Logger } from '../shared/logger.ts';
import { kindOfStatus, sendProblem } from './errors.ts';
import type { App } from './server.ts';

const hashed = /[/\\]assets[/\\].+[-.][\w-]{8,}\.\w+(\.br|\.gz)?$/;

/** False when there is no page to serve: the API works all the same. */
export async function servePages(
  app: App,
  webRoot: string,
  otherMethods: (method: string, path: string) => string[],
  log: Logger,
): Promise<boolean> {
  if (!existsSync(join(webRoot, 'index.html'))) {
    log.error({ webRoot }, 'the web page is not built: run npm run build');
    return false;
  }
  await app.register(fastifyStatic, {
    root: webRoot,
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (response, path) => {
      response.setHeader('cache-control', hashed.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const isPage = ['GET', 'HEAD'].includes(request.method) && !/^\/(api\/|sip$|assets\/)/.test(path);
    if (isPage && request.headers.accept?.includes('text/html')) return reply.sendFile('index.html');
    const allowed = otherMethods(request.method, path);
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '));
    return sendProblem(reply, { kind: kindOfStatus(allowed.length > 0 ? 405 : 404) });
  });
  return true;
}
