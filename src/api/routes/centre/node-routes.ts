// The nodes of this installation as they are now, and taking one out of use for maintenance. There are routes only where
// there are several nodes.

import { Type } from 'typebox';
import type { NodeId } from '../../../shared/ids.ts';
import { list, NodeViewSchema } from '../../contract.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';

export function nodeRoutes(app: App, { nodes }: ApiNeeds): void {
  if (!nodes) return;

  app.get(
    '/api/v1/nodes',
    {
      config: { needs: 'nodes:read' },
      schema: { tags: ['nodes'], summary: 'Nodes, now', response: { 200: list(NodeViewSchema) } },
    },
    async () => ({ items: nodes.list(), nextCursor: null }),
  );

  app.post(
    '/api/v1/nodes/:nodeId/drain',
    {
      config: { needs: 'nodes:change' },
      schema: {
        tags: ['nodes'],
        summary: 'Give it no new calls and no pages; it may be stopped when its calls and desks are 0',
        params: Type.Object({ nodeId: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      if (!(await nodes.drain(request.params.nodeId as NodeId))) throw new HttpProblem(404, 'There is no such node.');
      return reply.code(204).send(null);
    },
  );
}
