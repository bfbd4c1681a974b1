// Sources of SIP that are shut out at the moment: seen, and let in again.

import { Type } from 'typebox';
import type { ApiKeyId, PersonId } from '../../../shared/ids.ts';
import type { EventLog } from '../../../store/event-log.ts';
import { list } from '../../contract.ts';
import { BlockView } from '../../contracts/block.ts';
import { HttpProblem } from '../../errors.ts';
import type { ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { actorOf } from '../../trail/audited.ts';
import { purposeOf } from '../../trail/trail.ts';

/** The border's guard, as far as these routes use it. */
export interface BlocksNeeds {
  list(): BlockView[];
  lift(source: string): boolean;
}

export function blockRoutes(app: App, { blocks, store, audit }: ApiNeeds): void {
  if (!blocks) return;

  app.get(
    '/api/v1/blocks',
    {
      config: { needs: 'blocks:read' },
      schema: { tags: ['border'], summary: 'Who is shut out of SIP, and why', response: { 200: list(BlockView) } },
    },
    async () => ({ items: blocks.list(), nextCursor: null }),
  );

  app.delete(
    '/api/v1/blocks/:source',
    {
      config: { needs: 'blocks:change' },
      schema: {
        tags: ['border'],
        summary: 'Let a source in again, on every node',
        description: 'Why may be said in X-Purpose (UTF-8, percent-encoded); the audit log keeps it.',
        params: Type.Object({ source: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { source } = request.params;
      if (!blocks.list().some((block) => block.source === source)) throw new HttpProblem(404, 'It is not blocked.');
      const by = actorOf(request);
      const purpose = purposeOf(request);
      await audit?.write({
        ...{ act: 'source-let-in', by, target: { kind: 'settings', id: source }, outcome: 'done' },
        ...(purpose === undefined ? {} : { purpose }),
      });
      await tellAll(store.events, source, by);
      blocks.lift(source);
      return reply.code(204).send(null);
    },
  );
}

/** The other nodes, and this one, lift it when they hear of it. */
function tellAll(events: Pick<EventLog, 'append'>, source: string, by: { personId?: PersonId; keyId?: ApiKeyId }) {
  const { personId = null, keyId = null } = by;
  return events.append({ type: 'source-let-in', source, personId, keyId });
}
