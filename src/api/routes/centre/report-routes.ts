// What queues did in some time, counted from the event log.

import type { QueueSettings } from '../../../routing/acd/acd.ts';
import type { QueueOutcome } from '../../../routing/kpi.ts';
import { reportOnQueue } from '../../../routing/queue-report.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { EventId } from '../../../shared/ids.ts';
import type { Store } from '../../../store/store.ts';
import { QueueReports, ReportQuery } from '../../contracts/report.ts';
import { HttpProblem } from '../../errors.ts';
import type { App } from '../../server.ts';

interface Needs {
  clock: Clock;
  store: Pick<Store, 'events'>;
  company: { queues: readonly QueueSettings[] };
}

const dayMs = 86_400_000;
const longestMs = 31 * dayMs;
const readAtOnce = 1000;

export function reportRoutes(app: App, { clock, store, company }: Needs): void {
  app.get(
    '/api/v1/reports/queues',
    {
      config: { needs: 'reports:read' },
      schema: {
        tags: ['reports'],
        summary: 'What each queue did',
        description:
          'Of all who left the queue in this time: waits, who gave up, and the service level by each formula.',
        querystring: ReportQuery,
        response: { 200: QueueReports },
      },
    },
    async (request) => {
      const { to = clock.now(), from = to - dayMs } = request.query;
      if (from >= to || to - from > longestMs)
        throw new HttpProblem(400, '“to” must be after “from”, and at most 31 days after it.');
      const reach = request.server.scoped.of(request);
      const left = await whoLeft(store, from, to);
      const queues = company.queues.filter(({ name }) => reach?.queue(name) ?? true);
      const items = queues.map(({ name, label, serviceLevelSeconds, shortAbandonSeconds }) => {
        const limits = { serviceLevelSeconds, shortAbandonSeconds };
        return { queue: name, label, ...limits, ...reportOnQueue(left.get(name) ?? [], limits) };
      });
      return { from, to, items };
    },
  );
}

async function whoLeft({ events }: Needs['store'], fromMs: number, toMs: number): Promise<Map<string, QueueOutcome[]>> {
  const left = new Map<string, QueueOutcome[]>();
  for (let after: EventId | undefined; ; ) {
    const found = await events.read({
      ...{ types: ['queue-left'], fromMs, toMs, limit: readAtOnce },
      ...(after ? { after } : {}),
    });
    for (const event of found) {
      if (event.type !== 'queue-left') continue;
      const { queue, outcome, waitMs } = event;
      const known = left.get(queue);
      if (known) known.push({ outcome, waitMs });
      else left.set(queue, [{ outcome, waitMs }]);
    }
    if (found.length < readAtOnce) return left;
    after = found.at(-1)!.id;
  }
}
