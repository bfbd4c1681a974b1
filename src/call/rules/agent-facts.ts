// What routing is told of a person: what is registered, and the place of today as it is proven. Read anew at every change, one
// after the other for all, so that what is told last is what is true.

import { type AgentFacts, factsOfAgent } from '../../routing/agent.ts';
import { asError } from '../../shared/errors.ts';
import type { Place } from '../../shared/events.ts';
import type { PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { People, Person } from '../../store/records.ts';

export interface AgentFactsReader {
  of(person: Person): Promise<AgentFacts>;
  /** Hands on what is true once everything that was asked for before is handed on. Rejects never. */
  renew(personId: PersonId, tell: (facts: AgentFacts) => Promise<unknown>): Promise<void>;
}

export function createAgentFacts(needs: {
  people: Pick<People, 'byId'>;
  /** Without it people are where they are registered. */
  placeOf?: ((person: Person) => Promise<Place>) | undefined;
  log: Logger;
  /** What was told last: where nothing can be looked up, all of it but the place. */
  known: (personId: PersonId) => AgentFacts | undefined;
}): AgentFactsReader {
  const { people, placeOf = async ({ place }: Person) => place, log, known } = needs;
  let last: Promise<void> = Promise.resolve();

  async function of(person: Person): Promise<AgentFacts> {
    const { id: personId, queues, clearance, facts } = person;
    return { ...facts, personId, queues, clearance, place: await placeOf(person) };
  }

  async function renew(personId: PersonId, tell: (facts: AgentFacts) => Promise<unknown>): Promise<void> {
    try {
      const person = await people.byId(personId);
      if (person) await tell(await of(person));
    } catch (thrown) {
      log.warn({ err: asError(thrown), personId }, 'where this person is cannot be looked up: it counts as unknown');
      const before = known(personId);
      if (before) await tell({ ...factsOfAgent(before), place: 'unknown' });
    }
  }

  return {
    of,
    renew(personId, tell) {
      last = last.then(() => renew(personId, tell));
      return last;
    },
  };
}
