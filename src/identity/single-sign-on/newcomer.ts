// Somebody whom the provider knows and nobody here does: added with what the claims say, by the company's mapping; what they do not say,
// or say in words that are not listed, is the strictest.

import type { JWTPayload } from 'jose';
import type { Logger } from '../../shared/logger.ts';
import { type Person, type Role, roles } from '../../store/records.ts';
import type { Identity } from '../identity.ts';

export type NewcomerOf = (login: string, claims: JWTPayload) => Promise<Person | undefined>;

interface Mapping {
  claim: string;
  values: Readonly<Record<string, string>>;
}

export interface CreationSettings {
  role?: Mapping;
  place?: Mapping;
  clearance?: Mapping;
  queues?: Mapping;
}

export function createNewcomers(needs: {
  settings: CreationSettings;
  identity: Pick<Identity, 'createPerson'>;
  log: Logger;
  /** From the least to the most. */
  classes: () => readonly string[];
  queues: readonly string[];
  onAdded: (person: Person) => Promise<void>;
}): NewcomerOf {
  const { settings, identity, log, classes, queues, onAdded } = needs;
  return async (login, claims) => {
    if (!/^[a-z0-9][a-z0-9._-]{1,63}$/.test(login)) {
      log.warn({ subject: claims.sub }, 'somebody who signed on cannot be added: the claim is no login');
      return undefined;
    }
    const name = claims['name'];
    const known = classes();
    const [least = 'none'] = known;
    const person = await identity.createPerson({
      login,
      displayName: typeof name === 'string' && name !== '' ? name.slice(0, 128) : login,
      role: first(mapped(settings.role, claims), roles) ?? ('agent' as Role),
      place: first(mapped(settings.place, claims), ['centre', 'home'] as const) ?? 'home',
      clearance: first(mapped(settings.clearance, claims), known) ?? least,
      queues: mapped(settings.queues, claims).filter((queue) => queues.includes(queue)),
      language: String(claims['locale'] ?? 'ja').startsWith('en') ? 'en' : 'ja',
    });
    await onAdded(person);
    return person;
  };
}

/** What the values of the claim mean here, in the order of the configuration. */
function mapped(mapping: Mapping | undefined, claims: JWTPayload): string[] {
  if (!mapping) return [];
  const said = [claims[mapping.claim]].flat().map(String);
  return Object.entries(mapping.values).flatMap(([value, means]) => (said.includes(value) ? [means] : []));
}

function first<T extends string>(meant: readonly string[], known: readonly T[]): T | undefined {
  return meant.find((one): one is T => (known as readonly string[]).includes(one));
}
