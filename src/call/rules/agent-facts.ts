// What routing is told of a person: what is registered, the place of today, and what else the sessions prove. Read anew at every
// change, one after the other for all, so that what is told last is what is true.

import { type AgentFacts, factsOfAgent } from '../../routing/agent.ts';
import type { ProvenFacts } from '../../routing/policy/policy.ts';
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
  /** In place of what is registered; without it, that counts. */
  provenOf?: ((person: Person) => Promise<ProvenFacts>) | undefined;
  log: Logger;
  /** What was told last: where nothing can be looked up, all of it but place and device. */
  known: (personId: PersonId) => AgentFacts | undefined;
}): AgentFactsReader {
  const { people, placeOf = async ({ place }: Person) => place, provenOf = async () => ({}), log, known } = needs;
  let last: Promise<void> = Promise.resolve();

  async function of(person: Person): Promise<AgentFacts> {
    const { id: personId, queues, clearance, facts } = person;
    const [place, proven] = await Promise.all([placeOf(person), provenOf(person)]);
    return { ...facts, ...proven, personId, queues, clearance, place };
  }

  async function renew(personId: PersonId, tell: (facts: AgentFacts) => Promise<unknown>): Promise<void> {
    try {
      const person = await people.byId(personId);
      if (person) await tell(await of(person));
    } catch (thrown) {
      log.warn({ err: asError(thrown), personId }, 'where this person is cannot be looked up: it counts as unknown');
      const before = known(personId);
      if (before) await tell({ ...factsOfAgent(before), place: 'unknown', device: 'unknown' });
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
