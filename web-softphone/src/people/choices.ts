// What the fields of a person are chosen from: queues, sites and classes of personal information of the company.

import type { QueueView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';

type Label = { ja: string; en: string };

interface Policy {
  classes: { id: string; label: Label }[];
}

export interface Choices {
  queues: { id: string; label: Label }[];
  sites: string[];
  classes: { id: string; label: Label }[];
  queueLabel(name: string): string;
}

/** What may not be read by this person is not there to choose from. */
export async function readChoices(api: Api): Promise<Choices> {
  const none = { items: [] };
  const [queues, sites, policy] = await Promise.all([
    api.get<{ items: QueueView[] }>('/queues').catch(() => none),
    api.get<{ items: { name: string }[] }>('/sites').catch(() => none),
    api.get<Policy>('/policy').catch((): Policy => ({ classes: [] })),
  ]);
  const language = document.documentElement.lang === 'ja' ? 'ja' : 'en';
  const labels = new Map(queues.items.map(({ name, label }) => [name, label[language]]));
  return {
    queues: queues.items.map(({ name, label }) => ({ id: name, label })),
    sites: sites.items.map(({ name }) => name),
    classes: policy.classes.map(({ id, label }) => ({ id, label })),
    queueLabel: (name) => labels.get(name) ?? name,
  };
}
