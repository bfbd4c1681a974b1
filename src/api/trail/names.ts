// The names of those who are in entries of the audit log, looked up when the entries are shown: the log itself holds ids.

import type { PersonId } from '../../shared/ids.ts';
import type { AuditRecord } from '../../store/audit/chain.ts';
import type { Store } from '../../store/store.ts';

export interface Names {
  person(id: string): string | undefined;
  by(record: AuditRecord): { kind: 'person' | 'key' | 'command' | 'engawa' | 'unknown'; id?: string; name?: string };
}

export async function createNames(
  store: Pick<Store, 'people' | 'apiKeys'>,
  records: readonly AuditRecord[],
): Promise<Names> {
  const ids = new Set(
    records.flatMap(({ personId, target, about = [] }) => [
      ...(personId === undefined ? [] : [personId]),
      ...(target?.kind === 'person' ? [target.id] : []),
      ...about,
    ]),
  );
  const people = new Map<string, string>();
  for (const id of ids) {
    const person = await store.people.byId(id as PersonId);
    if (person) people.set(id, person.displayName);
  }
  const hasKeys = records.some(({ keyId }) => keyId !== undefined);
  const keys = new Map<string, string>((hasKeys ? await store.apiKeys.list() : []).map(({ id, name }) => [id, name]));
  const named = (id: string, name: string | undefined) => ({ id, ...(name === undefined ? {} : { name }) });

  return {
    person: (id) => people.get(id),
    by({ personId, keyId, command, details }) {
      if (personId !== undefined) return { kind: 'person', ...named(personId, people.get(personId)) };
      if (keyId !== undefined) return { kind: 'key', ...named(keyId, keys.get(keyId)) };
      if (command !== undefined) return { kind: 'command', name: command };
      return { kind: details?.address === undefined ? 'engawa' : 'unknown' };
    },
  };
}
