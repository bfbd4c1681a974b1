// Where somebody works today, as far as it is proven: the company names the networks of its sites, and a session is where its
// requests come from. What a person is registered for proves nothing.
//
// A person with several sessions is in the centre only if all of them are. Without a session the place is not known.

import { createAddressMatch } from '../shared/address-match.ts';
import type { Clock } from '../shared/clock.ts';
import type { Place } from '../shared/events.ts';
import type { Person, Sessions } from '../store/records.ts';

/** A place of the company, by its networks. */
export interface Site {
  name: string;
  /** Addresses and networks (CIDR), IPv4 and IPv6, from which its people's browsers reach this program. */
  networks: readonly string[];
}

export interface Places {
  /** By one address; in the demo, what `person` is registered for. */
  at(address: string, person?: Pick<Person, 'place'>): Place;
  /** By all sessions of a person. Rejects while the database is away and nothing is known. */
  of(person: Pick<Person, 'id' | 'place'>): Promise<Place>;
}

export function createPlaces(needs: {
  clock: Clock;
  sites: readonly Site[];
  sessions: Pick<Sessions, 'ofPerson'>;
  /** The demo is on one machine, where every address is the same: whoever is signed in is where the person is registered. */
  demo?: boolean;
}): Places {
  const { clock, sessions, demo = false } = needs;
  const networks = createAddressMatch(needs.sites.flatMap((site) => site.networks));
  const at: Places['at'] = (address, person) => {
    if (demo && person) return person.place;
    return networks.matches(address) ? 'centre' : 'home';
  };
  return {
    at,
    async of(person) {
      const open = (await sessions.ofPerson(person.id)).filter(({ expiresAt }) => expiresAt > clock.now());
      if (open.length === 0) return 'unknown';
      if (demo) return person.place;
      return open.every(({ address }) => at(address) === 'centre') ? 'centre' : 'home';
    },
  };
}
