// The media servers as they are now, and taking one out of use for maintenance: an administrator's.

import { Type } from 'typebox';
import { list, MediaServerViewSchema } from '../../contract.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';

const ServerParams = Type.Object({ name: Type.String({ maxLength: 128 }) });

export function mediaRoutes(app: App, { mediaServers }: ApiNeeds): void {
  if (!mediaServers) return;

  app.get(
    '/api/v1/media-servers',
    {
      config: { needs: 'media-servers:read' },
      schema: {
        tags: ['media servers'],
        summary: 'Media servers, now',
        response: { 200: list(MediaServerViewSchema) },
      },
    },
    async () => ({ items: mediaServers.list().map((server) => ({ ...server })), nextCursor: null }),
  );

  const change = (command: 'drain' | 'resume', summary: string) =>
    app.post(
      `/api/v1/media-servers/:name/${command}`,
      {
        config: { needs: 'media-servers:change' },
        schema: {
          tags: ['media servers'],
          summary,
          params: ServerParams,
          response: { 200: MediaServerViewSchema },
        },
      },
      async ({ params: { name } }) => {
        const known = mediaServers[command](name);
        const server = mediaServers.list().find((one) => one.name === name);
        if (!known || !server) throw new HttpProblem(404, 'There is no such media server.');
        return { ...server };
      },
    );
  change('drain', 'Give it no new calls; state is `drained` when nothing is left on it');
  change('resume', 'Give it calls again');
}
